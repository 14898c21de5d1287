"""Dependencies: what a tool adds to the times that the services themselves take."""

import collections
import os
import random
import shutil
import signal
import socket
import statistics
import time

import processes
import stack

def measure(bench):
    completion(bench)
    probes(bench)
    readiness(bench)


def completion(bench):
    """A chain of 10 oneshots and a diamond of 30, until what comes last has said that it runs. The
    critical path is what the same commands take from a bare loop that knows nothing but what comes
    after what, measured in the same rounds: starting a process takes its time without any tool."""
    for what, make, goal in [
        ("chain of 10 oneshots, total minus critical path", lambda b: stack.chain(10, 50, b), 15),
        ("diamond of 30, total minus critical path", lambda b: stack.diamond(28, b), None),
    ]:
        def act(tool, make=make):
            with bench.place() as place:
                if tool is BARE:
                    return bare(make(place.beacon), place.beacon) * 1000
                running = tool.start(make(place.beacon), place.directory)
                try:
                    took = place.beacon.wait("start", ["last"], 30) - running.started
                    running.stop(place.beacon.pids())
                finally:
                    running.end()
            return took * 1000

        results = bench.rounds(what, [BARE, *able(bench, what, make)], act)
        path = statistics.median(results.pop(BARE))
        for tool, values in results.items():
            own = (goal, True) if goal and tool is bench.flowlayer else None
            bench.report.add(what, tool.name, [value - path for value in values], "ms", own,
                             f"critical path {path:.0f} ms")


class Bare:
    name = "bare loop"


BARE = Bare()


def bare(whole, beacon):
    """Starts what may start, waits for all of it, and so on: seconds until the last one runs."""
    begun, done, left, children = time.perf_counter(), set(), list(whole.services), []
    while left:
        wave = [service for service in left if set(service.after) <= done]
        left = [service for service in left if service not in wave]
        started = []
        for service in wave:
            program = shutil.which(service.argv[0])
            started.append((service, os.posix_spawn(program, service.argv, processes.environment())))
        for service, child in started:
            if service.oneshot:
                os.waitpid(child, 0)
            else:
                children.append(child)
            done.add(service.name)
    took = beacon.wait("start", ["last"], 30) - begun
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return took


def probes(bench):
    """Ten daemons in a chain, each ready between two attempts of its probe: what a link takes from
    the attempt that finds it ready, as the daemon itself sees it, to the start of the next one,
    less what such a daemon takes to start from a bare loop."""
    what = "chain of 10 with tcp probes, a link beyond the probe that passes"
    count = 3 if bench.quick else 10
    names = [f"s{n:02}" for n in range(count)]

    def make(beacon):
        return stack.probed(count, "tcp", lambda n: 40 + 11 * n, beacon, free_ports(count))

    def act(tool):
        with bench.place() as place:
            beacon = place.beacon
            whole = make(beacon)
            if tool is BARE:
                return statistics.median(birth(service, beacon) for service in whole.services)
            running = tool.start(whole, place.directory)
            try:
                beacon.wait("start", names, 60)
                running.stop(beacon.pids())
            finally:
                running.end()
            links = zip(names, names[1:])
            return statistics.mean(
                beacon.said("start", after, 1) - beacon.said("found", before, 0) for before, after in links)

    results = bench.rounds(what, [BARE, *able(bench, what, make)], act)
    start = statistics.median(results.pop(BARE))
    for tool, values in results.items():
        own = (2, True) if tool is bench.flowlayer else None
        bench.report.add(what, tool.name, [value - start for value in values], "ms", own,
                         f"less {start:.1f} ms in which such a daemon starts")


def birth(service, beacon):
    """Milliseconds from before posix_spawn to the first thing that the daemon does."""
    begun = time.monotonic_ns() / 1e6
    child = os.posix_spawn(service.argv[0], service.argv, processes.environment())
    beacon.wait("start", [service.name], 20)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return beacon.said("start", service.name, 1) - begun


def readiness(bench):
    """Five pairs, each of one that becomes ready at a random moment and one that waits for it: from
    the moment of readiness to the start of the other."""
    for kind in ("log",) if bench.quick else ("tcp", "http", "log"):
        what = f"readiness by {kind} probe until the dependent runs"

        def make(beacon, kind=kind, seed=0):
            draw = random.Random(f"{kind} {seed}")
            whole = stack.probed(5, kind, lambda _: draw.randrange(20, 420), beacon, free_ports(5))
            pairs = []
            for service in whole.services:
                service.after = []
                name = "after-" + service.name
                argv = stack.program("sleeper.sh", beacon.path, name)
                pairs += [service, stack.Service(name, argv, after=[service.name])]
            return stack.Stack(pairs)

        seeds = collections.Counter()

        def act(tool, make=make, seeds=seeds):
            # The moments differ from round to round, and are the same for all tools.
            seeds[tool.name] += 1
            with bench.place() as place:
                running = tool.start(make(place.beacon, seed=seeds[tool.name]), place.directory)
                try:
                    names = [f"s{n:02}" for n in range(5)]
                    place.beacon.wait("start", ["after-" + name for name in names], 60)
                    running.stop(place.beacon.pids())
                finally:
                    running.end()
                beacon = place.beacon
                ready = {name: beacon.said("listen", name, 0) for name in names}
            # FlowLayer starts waves, so the slowest of a wave is the one that is waited for; the
            # same is taken of all.
            slowest = max(names, key=lambda name: ready[name])
            return beacon.at("start", "after-" + slowest) * 1000 - ready[slowest]

        runs = bench.runs if bench.quick else 2 * bench.runs
        for tool, values in bench.rounds(what, able(bench, what, make), act, runs).items():
            remark = "an attempt every 200 ms" if kind != "log" and tool is bench.flowlayer else ""
            bench.report.add(what, tool.name, values, "ms", None, remark)


def able(bench, what, make):
    """The tools that can do it; the others are named below the table."""
    with bench.place() as place:
        unable = {tool: tool.missing(make(place.beacon)) for tool in bench.tools}
    bench.report.cannot(what, [tool.name for tool, missing in unable.items() if missing])
    return [tool for tool, missing in unable.items() if not missing]


def free_ports(count):
    """The first of so many free ports in a row."""
    draw = random.SystemRandom()
    while True:
        first = draw.randrange(20_000, 30_000 - count)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
