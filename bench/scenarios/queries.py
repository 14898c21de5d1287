"""A log of 10,000,000 lines in files: asking for any part of it, and starting with it."""

import os
import random
import shutil
import subprocess
import time

import processes
import stack
import websocket
from tools.flowlayer import boot

from .flood import missing


def measure(bench):
    lines = 100_000 if bench.quick else 10_000_000
    tool = bench.flowlayer
    what = f"{lines:,} lines in files"
    if shutil.disk_usage(bench.home).free < 8e9:
        bench.report.fail(what, tool.name, "less than 8 GB free")
        return
    with bench.place() as place:
        extra = {"logs": {"maxBytes": 1 << 40}}
        fill = stack.flood(1, lines, 0, place.beacon, files=True)
        fill.extra = extra
        running = tool.serve(fill, place.directory, "--quiet")
        try:
            place.beacon.wait("done", fill.names, 120)
            running.stop(place.beacon.pids(), 60)
        finally:
            running.end()
        lost = missing(tool, place.directory, None, 1, lines)
        if lost:
            bench.report.fail(what, tool.name, f"{lost} lines are not in the files")
            return
        size = os.path.getsize(os.path.join(place.directory, "logs", "all.jsonl")) / 1e9

        grep(bench, place.directory, lines, size)

        # A second session over the same files; the service does nothing.
        later = stack.Stack([stack.Service("s00", ["sleep", "1000"])], files=True, extra=extra)
        starts = []
        for _ in range(bench.runs):
            running = tool.serve(later, place.directory, "--quiet")
            try:
                boot(running)
                starts.append((time.perf_counter() - running.started) * 1000)
                running.stop()
            finally:
                running.end()
        bench.report.add(f"start with {what}", tool.name, starts, "ms", (100, True), f"{size:.1f} GB each")

        running = tool.serve(later, place.directory, "--quiet", "-s", "127.0.0.1:0", "--token",
                             websocket.TOKEN)
        try:
            client = websocket.Client(boot(running))
            draw = random.Random(1)
            for kind, payload in [("all services", {}), ("one service", {"service": "s00"})]:
                times = []
                for _ in range(50 if bench.quick else 400):
                    before = draw.randrange(501, lines)
                    seconds, answer = client.ask("get_logs", payload | {"before_seq": before})
                    if answer.count(b'"seq":') != 500 or b'"seq":%d,' % (before - 1) not in answer:
                        raise ValueError(f"not the entries before {before}: {answer[:200]!r}")
                    times.append(seconds * 1000)
                bench.report.add(f"`get_logs` anywhere in {what}, {kind}: 99 of 100 within", tool.name,
                                 [percentile(times, 99)], "ms", (10, True), "500 entries; over the WebSocket")
                bench.report.add(f"`get_logs` anywhere in {what}, {kind}: median", tool.name,
                                 [percentile(times, 50)], "ms")
            client.close()
            running.stop()
        except Exception as problem:  # noqa: BLE001: whatever it is, it is reported
            bench.report.fail(what, tool.name, f"{type(problem).__name__}: {problem}")
        finally:
            running.end()


def grep(bench, directory, lines, size):
    """Searching all of it without a session."""
    tool = bench.flowlayer
    environment = processes.environment() | {"XDG_RUNTIME_DIR": directory}
    if subprocess.run([tool.path, "logs", "--help"], capture_output=True, check=False).returncode:
        bench.report.cannot("`logs --grep`", [tool.name])
        return

    def act(pattern):
        begun = time.perf_counter()
        found = subprocess.run(
            [tool.path, "logs", "--config", "flowlayer.jsonc", "--limit", "all", "--grep", pattern],
            cwd=directory, env=environment, capture_output=True, check=True, timeout=120,
        ).stdout.count(b"\n")
        return time.perf_counter() - begun, found

    for kind, pattern, wanted in [
        ("a literal", f"{lines - 1}", 1),
        # Five of each 100,000, but for 9,999 itself.
        ("an expression", "[0-4]9999$", lines // 20_000 - 1),
    ]:
        what = f"`logs --grep` over {lines:,} lines in files, {kind}"

        def once(_, pattern=pattern, wanted=wanted):
            took, found = act(pattern)
            if found != wanted:
                raise ValueError(f"{found} lines instead of {wanted}")
            return size * 1000 / took

        for _, values in bench.rounds(what, [tool], once).items():
            bench.report.add(what, tool.name, values, "MB/s", (300, False), "of JSONL", more=True)


def percentile(times, percent):
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]
