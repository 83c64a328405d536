import os
import socket

from flask import Flask
from redis import Redis

app = Flask(__name__)
redis = Redis(host=os.environ.get("REDIS_HOST", "localhost"))


@app.route("/")
def hello():
    seen = redis.incr("seen")
    return (
        f"Hello Container World! I have been seen {seen} times "
        f"and my hostname is {socket.gethostname()}.\n"
    )
