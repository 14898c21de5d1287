"""A client of the session API, as small as measuring needs: it counts frames without parsing them."""

import base64
import json
import os
import socket
import struct
import threading
import time

import processes

TOKEN = "fl_bench"
LOG = b'{"type":"event","name":"log"'


class Client:
    def __init__(self, address, seconds=30):
        self.socket = socket.create_connection(address, timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET /ws HTTP/1.1\r\nHost: {address[0]}\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n"
        ).encode())
        #: What has come, and how much of it is dealt with.
        self.buffer, self.at = bytearray(), 0
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, _ = self.buffer.partition(b"\r\n\r\n")
        self.at = len(head) + 4
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode())
        self.ids = 0

    def close(self):
        self.socket.close()

    def _more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed")
        if self.at > 1 << 20:
            del self.buffer[:self.at]
            self.at = 0
        self.buffer += data

    def rest(self):
        """What has come and is not dealt with."""
        return bytes(self.buffer[self.at:])

    def _need(self, count):
        while len(self.buffer) - self.at < count:
            self._more()

    def message(self):
        """The next whole message that is no ping."""
        parts = []
        while True:
            self._need(2)
            first, length = self.buffer[self.at], self.buffer[self.at + 1] & 127
            head = 2
            if length >= 126:
                head = 4 if length == 126 else 10
                self._need(head)
                length = int.from_bytes(self.buffer[self.at + 2:self.at + head], "big")
            self._need(head + length)
            data = bytes(self.buffer[self.at + head:self.at + head + length])
            self.at += head + length
            if first & 15 == 9:
                self._send(10, data)
                continue
            parts.append(data)
            if first & 128:
                return b"".join(parts) if len(parts) > 1 else data

    def _send(self, opcode, data):
        mask = b"\1\2\3\4"
        masked = bytes(byte ^ mask[n & 3] for n, byte in enumerate(data))
        size = len(data)
        head = bytes([128 | opcode, 128 | size]) if size < 126 else \
            bytes([128 | opcode, 254]) + struct.pack(">H", size)
        self.socket.sendall(head + mask + masked)

    def ask(self, name, payload=None):
        """One command and its result; the seconds it took, and the length of the result."""
        self.ids += 1
        text = json.dumps({"type": "command", "id": str(self.ids), "name": name, "payload": payload})
        begun = time.perf_counter()
        self._send(1, text.encode())
        wanted = b'"id":"%d"' % self.ids
        while True:
            message = self.message()
            if message.startswith(b'{"type":"result"') and wanted in message[:60]:
                return time.perf_counter() - begun, message


def follow(address, seconds, wanted, out):
    """A process that follows: counts `log` events until all wanted have come. Tells how many came
    and how late they were, by the time that is in the last line of what each read brought."""
    client = Client(address)
    connection, data = client.socket, client.rest()
    count, rest, delays = 0, b"", []
    connection.settimeout(1)
    deadline = time.monotonic() + seconds
    while count < wanted and time.monotonic() < deadline:
        if data:
            # A name that is cut between two reads is found with the rest of the read before.
            text = rest + data
            count += text.count(LOG)
            rest = text[-(len(LOG) - 1):]
            at = text.rfind(b"at=")
            end = text.find(b'"', at)
            if at >= 0 and end > at:
                delays.append((time.monotonic_ns() - int(text[at + 3:end])) / 1e6)
        try:
            data = connection.recv(1 << 20)
        except TimeoutError:
            data = b""
            continue
        if not data:
            break
    out.send((count, delays))
