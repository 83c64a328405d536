"""ask.py NAME TYPE [tcp]: one question to 127.0.0.11, and what the answer says.

Prints the response code, each record's data without the project's subnet, whether recursion is offered, and
whether the answer repeats the letters of the question. A number as NAME of type PTR is a host of the subnet.
"""

import os
import socket
import struct
import sys

TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def encode(name):
    labels = [label.encode() for label in name.rstrip(".").split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode(packet, at):
    labels = []
    while packet[at]:
        if packet[at] & 0xC0:
            rest, _ = decode(packet, struct.unpack_from("!H", packet, at)[0] & 0x3FFF)
            return ".".join(labels + [rest]), at + 2
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def exchange(query, tcp):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as server:
        server.settimeout(15)
        server.connect(("127.0.0.11", 53))
        server.send(struct.pack("!H", len(query)) + query if tcp else query)
        return server.recv(4096)[2 if tcp else 0 :]


def records(packet, subnet):
    questions, answers = struct.unpack_from("!HH", packet, 4)
    at = 12
    for _ in range(questions):
        at = decode(packet, at)[1] + 4
    for _ in range(answers):
        name, at = decode(packet, at)
        kind, _, _, length = struct.unpack_from("!HHIH", packet, at)
        data = packet[at + 10 : at + 10 + length]
        text = socket.inet_ntoa(data).replace(subnet, "") if kind == 1 else decode(packet, at + 10)[0]
        yield name, text
        at += 10 + length


def main(name, kind, tcp):
    subnet = os.environ["SUBNET"]
    if kind == "PTR":
        name = ".".join([name] + subnet.split(".")[::-1]) + ".in-addr.arpa"
    query = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + encode(name) + struct.pack("!HH", TYPES[kind], 1)
    packet = exchange(query, tcp)
    found = sorted(records(packet, subnet))
    flags = struct.unpack_from("!H", packet, 2)[0]
    same = all(owner == name.rstrip(".") for owner, _ in found)
    words = [CODES.get(flags & 15, "?")] + [data for _, data in found]
    words += ["recursion" if flags & 0x80 else "no recursion"] + ([] if same else ["other letters"])
    print(" ".join(words))


main(sys.argv[1], sys.argv[2], "tcp" in sys.argv[3:])
