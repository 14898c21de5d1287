# Becomes ready after a while and says exactly when, and when the first probe has found it so.
# usage: listen.py BEACON NAME tcp|http|log PORT MILLISECONDS
import os
import socket
import sys
import time

beacon, name, kind, port, wait = sys.argv[1:]


def tell(words):
    pipe = os.open(beacon, os.O_WRONLY)
    os.write(pipe, words.encode())
    os.close(pipe)


begun = time.monotonic_ns()
tell(f"start {name} {os.getpid()} {begun}\n")
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(port)))
time.sleep(float(wait) / 1000)
if kind == "log":
    os.write(1, b"ready to serve\n")
else:
    server.listen(16)
tell(f"listen {name} {time.monotonic_ns()}\n")
if kind == "log":
    time.sleep(1000)
first = True
while True:
    peer, _ = server.accept()
    if first:
        tell(f"found {name} {time.monotonic_ns()}\n")
        first = False
    if kind == "http":
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    peer.close()
