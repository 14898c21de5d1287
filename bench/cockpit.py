#!/usr/bin/env python3
"""Prints the cockpit's figures of BENCHMARKS.md, measured through a real pseudo terminal.

usage: bench/cockpit.py FLOWLAYER [keys|flood|memory ...]     (all of them without a word)

keys    from a key press to its effect on the screen: idle, and with services printing 50,000 lines/s
flood   CPU of the cockpit under 50,000 lines/s, and how fast the server reads with and without it
memory  what is resident after 10,000,000 lines have passed, and after going back to the first one
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

FLOWLAYER = os.path.abspath(sys.argv[1])
WHAT = sys.argv[2:] or ["keys", "flood", "memory"]
COLUMNS, ROWS = 200, 60

# So many lines a second, evenly, a hundred bytes each.
PACED = r"""
import sys, time
rate, out, number, start = int(sys.argv[1]), sys.stdout.buffer, 0, time.monotonic()
while True:
    due = int((time.monotonic() - start) * rate)
    if due > number:
        out.write(b"".join(b"%08d GET /api/v1/orders/%d 200 in %d ms, user agent Mozilla/5.0, cache miss, shard 7\n"
                           % (n, n % 9973, n % 89) for n in range(number, due)))
        out.flush()
        number = due
    time.sleep(0.005)
"""

# How many lines a service has written is counted where it writes them.
COUNTED = r"""
import sys, time
lines, out = b"".join(b"%06d the quick brown fox jumps over the lazy dog, and does so again\n" % n for n in range(1000)), sys.stdout.buffer
end, start, number = time.monotonic() + float(sys.argv[1]), time.monotonic(), 0
while time.monotonic() < end:
    out.write(lines); number += 1000
out.flush()
open(sys.argv[2], "w").write(str(number / (time.monotonic() - start)))
time.sleep(1000)
"""


class Terminal:
    """As much of a terminal as is needed to know what a person sees."""

    CSI = re.compile(rb"\x1b\[([0-9;?<>=]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|\x1b[=>78]")

    def __init__(self, *command, directory):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.execv(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.grid = [[" "] * (COLUMNS + 2) for _ in range(ROWS + 1)]
        self.x = self.y = 0
        self.rest = b""
        self.bytes = 0

    def feed(self, data):
        self.bytes += len(data)
        data, at = self.rest + data, 0
        while at < len(data):
            if data[at] == 0x1B:
                match = self.CSI.match(data, at)
                if not match:
                    break  # the rest of it comes with the next read
                if match[2] == b"H":
                    numbers = [int(n or 1) for n in (match[1] or b"1;1").split(b";")]
                    self.y, self.x = min(numbers[0], ROWS) - 1, min(numbers[-1], COLUMNS) - 1
                elif match[2] == b"J":
                    self.grid = [[" "] * (COLUMNS + 2) for _ in range(ROWS + 1)]
                at = match.end()
                continue
            end = data.find(b"\x1b", at)
            end = len(data) if end < 0 else end
            chunk = data[at:end]
            try:
                text, at = chunk.decode(), end
            except UnicodeDecodeError as error:
                text, at = chunk[: error.start].decode(), at + error.start
                if end == len(data):
                    self.put(text)
                    break
                at += 1
            self.put(text)
        self.rest = data[at:]

    def put(self, text):
        row = self.grid[self.y]
        for character in text:
            if character < " ":
                continue
            row[min(self.x, COLUMNS)] = character
            self.x += 2 if unicodedata.east_asian_width(character) in "WF" else 1

    def shows(self, text):
        return any(text in "".join(row) for row in self.grid)

    def wait(self, condition, limit=20.0):
        """Takes in what comes until the condition holds; the moment at which the output that made it so was read."""
        end = time.monotonic() + limit
        now = time.monotonic()
        while not condition():
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise SystemExit("waited in vain; the screen:\n" + "\n".join("".join(row) for row in self.grid))
            data = os.read(self.fd, 1 << 16)
            now = time.monotonic()
            self.feed(data)
        return now

    def watch(self, seconds):
        """Takes in what comes for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                self.feed(os.read(self.fd, 1 << 16))

    def press(self, keys):
        os.write(self.fd, keys.encode())
        return time.monotonic()

    def close(self):
        self.press("q")
        while True:
            try:
                if not os.read(self.fd, 1 << 16):
                    break
            except OSError:
                break
        assert os.waitpid(self.pid, 0)[1] == 0
        os.close(self.fd)


class Server:
    """A stack with an API of its own, in a directory and a registry of its own."""

    def __init__(self, services, **more):
        self.directory = tempfile.TemporaryDirectory()
        os.environ["XDG_RUNTIME_DIR"] = self.directory.name
        with open(os.path.join(self.directory.name, "flowlayer.jsonc"), "w") as file:
            json.dump({"services": services, **more}, file)
        self.process = subprocess.Popen(
            [FLOWLAYER, "serve", "--quiet", "-s", "127.0.0.1:0"], stdout=subprocess.PIPE, cwd=self.directory.name
        )
        for line in self.process.stdout:
            if line.startswith(b"STARTUP"):
                break

    def cockpit(self):
        terminal = Terminal(FLOWLAYER, "tui", directory=self.directory.name)
        terminal.wait(lambda: terminal.shows("● connected"))
        terminal.wait(lambda: terminal.shows("all logs"))
        return terminal

    def file(self, name):
        return os.path.join(self.directory.name, name)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        self.process.wait()
        self.directory.cleanup()


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) / 1024


def python(program, *arguments):
    return [sys.executable, "-c", program, *arguments]


def services(count, rate):
    return {f"service-{index:02}": {"cmd": python(PACED, str(rate))} for index in range(count)}


def latencies(terminal, presses):
    """The window of the connection opens and closes again: what only that key changes."""
    took = []
    for index in range(presses):
        # Not in step with the frames.
        terminal.watch(0.05 + 0.0037 * (index % 10))
        opens = index % 2 == 0
        pressed = terminal.press("i")
        shown = terminal.wait(lambda: terminal.shows("─ connection ─") == opens)
        took.append((shown - pressed) * 1000)
    return sorted(took)


def show(what, took):
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
    print(f"{what:58} median {at(0.5):5.1f} ms, 95 % {at(0.95):5.1f} ms, 99 % {at(0.99):5.1f} ms, slowest {took[-1]:5.1f} ms", flush=True)


def keys():
    server = Server({f"service-{index:02}": {"cmd": "sleep 1000"} for index in range(10)})
    terminal = server.cockpit()
    terminal.watch(1)
    show("key to screen, idle", latencies(terminal, 200))
    terminal.close()
    server.close()
    server = Server(services(5, 10_000))
    terminal = server.cockpit()
    terminal.watch(2)
    show("key to screen, 5 services printing 50,000 lines/s", latencies(terminal, 200))
    terminal.press("\tkkkk")
    terminal.watch(1)
    show("  the same, scrolled up", latencies(terminal, 200))
    terminal.press("/007\r")
    terminal.watch(1)
    show("  the same, with a filter", latencies(terminal, 200))
    terminal.close()
    server.close()


def flood():
    server = Server(services(5, 10_000))
    for what, press in (("following", ""), ("scrolled up", "\tkkkk"), ("filtered", "\t/007\r"), ("searched, wrapped", "\tf007\rGw")):
        terminal = server.cockpit()
        terminal.press(press)
        terminal.watch(2)
        before, bytes_before, start = cpu(terminal.pid), terminal.bytes, time.monotonic()
        terminal.watch(10)
        took = time.monotonic() - start
        share = (cpu(terminal.pid) - before) / took
        rate = (terminal.bytes - bytes_before) / took / 1000
        print(f"{'CPU under 50,000 lines/s, ' + what:58} {share:.2f} cores, {rate:.0f} kB/s to the terminal", flush=True)
        terminal.close()
    server.close()
    rates = {False: [], True: []}
    for watched in (False, True) * 3:
        server = Server({"a": {"cmd": python(COUNTED, "6", "rate")}})
        terminal = server.cockpit() if watched else None
        deadline = time.monotonic() + 30
        while not os.path.exists(server.file("rate")) and time.monotonic() < deadline:
            terminal.watch(0.1) if terminal else time.sleep(0.1)
        time.sleep(0.1)
        with open(server.file("rate")) as file:
            rates[watched].append(float(file.read()) / 1e6)
        if terminal:
            terminal.close()
        server.close()
    for watched, what in ((False, "without"), (True, "with")):
        middle = statistics.median(rates[watched])
        print(f"{f'as fast as one service can print, {what} a cockpit':58} {middle:.1f} million lines/s ({min(rates[watched]):.1f} to {max(rates[watched]):.1f})", flush=True)


def resident():
    with tempfile.TemporaryDirectory() as logs:
        server = Server(
            {"a": {"cmd": ["sh", "-c", "sleep 3; seq -f '%.0f of ten million lines that pass by' 1 10000000; sleep 1000"]}},
            logs={"dir": logs, "maxBytes": 4 << 30},
        )
        terminal = server.cockpit()
        terminal.watch(1)
        print(f"{'resident, before':58} {memory(terminal.pid, 'VmRSS'):.1f} MB", flush=True)
        terminal.wait(lambda: terminal.shows("10000000 of ten million"), 600)
        print(f"{'resident after 10,000,000 lines':58} {memory(terminal.pid, 'VmRSS'):.1f} MB, at most {memory(terminal.pid, 'VmHWM'):.1f} MB", flush=True)
        pressed = terminal.press("\tg")
        shown = terminal.wait(lambda: terminal.shows(" 1 of ten million"), 60)
        print(f"{'  back to the first of them, in the files':58} {(shown - pressed) * 1000:.0f} ms", flush=True)
        terminal.press("G")
        terminal.wait(lambda: terminal.shows("10000000 of ten million"), 60)
        # Five hundred pages up.
        for _ in range(500):
            terminal.press("\x1b[5~")
            terminal.watch(0.02)
        print(f"{'  after 500 pages up':58} {memory(terminal.pid, 'VmRSS'):.1f} MB, at most {memory(terminal.pid, 'VmHWM'):.1f} MB", flush=True)
        terminal.close()
        server.close()


for word in WHAT:
    {"keys": keys, "flood": flood, "memory": resident}[word]()
