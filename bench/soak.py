#!/usr/bin/env python3
"""A stack of 30 services for as long as asked, with 20,000 lines a second, random restarts, and clients that
come and go. Samples memory, descriptors, threads and zombies of server and guardian, prints them as a table,
and fails when something grows, when something is left at the end, or when a log file is not whole.

    bench/soak.py [--minutes 10] [--lines 20000] [--flowlayer target/release/flowlayer] [--seed 1]

Needs Python 3.9 and Linux, and nothing else.
"""

import argparse
import base64
import json
import os
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid

TOKEN = "soak-token"
CHATTY = """
import sys, time
rate, name = int(sys.argv[1]), sys.argv[2]
n, due = 0, time.monotonic()
while True:
    sys.stdout.write("".join(f"{name} line {n + i} of many that look like a request: GET /v1/things/{i} 200\\n" for i in range(rate // 10)))
    sys.stdout.flush()
    n += rate // 10
    due += 0.1
    time.sleep(max(0, due - time.monotonic()))
"""


def stack(lines):
    """30 services: 20 that print, 10 that are hard to stop or come and go."""
    services = {}
    for n in range(20):
        services[f"chatty{n:02}"] = {"cmd": [sys.executable, "-c", CHATTY, str(lines // 20), f"c{n:02}"]}
        if n >= 10:
            services[f"chatty{n:02}"]["dependsOn"] = [f"chatty{n - 10:02}"]
    shell = lambda script, **rest: {"cmd": ["sh", "-c", script], "stopGraceMs": 300, **rest}
    services["base"] = shell("echo up; exec sleep 1000000", ready={"type": "log", "pattern": "up"})
    services["wild"] = shell("setsid sleep 1000000 & (setsid sleep 1000000 &); exec sleep 1000000")
    services["stubborn"] = shell("trap '' TERM; while :; do sleep 1; done", dependsOn=["base"])
    services["polite"] = shell("exec sleep 1000000", stopCmd=["sh", "-c", "echo stopping"], dependsOn=["base"])
    services["probed"] = shell("exec sleep 1000000", ready={"type": "exec", "cmd": ["true"]}, dependsOn=["base"])
    services["ends"] = shell("sleep 3; exit 1")
    services["forks"] = shell("i=0; while [ $i -lt 30 ]; do sleep 1000000 & i=$((i+1)); done; wait")
    services["migrate"] = shell("echo migrated", kind="oneshot", dependsOn=["base"])
    services["leaves"] = shell("setsid sleep 5 & exit 0", kind="oneshot")
    services["orphans"] = shell("while :; do (sleep 0.2 &); sleep 0.1; done")
    assert len(services) == 30
    return services


class Closed(Exception):
    pass


class Client:
    """As much of a WebSocket client as this needs."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head, head

    def more(self):
        bytes_ = self.socket.recv(1 << 18)
        if not bytes_:
            raise Closed
        self.buffer += bytes_

    def frame(self):
        """Opcode, whether it is the last of a message, payload."""
        while len(self.buffer) < 2:
            self.more()
        size, at = self.buffer[1] & 127, 2
        extra = {126: 2, 127: 8}.get(size, 0)
        while len(self.buffer) < at + extra:
            self.more()
        if extra:
            size = int.from_bytes(self.buffer[at : at + extra], "big")
        at += extra
        while len(self.buffer) < at + size:
            self.more()
        first, payload, self.buffer = self.buffer[0], self.buffer[at : at + size], self.buffer[at + size :]
        return first & 15, first & 128, payload

    def message(self):
        parts = []
        while True:
            opcode, last, payload = self.frame()
            if opcode == 9:
                self.send(payload, 10)
            elif opcode == 8:
                raise Closed
            elif opcode in (0, 1, 2):
                parts.append(payload)
                if last:
                    return json.loads(b"".join(parts))

    def send(self, payload, opcode=1):
        size = len(payload)
        head = bytes([128 | opcode]) + (bytes([128 | size]) if size < 126 else bytes([254]) + struct.pack(">H", size))
        self.socket.sendall(head + bytes(4) + payload)

    def command(self, name, **payload):
        id_ = str(uuid.uuid4())
        self.send(json.dumps({"type": "command", "id": id_, "name": name, "payload": payload}).encode())
        while True:
            message = self.message()
            if message.get("id") == id_ and (message["type"] == "result" or not message["payload"].get("accepted")):
                return message

    def close(self, abruptly):
        if abruptly:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Load:
    """What happens to the server beside the printing."""

    def __init__(self, port, names, seed):
        self.port, self.names, self.dice = port, names, random.Random(seed)
        self.over = threading.Event()
        self.failures, self.commands, self.visits = [], 0, 0
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in [self.restart] + [self.visit] * 4]

    def run(self, work):
        try:
            work()
        except (Closed, OSError) as error:
            if not self.over.is_set():
                self.failures.append(f"{work.__name__}: {error!r}")

    def restart(self):
        client = Client(self.port)
        while not self.over.wait(self.dice.uniform(0.1, 0.7)):
            name = self.dice.choice(["restart_service", "restart_service", "start_service", "stop_service"])
            client.command(name, service=self.dice.choice(self.names))
            self.commands += 1

    def visit(self):
        dice = random.Random(self.dice.random())
        while not self.over.wait(dice.uniform(0, 0.5)):
            client = Client(self.port)
            until, deaf = time.monotonic() + dice.uniform(0, 5), dice.random() < 0.2
            while time.monotonic() < until and not self.over.is_set():
                if deaf:
                    time.sleep(0.2)
                else:
                    client.message()
            if dice.random() < 0.3 and not deaf:
                client.command("get_logs", limit=2000)
            client.close(dice.random() < 0.5)
            self.visits += 1


def processes():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            yield int(pid), fields[0], int(fields[1])
        except OSError:
            pass


def field(pid, file, name):
    with open(f"/proc/{pid}/{file}") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


def sample(server, guardian):
    zombies = sum(1 for _, state, parent in processes() if state == "Z" and parent in (server, guardian))
    row = {"zombies": zombies}
    for label, pid in (("server", server), ("guardian", guardian)):
        row[f"{label} RSS"] = field(pid, "status", "VmRSS:")
        row[f"{label} PSS"] = field(pid, "smaps_rollup", "Pss:")
        row[f"{label} fds"] = len(os.listdir(f"/proc/{pid}/fd"))
        row[f"{label} threads"] = field(pid, "status", "Threads:")
    return row


# How much more the last fifth of the samples may show than the second, by medians: memory in KiB.
SLACK = {"RSS": 16_384, "PSS": 16_384, "fds": 12, "threads": 3, "zombies": 5}


def grown(samples):
    fifth = max(1, len(samples) // 5)
    early, late = samples[fifth : 2 * fifth] or samples[:1], samples[-fifth:]
    for key in samples[0]:
        before, after = (statistics.median(row[key] for row in part) for part in (early, late))
        kind = key.split()[-1]
        slack = SLACK[kind] if kind not in ("RSS", "PSS") else max(SLACK[kind], before / 10)
        yield key, before, after, max(row[key] for row in samples), after > before + slack


def check_files(directory):
    """Every line is JSON and `seq` has no hole; how many entries there are still."""
    entries, last = 0, None
    for name in ("all.1.jsonl", "all.jsonl"):
        path = os.path.join(directory, name)
        if not os.path.exists(path):
            continue
        with open(path, "rb") as lines:
            for line in lines:
                seq = json.loads(line)["seq"]
                if last is not None and seq != last + 1:
                    return f"{name}: {last} is followed by {seq}", entries
                entries, last = entries + 1, seq
    return None, entries


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parse.add_argument("--minutes", type=float, default=10)
    parse.add_argument("--lines", type=int, default=20_000, help="lines a second, of all services")
    parse.add_argument("--flowlayer", default="target/release/flowlayer")
    parse.add_argument("--seed", type=int, default=1)
    args = parse.parse_args()
    services = stack(args.lines)
    mark = f"soak-{uuid.uuid4()}"
    with tempfile.TemporaryDirectory(prefix="flowlayer-soak-") as home:
        with open(os.path.join(home, "flowlayer.jsonc"), "w") as config:
            json.dump({"logs": {"dir": "logs", "maxBytes": 64 << 20}, "services": services}, config)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        guardian = subprocess.Popen(
            [os.path.abspath(args.flowlayer), "serve", "--quiet", "-s", f"127.0.0.1:{port}", "-token", TOKEN],
            cwd=home,
            env={**os.environ, "SOAK": mark, "XDG_RUNTIME_DIR": home},
            stdout=subprocess.DEVNULL,
        )
        try:
            return soak(args, home, port, guardian, sorted(services), mark)
        finally:
            if guardian.poll() is None:
                guardian.send_signal(signal.SIGQUIT)
                guardian.wait(30)


def soak(args, home, port, guardian, names, mark):
    time.sleep(5)
    server = next(pid for pid, _, parent in processes() if parent == guardian.pid)
    load = Load(port, names, args.seed)
    for thread in load.threads:
        thread.start()
    began, samples = time.monotonic(), []
    newest = lambda: Client(port).command("get_logs", limit=1)["payload"]["data"]["entries"][0]["seq"]
    first = newest()
    while (passed := time.monotonic() - began) < args.minutes * 60 and not load.failures:
        time.sleep(min(5, args.minutes * 60 - passed) + 0.01)
        samples.append(sample(server, guardian.pid))
    lines = newest() - first
    load.over.set()
    for thread in load.threads:
        thread.join(60)
    passed = time.monotonic() - began
    guardian.send_signal(signal.SIGTERM)
    code = guardian.wait(120)

    failures = list(load.failures)
    print(f"{passed / 60:.1f} minutes, {len(samples)} samples, {lines / passed:,.0f} lines/s, "
          f"{load.commands} commands, {load.visits} clients that came and went\n")
    print(f"| {'':18} | {'early':>9} | {'late':>9} | {'most':>9} |\n|{'-' * 20}|{'-' * 10}:|{'-' * 10}:|{'-' * 10}:|")
    for key, before, after, most, has_grown in grown(samples):
        print(f"| {key:18} | {before:>9,.0f} | {after:>9,.0f} | {most:>9,.0f} |")
        if has_grown:
            failures.append(f"{key} has grown: {before:,.0f} to {after:,.0f}")
    left = []
    for pid, state, _ in processes():
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if state != "Z" and f"SOAK={mark}".encode() in environment.read():
                    left.append(pid)
        except OSError:
            pass
    hole, entries = check_files(os.path.join(home, "logs"))
    print(f"\nexit code {code}, {len(left)} processes left, {entries:,} entries in the files"
          f"{'' if hole else ', none missing'} (RSS and PSS in KiB; early: the second fifth, late: the last, medians)")
    if code != 0:
        failures.append(f"exit code {code}")
    if left:
        failures.append(f"left: {left}")
    if hole:
        failures.append(hole)
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
