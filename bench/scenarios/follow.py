"""50 services that print 50,000 lines a second between them, and clients of the session API that
follow: each counts the frames of its `log` events, in a process of its own."""

import multiprocessing
import os
import statistics
import time

import processes
import stack
import websocket
from tools.flowlayer import boot


def measure(bench):
    seconds = 1 if bench.quick else 8
    services = 5 if bench.quick else 50
    lines = services * 1000 * seconds
    rate = f"{services * 1000:,} lines/s"
    kinds = [("0 clients", 0, 0), ("1 client", 1, 0), ("10 clients", 10, 0),
             ("1 client and one that stopped reading", 1, 1)]
    results = {}
    for _ in range(1 if bench.quick else 2):
        for kind, clients, stalled in kinds:
            what = f"{rate}, {kind}"
            if what in bench.failed:
                continue
            try:
                results.setdefault(what, []).append(
                    once(bench, services, seconds, lines, clients, stalled))
            except Exception as problem:  # noqa: BLE001: whatever it is, it is reported
                bench.failed.add(what)
                bench.report.fail(what, "flowlayer", f"{type(problem).__name__}: {problem}")
            finally:
                processes.end_all()
    for what, values in results.items():
        dropped = sum(value["dropped"] for value in values)
        goal = (35, True) if "10 clients" in what else None
        bench.report.add(f"{what}: server", "flowlayer", [v["cpu"] * 100 / v["seconds"] for v in values],
                         "%", goal, "of a core, guardian included")
        if any(value["late"] for value in values):
            bench.report.add(f"{what}: lines dropped", "flowlayer", [dropped], "", (0, True),
                             f"of {lines:,} to each client")
            bench.report.add(f"{what}: from print to client", "flowlayer",
                             [statistics.median(value["late"]) for value in values], "ms")


    asked(bench, services, seconds, rate)


def asked(bench, services, seconds, rate):
    """The default page of `get_logs`, asked for over and over when all buffers are full and lines
    still come in."""
    what = f"`get_logs`, default page over {services} full buffers, {rate}"
    with bench.place() as place:
        try:
            running, gate, names = start(bench, place, services, seconds)
            client = websocket.Client(boot(running))
            place.beacon.wait("start", names, 20)
            os.mkdir(gate)
            # Each keeps 5,000 entries.
            time.sleep(min(5.2, seconds / 2))
            times, end = [], time.monotonic() + min(2, seconds / 3)
            while time.monotonic() < end:
                took, answer = client.ask("get_logs")
                if answer.count(b'"seq":') != 500:
                    raise ValueError(f"not 500 entries: {answer[:200]!r}")
                times.append(took * 1000)
                time.sleep(0.001)
            running.stop(place.beacon.pids())
        except Exception as problem:  # noqa: BLE001: whatever it is, it is reported
            bench.report.fail(what, "flowlayer", f"{type(problem).__name__}: {problem}")
            return
        finally:
            processes.end_all()
    times.sort()
    bench.report.add(f"{what}: 99 of 100 within", "flowlayer", [times[len(times) * 99 // 100]], "ms",
                     None, f"{len(times):,} pages of 500 entries; over the WebSocket, beside all events")
    bench.report.add(f"{what}: median", "flowlayer", [times[len(times) // 2]], "ms")


def start(bench, place, services, seconds):
    """A session whose services print when the gate exists."""
    gate = os.path.join(place.directory, "gate")
    names = [f"s{n:02}" for n in range(services)]
    work = stack.Stack([
        stack.Service(name, stack.program("paced.py", place.beacon.path, name, 1000, seconds, gate))
        for name in names
    ])
    return bench.flowlayer.serve(work, place.directory, "--quiet", "-s", "127.0.0.1:0",
                                 "--token", websocket.TOKEN), gate, names


def once(bench, services, seconds, lines, clients, stalled):
    with bench.place() as place:
        running, gate, names = start(bench, place, services, seconds)
        followers = []
        try:
            address = boot(running)
            for _ in range(clients):
                here, there = multiprocessing.Pipe(duplex=False)
                follower = multiprocessing.Process(
                    target=websocket.follow, args=(address, seconds + 10, lines, there), daemon=True)
                follower.start()
                followers.append((follower, here))
            idle = [websocket.Client(address) for _ in range(stalled)]
            place.beacon.wait("start", names, 20)
            time.sleep(0.5)
            servers = bench.flowlayer.own(running, [])
            before = sum(processes.cpu(pid) for pid in servers)
            begun = time.monotonic()
            os.mkdir(gate)
            place.beacon.wait("done", names, seconds + 20)
            took = time.monotonic() - begun
            used = sum(processes.cpu(pid) for pid in servers) - before
            told = []
            for _, here in followers:
                if not here.poll(20):
                    raise TimeoutError("a client never told what it has seen")
                told.append(here.recv())
            for client in idle:
                client.close()
            running.stop(place.beacon.pids())
        finally:
            for follower, _ in followers:
                follower.kill()
                follower.join()
            running.end()
    return {
        "cpu": used, "seconds": took,
        "dropped": sum(lines - count for count, _ in told),
        "late": [late for _, delays in told for late in delays],
    }
