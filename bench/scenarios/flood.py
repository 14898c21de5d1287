"""How fast a tool takes what services print, and what that costs.

From the start of the tool until it has ended, asked to stop the moment everything is known to have
arrived: for a tool that prints, or keeps files, when the last line of each service is there; else
when each service has got rid of its last line. The first run of each tool is a small one whose
lines are counted; it also tells how many lines a second the slower ones can take, so that theirs
are fewer and the whole stays bounded."""

import os
import time

import processes
import stack

#: Services, lines of each, bytes a line (0: counting), whether files are kept.
CASES = [
    ("2 × 1,000,000 short lines, printed", 2, 1_000_000, 0, False),
    ("2 × 1,000,000 short lines, to files", 2, 1_000_000, 0, True),
    ("1 × 1,000,000 lines of 200 bytes, printed", 1, 1_000_000, 200, False),
    ("20 × 50,000 lines of 200 bytes, printed", 20, 50_000, 200, False),
    ("20 × 50,000 lines of 200 bytes, to files", 20, 50_000, 200, True),
]
#: How long one run of a slow tool may take, in seconds.
ENOUGH = 2.5
#: After so many seconds a run has failed.
LONGEST = 40


def measure(bench):
    for case in CASES[:2] if bench.quick else CASES:
        flood(bench, *case)
    many(bench)


def flood(bench, what, services, lines, width, files):
    if bench.quick:
        lines //= 100
    sizes = {}

    def calibrate(tool):
        small = max(500, min(lines, 50_000) // services)
        took, _, lost = once(bench, tool, services, small, width, files, count=True)
        # What starting and stopping take is in it: the small run tells the least rate.
        slow = min(lines, max(small, int(small / max(took, 0.01) * ENOUGH)))
        sizes[tool] = lines if tool is bench.flowlayer else slow
        return lost, services * small

    able = [tool for tool in bench.tools if not files or tool.files]
    lost = bench.rounds(what, able, calibrate, runs=1)
    results = bench.rounds(
        what, list(lost), lambda tool: once(bench, tool, services, sizes[tool], width, files),
        1 if bench.quick else min(bench.runs, 3))
    for tool, values in results.items():
        total = services * sizes[tool]
        keeps = tool.keeps_in_files if files else tool.keeps
        if sizes[tool] != lines:
            keeps += f"; {services} × {sizes[tool]:,}"
        gone, of = lost[tool][0]
        if gone:
            keeps += f"; {gone:,} of {of:,} lines missing"
        bench.report.add(what, tool.name, [total / value[0] / 1e6 for value in values], "M lines/s",
                         None, keeps, more=True)
    for tool, values in results.items():
        total = services * sizes[tool]
        goal = ((0.4 if files else 0.2), True) if tool is bench.flowlayer and not width else None
        remark = "without the services" if tool is bench.flowlayer else "with its waited-for services"
        bench.report.add(f"{what}: CPU", tool.name, [value[1] / total * 1e6 for value in values],
                         "s CPU/M lines", goal, remark)


def once(bench, tool, services, lines, width, files, count=False):
    """Seconds, seconds of processor time, lines that are missing."""
    # Output in memory: what is measured is the tool and not a disk.
    with bench.place(memory=True) as place:
        work = stack.flood(services, lines, width, place.beacon, files)
        printed = None
        if not tool.terminal and (count or tool.files == "stdout" or not files):
            printed = os.path.join(place.directory, "printed")
        quiet = tool is bench.flowlayer and not count
        running = tool.start(work, place.directory, None if quiet else printed)
        try:
            place.beacon.wait("done", work.names, LONGEST)
            if not quiet:
                wait_for_the_last(tool, work.names, place.directory, printed)
            own = sum(processes.cpu(pid) for pid in tool.own(running, place.beacon.pids()))
            running.stop(place.beacon.pids(), 60)
        finally:
            running.end()
        took = running.ended - running.started
        used = running.usage.ru_utime + running.usage.ru_stime
        lost = None
        if count or files:
            lost = missing(tool, place.directory, printed, services, lines)
            if tool is bench.flowlayer and files and lost:
                raise ValueError(f"{lost} lines are missing")
        return took, own if tool is bench.flowlayer else used, lost


def wait_for_the_last(tool, names, directory, printed):
    """Waits until the last line of each service is where the tool puts lines; one that draws a
    screen and keeps no file has none."""
    deadline = time.monotonic() + LONGEST
    left, seen = set(names), {}
    while left:
        tool.arrived(left, directory, printed, seen)
        if tool.terminal and not tool.lines(directory, printed):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"the last lines of {len(left)} services never arrived")
        time.sleep(0.002)


def missing(tool, directory, printed, services, lines):
    """How many of the lines are not where the tool keeps, or prints, them; `None` when it does
    neither with all of them."""
    if not tool.lines(directory, printed) and not tool.kept(directory, printed):
        return None
    return max(0, services * (lines + 1) - tool.kept(directory, printed))


def many(bench):
    """Memory after a lot of lines, with 20 services and everything at its default."""
    lines = 5_000 if bench.quick else 500_000
    what = f"memory (PSS) after {20 * lines:,} lines of 20 services"

    def act(tool):
        few = lines if tool is bench.flowlayer else lines // 20
        with bench.place() as place:
            work = stack.flood(20, few, 100, place.beacon)
            running = tool.start(work, place.directory)
            try:
                place.beacon.wait("done", work.names, LONGEST)
                time.sleep(1)
                own = tool.own(running, place.beacon.pids())
                size = sum(processes.memory(pid) for pid in own)
                running.stop(place.beacon.pids(), 60)
            finally:
                running.end()
        return size / 1e6

    for tool, values in bench.rounds(what, bench.tools, act, runs=1).items():
        goal = (150, True) if tool is bench.flowlayer else None
        remark = tool.keeps if tool is bench.flowlayer else f"{tool.keeps}; after {lines:,} lines"
        bench.report.add(what, tool.name, values, "MB", goal, remark)
