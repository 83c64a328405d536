"""Asks 127.0.0.11 for `server`: prints the median time of one question and the time of 10000, 16 under way."""

import select
import socket
import struct
import time

QUESTION = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x06server\0" + struct.pack("!HH", 1, 1)
COUNT, UNDER_WAY = 10000, 16


def ask():
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect(("127.0.0.11", 53))
    asking.settimeout(5)
    return asking


def one_after_the_other():
    times = []
    with ask() as asking:
        for _ in range(COUNT // 5):
            start = time.perf_counter()
            asking.send(QUESTION)
            answer = asking.recv(512)
            times.append(time.perf_counter() - start)
            assert answer[3] & 15 == 0 and answer[7] == 1, answer
    return sorted(times)[len(times) // 2]


def many_at_once():
    sockets = [ask() for _ in range(UNDER_WAY)]
    poll = select.epoll()
    for asking in sockets:
        poll.register(asking, select.EPOLLIN)
    by_number = {asking.fileno(): asking for asking in sockets}
    start = time.perf_counter()
    asked, answered = 0, 0
    for asking in sockets:
        asking.send(QUESTION)
        asked += 1
    while answered < COUNT:
        events = poll.poll(5)
        assert events, "an answer is missing"
        for number, _ in events:
            by_number[number].recv(512)
            answered += 1
            if asked < COUNT:
                by_number[number].send(QUESTION)
                asked += 1
    return time.perf_counter() - start


print(one_after_the_other() * 1000, many_at_once() * 1000)
