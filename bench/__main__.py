"""Measures `flowlayer` as a whole program, next to every peer on the PATH, and prints the table of
BENCHMARKS.md.

    python3 bench                     all of it, within 15 minutes
    python3 bench spawn flood         only these scenarios
    python3 bench --quick             whether the harness works: a few small runs, within a minute
    python3 bench --write BENCHMARKS.md   also replaces the figures there

Runs are interleaved (each tool once, then each again); figures are medians, with the range. Before a
tool is timed it has done the same work once and what has arrived was counted. Everything that is
started ends within bounds and is ended otherwise; nothing else is touched; only loopback is used.
"""

import sys

sys.dont_write_bytecode = True  # The tree stays as it is.

import argparse
import datetime
import os
import platform
import re
import shutil
import signal
import tempfile
import time

import processes
import scenarios
import tools
from beacon import Beacon
from report import Report


class Bench:
    """What a scenario works with."""

    def __init__(self, arguments):
        self.quick = arguments.quick
        self.runs = 2 if self.quick else arguments.runs
        self.report = Report()
        self.failed = set()
        path = os.path.abspath(arguments.flowlayer)
        self.home = tempfile.mkdtemp(prefix="flowlayer-bench-", dir=arguments.directory)
        known = tools.known(path)
        wanted = arguments.tools.split(",") if arguments.tools else None
        self.tools = [t for t in known if t.path and (not wanted or t.name in wanted)]
        self.absent = [tool.name for tool in known if not tool.path]
        self.flowlayer = known[0]
        if self.flowlayer not in self.tools:
            self.tools.insert(0, self.flowlayer)

    def place(self, memory=False):
        """A new directory and the named pipe of its services; gone after `with`."""
        return Place("/dev/shm" if memory and os.path.isdir("/dev/shm") else self.home)

    def rounds(self, what, tools, act, runs=None):
        """Lets each tool act once a round, in turn; returns what came of it by tool. One that fails
        is named and left out from there on."""
        results = {tool: [] for tool in tools}
        for _ in range(runs or self.runs):
            for tool in tools:
                if (what, tool.name) in self.failed:
                    continue
                try:
                    results[tool].append(act(tool))
                except Exception as problem:  # noqa: BLE001: whatever it is, it is reported
                    self.failed.add((what, tool.name))
                    self.report.fail(what, tool.name, f"{type(problem).__name__}: {problem}")
                    results[tool] = []
                finally:
                    processes.end_all()
        return {tool: values for tool, values in results.items() if values}


class Place:
    def __init__(self, parent):
        self.parent = parent

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="flowlayer-bench-", dir=self.parent)
        self.beacon = Beacon(self.directory)
        return self

    def __exit__(self, *_):
        self.beacon.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")),
                     platform.machine())
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) / 2**20
    return (f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB of memory, "
            f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}")


def main():
    parser = argparse.ArgumentParser(prog="python3 bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO",
                        help="of: " + ", ".join(scenarios.ALL))
    parser.add_argument("--flowlayer", metavar="PATH", default="target/release/flowlayer")
    parser.add_argument("--tools", metavar="NAME,…", help="only these peers; `none` for no peer")
    parser.add_argument("--runs", type=int, default=5, help="rounds of each (default 5)")
    parser.add_argument("--quick", action="store_true", help="smoke run with tiny sizes")
    parser.add_argument("--directory", metavar="DIR", help="where large files go (default: temporary)")
    parser.add_argument("--write", metavar="FILE", help="replaces what is between the marks there")
    arguments = parser.parse_args()
    unknown = set(arguments.scenarios) - set(scenarios.ALL)
    if unknown:
        parser.error("unknown scenario: " + ", ".join(sorted(unknown)))
    if not os.access(arguments.flowlayer, os.X_OK):
        parser.error(f"there is no program {arguments.flowlayer}: cargo build --release")

    # However it is ended, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    begun, busy = time.monotonic(), os.getloadavg()[0]
    bench = Bench(arguments)
    facts = [
        f"Taken on {datetime.date.today()} on {machine()}, in {bench.runs} rounds"
        + f"; load before that {busy:.1f}.",
        "Versions: " + ", ".join(f"{tool.name} {tool.version()}" for tool in bench.tools) + ".",
    ]
    if bench.absent:
        facts.append("Not on this machine: " + ", ".join(bench.absent) + ".")
    print("\n".join(facts), flush=True)
    try:
        for name in arguments.scenarios or scenarios.ALL:
            load = os.getloadavg()[0]
            print(f"\n{name} (after {time.monotonic() - begun:.0f} s, load {load:.1f})", flush=True)
            scenarios.ALL[name](bench)
    finally:
        processes.end_all()
        shutil.rmtree(bench.home, ignore_errors=True)
    text = "\n".join(facts) + "\n\n" + bench.report.markdown()
    print(f"\n{text}\n\nin {time.monotonic() - begun:.0f} s")
    if arguments.write:
        write(arguments.write, text)
    if any(tool == "flowlayer" for _, tool, _ in bench.report.failures):
        sys.exit(1)


def write(path, text):
    with open(path, encoding="utf-8") as file:
        before = file.read()
    marks = re.compile(r"(<!-- figures -->\n).*(<!-- end of figures -->)", re.DOTALL)
    after, count = marks.subn(lambda found: f"{found[1]}{text}\n{found[2]}", before)
    if count != 1:
        sys.exit(f"{path} has no place for figures")
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


main()
