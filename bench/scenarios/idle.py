"""50 services that do nothing: what the tool itself does and takes meanwhile."""

import time

import processes
import stack
import websocket
from tools.flowlayer import boot


def measure(bench):
    count, seconds = (5, 1) if bench.quick else (50, 10)
    what = f"idle with {count} services, {seconds} s"

    def act(tool):
        with bench.place() as place:
            work = stack.sleepers(count, place.beacon)
            if tool is bench.flowlayer:
                running = tool.serve(work, place.directory, "--quiet", "-s", "127.0.0.1:0", "--token",
                                     websocket.TOKEN)
            else:
                running = tool.start(work, place.directory)
            try:
                place.beacon.wait("start", work.names, 20)
                if tool is bench.flowlayer:
                    boot(running)
                time.sleep(1 if bench.quick else 4)
                own = tool.own(running, place.beacon.pids())
                woken, used = total(processes.switches, own), total(processes.cpu, own)
                time.sleep(seconds)
                woken = total(processes.switches, own) - woken
                used = total(processes.cpu, own) - used
                size = total(processes.memory, own)
                running.stop(place.beacon.pids())
            finally:
                running.end()
        # A thread that has ended meanwhile takes with it what it has used.
        return max(0, woken) / seconds, max(0, used) * 1000 / seconds, size / 1e6

    results = bench.rounds(what, bench.tools, act, runs=1)
    for index, name, unit, goal in [
        (0, "context switches", "/s", (0, True)), (1, "CPU, ms a second", "ms", None),
        (2, "memory (PSS)", "MB", (10, True)),
    ]:
        for tool, values in results.items():
            own = tool is bench.flowlayer
            remark = "with an open session API, guardian included" if own else ""
            bench.report.add(f"{what}: {name}", tool.name, [value[index] for value in values], unit,
                             goal if own else None, remark)


def total(reading, pids):
    return sum(reading(pid) for pid in pids)
