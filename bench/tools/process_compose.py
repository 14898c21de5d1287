import json
import os

from .base import Tool, command


class ProcessCompose(Tool):
    name = "process-compose"
    version_arguments = ("version", "--short")
    abilities = frozenset(["dependencies", "dependencies on completion", "http probes"])
    keeps = "last 1,000 lines a service; prints"
    keeps_in_files = "every line, one text file"
    files = "own"

    def prepare(self, stack, directory):
        probed = {service.name for service in stack.services if service.ready}
        oneshot = {service.name for service in stack.services if service.oneshot}
        processes = {}
        for service in stack.services:
            entry = {"command": command(service)}
            if service.after:
                entry["depends_on"] = {
                    name: {
                        "condition": "process_completed_successfully" if name in oneshot
                        else "process_healthy" if name in probed else "process_started",
                    }
                    for name in service.after
                }
            if service.ready:
                _, port = service.ready
                get = {"host": "127.0.0.1", "scheme": "http", "path": "/", "port": port}
                # A second is the shortest that it knows.
                entry["readiness_probe"] = {"http_get": get, "period_seconds": 1}
            processes[service.name] = entry
        config = {"version": "0.5", "processes": processes}
        if stack.files:
            config["log_location"] = os.path.join(directory, "all.log")
        with open(os.path.join(directory, "process-compose.yaml"), "w") as file:
            json.dump(config, file)
        arguments = ["up", "--tui=false", "--no-server", "--keep-project", "-f", "process-compose.yaml"]
        return [self.path, *arguments], {}

    def lines(self, directory, printed):
        log = os.path.join(directory, "all.log")
        return [log] if os.path.exists(log) else super().lines(directory, printed)
