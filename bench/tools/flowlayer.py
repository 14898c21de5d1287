import json
import os
import re
import tempfile
import time

import processes

from .base import Running, Tool


class FlowLayer(Tool):
    name = "flowlayer"
    abilities = frozenset([
        "dependencies", "dependencies on completion", "tcp probes", "http probes", "log probes",
    ])
    keeps = "last 5,000 entries a service, numbered; prints"
    keeps_in_files = "every entry as JSONL, twice (all and by service)"
    files = "own"

    def prepare(self, stack, directory):
        services = {}
        for service in stack.services:
            entry = {"cmd": service.argv}
            if service.oneshot:
                entry["kind"] = "oneshot"
            if service.after:
                entry["dependsOn"] = service.after
            if service.ready:
                kind, how = service.ready
                entry["ready"] = {"type": kind} | {
                    "tcp": lambda: {"port": how},
                    "http": lambda: {"url": f"http://127.0.0.1:{how}/"},
                    "log": lambda: {"pattern": how},
                }[kind]()
            services[service.name] = entry
        config = {"services": services} | stack.extra
        if stack.files:
            config["logs"] = {"dir": "logs"} | config.get("logs", {})
        with open(os.path.join(directory, "flowlayer.jsonc"), "w") as file:
            json.dump(config, file)
        return [self.path, "serve", "flowlayer.jsonc"], {}

    def serve(self, stack, directory, *arguments):
        """Starts it with more arguments, its boot readable line by line."""
        argv, environment = self.prepare(stack, directory)
        output = tempfile.mkstemp(prefix="boot-", dir=directory)[1]
        environment["XDG_RUNTIME_DIR"] = directory
        os.chmod(directory, 0o700)
        running = Running(self, argv + list(arguments), environment, directory, output)
        running.boot = output
        return running

    def lines(self, directory, printed):
        logs = os.path.join(directory, "logs", "all.jsonl")
        return [logs] if os.path.exists(logs) else super().lines(directory, printed)

    def arrived(self, left, directory, printed, seen):
        logs = os.path.join(directory, "logs")
        if not os.path.isdir(logs):
            super().arrived(left, directory, printed, seen)
            return
        for name in list(left):
            path = os.path.join(logs, name + ".jsonl")
            if not os.path.exists(path):
                continue
            with open(path, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
                if f"END-OF-{name}".encode() in file.read():
                    left.remove(name)


def boot(running, seconds=20):
    """Waits for the end of a boot; tells where the session API is, if it is anywhere."""
    deadline = time.perf_counter() + seconds
    while True:
        with open(running.boot, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if "\nSTARTUP" in text:
            address = re.search(r"session API: (127\.0\.0\.1):(\d+)", text)
            return address and (address[1], int(address[2]))
        if time.perf_counter() > deadline or not processes.alive(running.pid):
            raise TimeoutError("flowlayer serve did not come up: " + text[-500:])
        time.sleep(0.001)
