"""Commands that come back at once, and the size of the program."""

import json
import os
import subprocess
import threading
import time

import processes


def config(services, cmd, chain=False):
    entries = {}
    for n in range(services):
        entry = {"cmd": cmd}
        if chain and n:
            entry["dependsOn"] = [f"s{n - 1:05}"]
        entries[f"s{n:05}"] = entry
    return "{\n\"services\": {\n" + ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()
    ) + "\n}\n}\n"


def measure(bench):
    tool = bench.flowlayer
    bench.report.add("size of the release binary", tool.name, [os.path.getsize(tool.path) / 1e6],
                     "MB", (8, True))
    long = ["sh", "-c", "exec some-server --port 1234 --a-long-option-to-make-it-longer and more"]
    configs = {
        "thousand.jsonc": config(1000, ["sleep", "1000"], chain=True),
        "megabyte.jsonc": config(9000, long),
        "chain.jsonc": config(10_000, ["sleep", "1000"], chain=True),
    }
    with bench.place() as place:
        for name, text in configs.items():
            with open(os.path.join(place.directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        megabytes = len(configs["megabyte.jsonc"]) / 1e6

        def run(arguments):
            begun = time.perf_counter()
            command = subprocess.Popen([tool.path, *arguments], stdout=subprocess.DEVNULL,
                                       cwd=place.directory, env=processes.environment())
            # Waiting with a limit looks again and again, at moments ever further apart.
            limit = threading.Timer(20, command.kill)
            limit.start()
            status = command.wait()
            took = time.perf_counter() - begun
            limit.cancel()
            if status:
                raise ValueError(f"{arguments} ended with {status}")
            return took * 1000

        for what, arguments, goal in [
            ("`flowlayer --version`", ["--version"], 3),
            ("`validate`, 1,000 services", ["validate", "thousand.jsonc"], 10),
            (f"`validate`, {megabytes:.2f} MB in 9,000 services", ["validate", "megabyte.jsonc"], 50),
            ("`plan`, a chain of 10,000", ["plan", "chain.jsonc"], 100),
        ]:
            times = bench.rounds(what, [tool], lambda _: run(arguments), bench.runs * 3)
            bench.report.add(what, tool.name, times.get(tool, []), "ms", (goal, True))
