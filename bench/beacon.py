"""How services tell the harness what they do: one line each into a named pipe.

`start NAME PID`, `listen NAME NANOSECONDS`, `done NAME`: written by the service itself, so that no
tool's own word is needed for what has happened.
"""

import os
import select
import time


class Beacon:
    def __init__(self, directory):
        self.path = os.path.join(directory, "beacon")
        os.mkfifo(self.path)
        # For reading and writing: it never ends, and no service waits for a reader.
        self.pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self.rest = b""
        #: (word, name) → (seconds of time.perf_counter() when it was read, what else was said)
        self.seen = {}

    def close(self):
        os.close(self.pipe)

    def read(self, seconds):
        """Reads what is there within so many seconds; tells whether anything was."""
        if not select.select([self.pipe], [], [], max(0, seconds))[0]:
            return False
        now = time.perf_counter()
        try:
            self.rest += os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return False
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            word, name, *more = line.decode().split()
            self.seen.setdefault((word, name), (now, more))
        return True

    def wait(self, word, names, seconds):
        """Waits until every one of them has said the word: when the last did."""
        deadline = time.perf_counter() + seconds
        missing = set(names)
        while True:
            missing = {name for name in missing if (word, name) not in self.seen}
            if not missing:
                return max(self.seen[word, name][0] for name in names)
            if time.perf_counter() >= deadline:
                raise TimeoutError(f"{len(missing)} of {len(names)} services never said {word}")
            self.read(deadline - time.perf_counter())

    def at(self, word, name):
        return self.seen[word, name][0]

    def said(self, word, name, index):
        """A time that a service has told, in milliseconds."""
        return int(self.seen[word, name][1][index]) / 1e6

    def pids(self):
        return [int(more[0]) for (word, _), (_, more) in self.seen.items() if word == "start"]
