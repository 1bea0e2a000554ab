"""Makes connections on loopback that live for less than a pass: short_lived.py COUNT [reset]

Listens on port 22000, waits for the file "go" in the working folder, then makes COUNT connections one after the other. Each side sends 400 bytes and
reads 400; with "reset" the client resets the connection instead of closing it. Prints "done" at the end and stays until it is killed.
"""
import os
import socket
import struct
import sys
import threading
import time

count, resets = int(sys.argv[1]), "reset" in sys.argv[2:]
listener = socket.create_server(("127.0.0.1", 22000), backlog=128)


def read_exactly(s, length):
    while length:
        length -= len(s.recv(length))


def serve():
    while True:
        s, _ = listener.accept()
        read_exactly(s, 400)
        s.sendall(b"y" * 400)
        try:
            s.recv(1)
        except ConnectionResetError:
            pass
        s.close()


threading.Thread(target=serve, daemon=True).start()
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
for _ in range(count):
    c = socket.create_connection(("127.0.0.1", 22000))
    c.sendall(b"x" * 400)
    read_exactly(c, 400)
    if resets:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
print("done", flush=True)
time.sleep(600)
