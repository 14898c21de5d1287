"""Processes that the harness starts: what they cost, and that none of them is left."""

import os
import signal
import time
import uuid

#: Everything we start inherits this variable, whoever its parent becomes; nothing else is ended.
MARK = "FLOWLAYER_BENCH"
RUN = uuid.uuid4().hex


def environment():
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {MARK: RUN, "TERM": "xterm-256color"}


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent(pid):
    stat = _read(f"/proc/{pid}/stat")
    return int(stat.rpartition(b")")[2].split()[1]) if stat else 0


def alive(pid):
    stat = _read(f"/proc/{pid}/stat")
    return bool(stat) and stat.rpartition(b")")[2].split()[0] != b"Z"


def executable(pid):
    try:
        return os.path.realpath(f"/proc/{pid}/exe")
    except OSError:
        return ""


def below(root):
    """`root` and everything that descends from it."""
    children = {}
    for pid in pids():
        children.setdefault(parent(pid), []).append(pid)
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def ours():
    """Everything with our mark that is not the harness itself."""
    mark = f"{MARK}={RUN}".encode()
    marked = [pid for pid in pids() if mark in _read(f"/proc/{pid}/environ").split(b"\0")]
    return [pid for pid in marked if pid != os.getpid() and alive(pid)]


def end_all(seconds=5):
    """Ends what is left of what we started; tells how many that were."""
    left = ours()
    count, deadline = len(left), time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)
        left = ours()
    return count


def cpu(pid):
    """Seconds of processor time of the threads of a process that are alive."""
    total = 0
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    for task in tasks:
        fields = _read(f"/proc/{pid}/task/{task}/schedstat").split()
        total += int(fields[0]) if fields else 0
    return total / 1e9


def switches(pid):
    """Context switches of all threads so far: each time one has woken up or was put aside."""
    total = 0
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0
    for task in tasks:
        for line in _read(f"/proc/{pid}/task/{task}/status").splitlines():
            if b"ctxt_switches" in line:
                total += int(line.split()[1])
    return total


def memory(pid, field="Pss"):
    """Bytes, of /proc/PID/smaps_rollup."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(field.encode() + b":"):
            return int(line.split()[1]) * 1024
    return 0
