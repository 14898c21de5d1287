from .base import Tool, command


class Concurrently(Tool):
    name = "concurrently"
    keeps = "nothing; prints"
    keeps_in_files = "its stdout, one text file"

    def prepare(self, stack, directory):
        commands = [command(service) for service in stack.services]
        return [self.path, "--names", ",".join(stack.names), *commands], {}
