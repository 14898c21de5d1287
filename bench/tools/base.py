"""What every adapter does, and a stack that a tool has started."""

import fcntl
import os
import pty
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

import processes


class Tool:
    #: The program, and what the table calls it.
    name = ""
    version_arguments = ("--version",)
    #: Whether it needs a terminal to run at all.
    terminal = False
    #: What [`stack.Stack.needs`] it can meet.
    abilities = frozenset()
    #: What it keeps of the output of services, by itself and when it is to keep it in files.
    keeps = ""
    keeps_in_files = ""
    #: Whether it can keep output in files, its own or its stdout.
    files = "stdout"

    def __init__(self, path=None):
        self.path = path or shutil.which(self.name)

    def version(self):
        said = subprocess.run(
            [self.path, *self.version_arguments], capture_output=True, text=True, timeout=20,
            env=processes.environment(), cwd="/",
        ).stdout.strip()
        return said.splitlines()[-1].split()[-1].lstrip("v") if said else "?"

    def missing(self, stack):
        """What it cannot do of what a stack needs; empty if it can do all of it."""
        return sorted(stack.needs() - self.abilities)

    def start(self, stack, directory, output=None):
        """Starts a stack. `output` is the path that its standard output goes to, /dev/null when
        there is none."""
        argv, environment = self.prepare(stack, directory)
        return Running(self, argv, environment, directory, output or "/dev/null")

    def prepare(self, stack, directory):
        """Writes the configuration; tells the command line and more variables."""
        raise NotImplementedError

    def ask_to_stop(self, running):
        os.kill(running.pid, signal.SIGTERM)

    def own(self, running, services):
        """The pids of the tool itself, without the services and the shells around them."""
        program = processes.executable(running.pid)
        others = set(services)
        return [pid for pid in processes.below(running.pid)
                if pid not in others and processes.executable(pid) == program]

    def lines(self, directory, printed):
        """The files that have each line once when it has kept, or printed, all of them."""
        return [printed] if printed else []

    def arrived(self, left, directory, printed, seen):
        """Takes from the names that are left those of services whose last line is where the tool puts
        lines. `seen` is what it needs to remember from call to call."""
        for path in self.lines(directory, printed):
            at = seen.get(path, 0)
            with open(path, "rb") as file:
                file.seek(at)
                new = file.read()
            # A line may have been cut.
            seen[path] = max(0, at + len(new) - 100)
            left -= {name for name in left if f"END-OF-{name}".encode() in new}

    def kept(self, directory, printed):
        """How many lines there are."""
        found = 0
        for path in self.lines(directory, printed):
            with open(path, "rb") as file:
                while block := file.read(1 << 24):
                    found += block.count(b"\n")
        return found


def command(service):
    return shlex.join(service.argv)


class Running:
    """A tool at work. It has a time limit for everything and leaves nothing behind."""

    def __init__(self, tool, argv, environment, directory, output):
        self.tool, self.directory = tool, directory
        self.usage = None
        #: The terminal that it runs in, if it needs one.
        self.screen = None
        #: What was started beside it to tell it what to do.
        self.helpers = []
        environment = processes.environment() | environment
        self.started = time.perf_counter()
        if tool.terminal:
            self.process = self._in_a_terminal(argv, environment, directory)
        else:
            with open(output, "ab") as out:
                self.process = subprocess.Popen(
                    argv, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                    stdout=out, stderr=subprocess.DEVNULL, start_new_session=True,
                )
        self.pid = self.process.pid

    def _in_a_terminal(self, argv, environment, directory):
        self.screen, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))

        def take_it():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        process = subprocess.Popen(argv, cwd=directory, env=environment, stdin=inner, stdout=inner,
                                   stderr=inner, preexec_fn=take_it)
        os.close(inner)
        # Whatever it draws is taken at once, as a terminal would.
        threading.Thread(target=drain, args=(self.screen,), daemon=True).start()
        return process

    def type(self, keys):
        os.write(self.screen, keys)

    def wait(self, seconds):
        """Waits for the end of the tool; tells when it was. What it and the services that it has
        waited for have cost is known from then on."""
        deadline = time.perf_counter() + seconds
        while self.usage is None:
            pid, _, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.usage = usage
                self.process.returncode = 0
                self.ended = time.perf_counter()
                break
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{self.tool.name} does not end")
            time.sleep(0.0005)
        return self.ended

    def stop(self, services=(), seconds=30):
        """Asks it to stop and waits until it has ended and none of the services is left. Tells the
        seconds, and how many services were left when it had ended."""
        begun = time.perf_counter()
        self.tool.ask_to_stop(self)
        ended = self.wait(seconds)
        left = [pid for pid in services if processes.alive(pid)]
        count = len(left)
        while left:
            if time.perf_counter() - begun > seconds:
                raise TimeoutError(f"{self.tool.name} leaves {len(left)} services")
            time.sleep(0.001)
            left = [pid for pid in left if processes.alive(pid)]
            ended = time.perf_counter()
        return ended - begun, count

    def end(self):
        """Ends what is left, however it is."""
        processes.end_all()
        if self.usage is None:
            self.process.wait()
        for helper in self.helpers:
            helper.wait()
        if self.screen is not None:
            os.close(self.screen)
            self.screen = None


def drain(screen):
    """Takes whatever is drawn until there is nobody left to draw."""
    try:
        while os.read(screen, 1 << 16):
            pass
    except OSError:
        return
