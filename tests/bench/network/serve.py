"""Answers each connection with one byte, or after a `b` with 256 MiB."""

import socket

BLOCK = bytes(1 << 20)
server = socket.create_server(("", 9000), backlog=512)
while True:
    connection, _ = server.accept()
    with connection:
        if connection.recv(1) == b"b":
            for _ in range(256):
                connection.sendall(BLOCK)
        else:
            connection.sendall(b"y")
