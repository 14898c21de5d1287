"""50 services: from the start of the tool until each has said that it runs, and from the request to
stop until the tool has ended and none of them is left."""

import os
import signal
import time

import processes
import stack


def measure(bench):
    count = 5 if bench.quick else 50
    up, down = f"spawn {count}, exec until all run", f"stop {count}, until nothing is left"

    def act(tool):
        with bench.place() as place:
            running = tool.start(stack.sleepers(count, place.beacon), place.directory)
            try:
                names = [f"s{n:02}" for n in range(count)]
                started = place.beacon.wait("start", names, 20) - running.started
                # A tool that tells its services apart may still be busy with the last ones.
                time.sleep(0.3)
                stopped, left = running.stop(place.beacon.pids())
            finally:
                running.end()
        return started * 1000, stopped * 1000, left

    results = bench.rounds(up, bench.tools, act)
    bare = [bare_loop(bench, count) for _ in range(bench.runs)]
    peers = {tool: middle(values) for tool, values in results.items() if tool is not bench.flowlayer}
    goals = [
        (min((times[0] for times in peers.values()), default=None), 1, 0),
        (min((times[1] for times in peers.values()), default=None), 1.5, 10),
    ]
    for index, what in enumerate((up, down)):
        fastest, factor, more = goals[index]
        for tool, values in results.items():
            left = max(value[2] for value in values)
            remark = f"{left} services left when it had ended" if index and left else ""
            goal = None
            if tool is bench.flowlayer:
                goal = fastest and (fastest * factor + more, True)
                remark = "proves that no descendant is left" if index else ""
            bench.report.add(what, tool.name, [value[index] for value in values], "ms", goal, remark)
        if not index:
            bench.report.add(what, "bare loop", bare, "ms", None, "posix_spawn of the same, from one process")


def middle(values):
    import statistics
    return [statistics.median(value[n] for value in values) for n in (0, 1)]


def bare_loop(bench, count):
    """The same processes from a bare loop: what the machine gives just now."""
    with bench.place() as place:
        services = stack.sleepers(count, place.beacon).services
        begun = time.perf_counter()
        children = [
            os.posix_spawn("/bin/sh", service.argv, processes.environment()) for service in services
        ]
        took = place.beacon.wait("start", [service.name for service in services], 20) - begun
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return took * 1000
