"""The cockpit, as a person at a terminal meets it: bench/cockpit.py measures it, this takes its figures
into the table."""

import os
import re
import subprocess
import sys

import processes

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cockpit.py")
#: `from key to screen, idle    median 8.1 ms, 95 % 15.0 ms, 99 % 17.2 ms, slowest 20.0 ms`
LINE = re.compile(r"^(?P<what>\S.*?|  \S.*?)\s{2,}median\s+(?P<median>[\d.]+) ms.* 99 %\s+(?P<most>[\d.]+) ms")


def measure(bench):
    if bench.quick or not os.path.exists(PROGRAM):
        return
    with bench.place() as place:
        environment = processes.environment() | {"TMPDIR": place.directory}
        said = subprocess.run([sys.executable, PROGRAM, bench.flowlayer.path, "keys"], timeout=240,
                              env=environment, capture_output=True, text=True, check=False)
    found = [match for match in map(LINE.match, said.stdout.splitlines()) if match]
    if said.returncode or not found:
        bench.report.fail("key to screen", "flowlayer", said.stderr.strip().splitlines()[-1:] or said.stdout)
    above = ""
    for match in found:
        what = match["what"].strip()
        if match["what"].startswith(" "):
            what = f"{above}, {what.removeprefix('the same, ')}"
        else:
            above = what
        bench.report.add(f"cockpit: {what}: 99 of 100 within", "flowlayer", [float(match["most"])], "ms",
                         (16 if what.endswith("idle") else 100, True))
        bench.report.add(f"cockpit: {what}: median", "flowlayer", [float(match["median"])], "ms")
