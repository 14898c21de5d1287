"""What is to be run, in no tool's own words."""

import dataclasses
import os
import random
import sys

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")


@dataclasses.dataclass
class Service:
    name: str
    #: Programs and arguments; only words that no shell and no format needs to quote.
    argv: list
    #: Ends by itself, and is up when it has ended with 0.
    oneshot: bool = False
    after: list = dataclasses.field(default_factory=list)
    #: ("tcp", port), ("http", port) or ("log", pattern).
    ready: tuple | None = None


@dataclasses.dataclass
class Stack:
    services: list
    #: Whether all output is to be kept in files.
    files: bool = False
    #: More of the tool's own configuration, FlowLayer's only.
    extra: dict = dataclasses.field(default_factory=dict)

    @property
    def names(self):
        return [service.name for service in self.services]

    def needs(self):
        """What a tool must be able to do for it."""
        needs = set()
        for service in self.services:
            if service.after:
                ends = any(s.oneshot for s in self.services if s.name in service.after)
                needs.add("dependencies on completion" if ends else "dependencies")
            if service.ready:
                needs.add(service.ready[0] + " probes")
        return needs


def program(name, *arguments):
    interpreter = [sys.executable, "-S", "-E"] if name.endswith(".py") else ["/bin/sh"]
    return [*interpreter, os.path.join(PROGRAMS, name), *map(str, arguments)]


def sleepers(count, beacon):
    """Services that report their start and then do nothing."""
    return Stack([
        Service(f"s{n:02}", program("sleeper.sh", beacon.path, f"s{n:02}")) for n in range(count)
    ])


def flood(services, lines, width, beacon, files=False):
    """Services that print `lines` lines each, `width` bytes long or just counting (0)."""
    return Stack([
        Service(f"s{n:02}", program("flood.sh", beacon.path, f"s{n:02}", lines, width))
        for n in range(services)
    ], files)


def chain(count, milliseconds, beacon):
    """Oneshots, each after the one before."""
    names = [f"s{n:02}" for n in range(count)]
    return Stack([
        Service(name, ["sleep", str(milliseconds / 1000)], oneshot=True, after=names[n - 1:n] if n else [])
        for n, name in enumerate(names)
    ] + [Service("last", program("sleeper.sh", beacon.path, "last"), after=names[-1:])])


def diamond(width, beacon, longest=100):
    """One oneshot, `width` in parallel of which the slowest takes `longest` ms, and one more."""
    draw = random.Random(7)
    times = [longest] + [draw.randrange(5, longest) for _ in range(width - 1)]
    middle = [
        Service(f"m{n:02}", ["sleep", str(time / 1000)], oneshot=True, after=["first"])
        for n, time in enumerate(times)
    ]
    first = Service("first", ["sleep", "0.05"], oneshot=True)
    final = Service("final", ["sleep", "0.05"], oneshot=True, after=[s.name for s in middle])
    last = Service("last", program("sleeper.sh", beacon.path, "last"), after=["final"])
    return Stack([first, *middle, final, last])


def probed(count, kind, milliseconds, beacon, port):
    """Daemons, each ready `milliseconds` (a function of its index) after its start by a probe of
    this kind and started after the one before."""
    services = []
    for n in range(count):
        name = f"s{n:02}"
        argv = program("listen.py", beacon.path, name, kind, port + n, milliseconds(n))
        ready = ("log", "ready.to.serve") if kind == "log" else (kind, port + n)
        services.append(Service(name, argv, after=[f"s{n - 1:02}"] if n else [], ready=ready))
    return Stack(services)
