"""A small network with everything in it that the examples ask about, in which a command is run.

    unshare -n python3 spec/live/situation.py sh -c COMMAND

Run in a network namespace of its own, as root: it drops packets there.
"""
import os
import socket
import subprocess
import sys
import threading
import time

kept = []  # sockets that stay open while the command runs


def listener(address, port, backlog=16):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(backlog)
    kept.append(s)
    return s


def connection(server, source="127.0.0.1", algorithm=None):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if algorithm:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, algorithm)
    client.bind((source, 0))
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    kept.extend([client, accepted])
    return client, accepted


def talk(client, accepted, size):
    """`size` bytes to the server and an answer of a tenth of it."""
    reader = threading.Thread(target=lambda: accepted.recv(size, socket.MSG_WAITALL))
    reader.start()
    client.sendall(b"x" * size)
    reader.join()
    accepted.sendall(b"y" * (size // 10))
    client.recv(size // 10, socket.MSG_WAITALL)


RETRANSMITS, PROBES = 2, 3  # offsets in struct tcp_info: how often the timer expired, how many window probes were sent


def tcp_info(s, offset):
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[offset]


def main():
    subprocess.check_call(["ip", "link", "set", "lo", "up"])
    subprocess.check_call(["ip", "addr", "add", "10.1.1.1/24", "dev", "lo"])
    subprocess.check_call(["ip", "addr", "add", "10.2.2.2/24", "dev", "lo"])

    # two algorithms, two networks
    web = listener("0.0.0.0", 8080)
    for algorithm, source, size in ((b"cubic", "10.1.1.1", 200000), (b"reno", "10.2.2.2", 50000)):
        for _ in range(3):
            talk(*connection(web, source, algorithm), size)

    # a program that does not close: the peers have, it has not
    careless = listener("127.0.0.1", 8081)
    for _ in range(4):
        client, accepted = connection(careless)
        client.sendall(b"unread")
        client.close()

    # a queue that nobody empties: 3 of 4
    full = listener("127.0.0.1", 8082, 4)
    for _ in range(3):
        client = socket.create_connection(full.getsockname())
        kept.append(client)

    # TIME_WAIT of a service of ours (the server closes first) and of a client (we close first)
    closing = listener("127.0.0.1", 8083)
    for _ in range(3):
        client, accepted = connection(closing)
        accepted.close()
        client.recv(1)
        client.close()

    # a receiver that does not read: the window closes
    deaf = listener("127.0.0.1", 8084)
    client, accepted = connection(deaf)
    client.setblocking(False)
    try:
        while True:
            client.send(b"z" * 65536)
    except BlockingIOError:
        pass
    while tcp_info(client, PROBES) < 1:
        time.sleep(0.01)

    # segments that never arrive
    lossy = listener("127.0.0.1", 8085)
    client, accepted = connection(lossy)
    for rule in ("add table ip loss", "add chain ip loss input { type filter hook input priority 0; }", "add rule ip loss input tcp dport 8085 drop"):
        subprocess.check_call(["nft", rule])
    client.sendall(b"lost" * 100)
    while tcp_info(client, RETRANSMITS) < 2:
        time.sleep(0.01)

    # connections that come and go while the command runs
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            c, a = connection(closing)
            time.sleep(0.15)
            c.close()
            a.close()
            time.sleep(0.05)

    visitor = threading.Thread(target=come_and_go, daemon=True)
    visitor.start()
    code = subprocess.call(sys.argv[1:])
    stop.set()
    visitor.join()
    sys.exit(code)


main()
