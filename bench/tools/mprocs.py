import json
import os

from .base import Tool


class Mprocs(Tool):
    name = "mprocs"
    terminal = True
    keeps = "1,000 screen lines a service; draws one of them"
    keeps_in_files = "raw bytes, one file a service"
    files = "own"

    def prepare(self, stack, directory):
        # It names a default of its own for everything else, and JSON is YAML.
        config = {"procs": {service.name: {"cmd": service.argv} for service in stack.services}}
        with open(os.path.join(directory, "mprocs.yaml"), "w") as file:
            json.dump(config, file)
        logs = ["--log-dir", "logs"] if stack.files else []
        return [self.path, "--config", "mprocs.yaml", *logs], {}

    def ask_to_stop(self, running):
        running.type(b"q")

    def lines(self, directory, printed):
        logs = os.path.join(directory, "logs")
        return [os.path.join(logs, name) for name in os.listdir(logs)] if os.path.isdir(logs) else []
