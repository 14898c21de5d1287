# Prints so many lines a second, a few at a time, for so many seconds, each with the time, once a gate exists.
# usage: paced.py BEACON NAME LINES-PER-SECOND SECONDS GATE
import os
import sys
import time

beacon, name, rate, seconds, gate = sys.argv[1:]


def tell(words):
    pipe = os.open(beacon, os.O_WRONLY)
    os.write(pipe, words.encode())
    os.close(pipe)


STEP = 0.01
count = round(float(rate) * STEP)
tell(f"start {name} {os.getpid()}\n")
while not os.path.exists(gate):
    time.sleep(0.05)
begun = time.monotonic()
for step in range(round(float(seconds) / STEP)):
    line = b"GET /api/v1/items/17?page=2 200 3ms at=%d\n" % time.monotonic_ns()
    os.write(1, line * count)
    time.sleep(max(0, begun + (step + 1) * STEP - time.monotonic()))
tell(f"done {name}\n")
time.sleep(1000)
