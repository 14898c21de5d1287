#!/usr/bin/env python3
"""Prints the figures of BENCHMARKS.md: medians of several runs, each with its range.

usage: bench/measure.py FLOWLAYER DIR     (DIR made by bench/configs.sh)
"""
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

FLOWLAYER, DIR = os.path.abspath(sys.argv[1]), sys.argv[2]
RUNS = 9


def show(what, values, unit):
    middle = statistics.median(values)
    print(f"{what:52} {middle:8.1f} {unit}  ({min(values):.1f} to {max(values):.1f})")


def command(*arguments):
    start = time.perf_counter()
    subprocess.run([FLOWLAYER, *arguments], stdout=subprocess.DEVNULL, check=True, cwd=DIR)
    return (time.perf_counter() - start) * 1000


def serve(config, *arguments):
    """Starts a stack; returns when its boot has resolved: the process, and the ms since exec."""
    start = time.perf_counter()
    process = subprocess.Popen([FLOWLAYER, "serve", config, *arguments], stdout=subprocess.PIPE, cwd=DIR)
    for line in process.stdout:
        if line.startswith(b"STARTUP"):
            break
    return process, (time.perf_counter() - start) * 1000


def stop(process):
    start = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return (time.perf_counter() - start) * 1000, usage.ru_utime + usage.ru_stime


def spawn_alone():
    """The same 50 processes from a bare loop of posix_spawn: what the machine gives just now."""
    start = time.perf_counter()
    children = [os.posix_spawn("/usr/bin/env", ["env", "sleep", "1000"], os.environ) for _ in range(50)]
    took = (time.perf_counter() - start) * 1000
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return took


def children(pid):
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == pid:
                    yield int(entry)
        except OSError:
            pass


def memory(pid, field):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith(field + ":"))


def switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as status:
            total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
    return total


show("--version", [command("--version") for _ in range(RUNS)], "ms")
show("validate, 1,000 services", [command("validate", "thousand.jsonc") for _ in range(RUNS)], "ms")
size = os.path.getsize(os.path.join(DIR, "megabyte.jsonc")) / 1e6
show(f"validate, {size:.2f} MB", [command("validate", "megabyte.jsonc") for _ in range(RUNS)], "ms")
show("plan, a chain of 10,000", [command("plan", "chain.jsonc") for _ in range(RUNS)], "ms")

boots, stops, bare = [], [], []
for _ in range(RUNS):
    process, took = serve("fifty.jsonc", "--quiet")
    boots.append(took)
    stops.append(stop(process)[0])
    bare.append(spawn_alone())
show("50 services, exec to STARTUP COMPLETE", boots, "ms")
show("  beside it: 50 bare posix_spawn", bare, "ms")
show("50 services, SIGTERM to exit", stops, "ms")

for config, what in (("flood.jsonc", "memory"), ("flood-files.jsonc", "files")):
    rates, cpus = [], []
    for _ in range(5):
        shutil.rmtree(os.path.join(DIR, "logs"), ignore_errors=True)
        process, took = serve(config, "--quiet")
        ended, cpu = stop(process)
        # With files: until all of it is written and the server has exited.
        rates.append(2000 / (took + (ended if what == "files" else 0)))
        cpus.append(cpu / 2)
        if what == "files":
            for name, lines in (("all", 2_000_000), ("a", 1_000_000), ("b", 1_000_000)):
                with open(os.path.join(DIR, "logs", name + ".jsonl"), "rb") as file:
                    assert sum(1 for _ in file) == lines, name
    show(f"2 x 1,000,000 lines to {what}", rates, "million lines/s")
    show(f"  CPU per million lines, {what}", [cpu * 1000 for cpu in cpus], "ms")

process, _ = serve("fifty.jsonc", "--quiet", "-s", "127.0.0.1:0")
servers = [process.pid] + [
    pid for pid in children(process.pid) if os.path.samefile(f"/proc/{pid}/exe", FLOWLAYER)
]
time.sleep(1)
before = [switches(pid) for pid in servers]
time.sleep(10)
after = [switches(pid) for pid in servers]
print(f"{'idle 10 s, 50 services: context switches':52} {[b - a for a, b in zip(before, after)]} (guardian, server)")
pss = [memory(pid, "Pss") for pid in servers]
print(f"{'PSS':52} {sum(pss) / 1024:8.1f} MiB  (guardian {pss[0]} KiB, server {pss[1]} KiB)")
print(f"{'private dirty of the guardian':52} {memory(servers[0], 'Private_Dirty'):8} KiB")
stop(process)
