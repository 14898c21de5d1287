"""The family that reads a Procfile and prints everything: neither dependencies nor probes."""

import os

from .base import Tool, command


class Procfile(Tool):
    arguments = ()
    keeps = "nothing; prints"
    keeps_in_files = "its stdout, one text file"

    def prepare(self, stack, directory):
        with open(os.path.join(directory, "Procfile"), "w") as file:
            file.writelines(f"{service.name}: {command(service)}\n" for service in stack.services)
        return [self.path, "start", "-f", "Procfile", *self.arguments], self.variables(directory)

    def variables(self, directory):
        return {}


class Honcho(Procfile):
    name = "honcho"
    version_arguments = ("version",)
    # A process of its own for each service, that hands the lines on.


class Foreman(Procfile):
    name = "foreman"
    version_arguments = ("version",)


class Hivemind(Procfile):
    name = "hivemind"

    def prepare(self, stack, directory):
        _, variables = super().prepare(stack, directory)
        return [self.path, "Procfile"], variables


class Overmind(Procfile):
    name = "overmind"
    keeps = "what tmux scrolls back; prints"

    def variables(self, directory):
        return {"OVERMIND_SOCKET": os.path.join(directory, "overmind.sock"), "OVERMIND_NO_PORT": "1"}
