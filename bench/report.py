"""What was measured, and the table that BENCHMARKS.md shows."""

import dataclasses
import statistics

#: Unit → digits after the point.
DIGITS = {"ms": 1, "s": 2, "MB": 1, "%": 1, "/s": 0, "MB/s": 0, "M lines/s": 2, "s CPU/M lines": 3, "": 0}


@dataclasses.dataclass
class Row:
    what: str
    tool: str
    values: list
    unit: str
    #: (limit, whether the figure is to be at most that) or None.
    goal: tuple | None = None
    remark: str = ""
    #: Whether more is better.
    more: bool = False

    @property
    def middle(self):
        return statistics.median(self.values)

    def met(self):
        limit, at_most = self.goal
        return self.middle <= limit if at_most else self.middle >= limit


def number(value, unit):
    digits = DIGITS.get(unit, 2)
    if unit in ("ms", "MB") and abs(value) >= 1000:
        digits = 0
    return f"{value:,.{digits}f}"


class Report:
    def __init__(self):
        self.rows = []
        self.failures = []
        #: What was not asked of whom, because the tool has no such thing.
        self.unable = {}

    def cannot(self, what, tools):
        if tools:
            self.unable.setdefault(tuple(tools), []).append(what)

    def add(self, what, tool, values, unit, goal=None, remark="", more=False):
        row = Row(what, tool, list(values), unit, goal, remark, more)
        if not row.values:
            return
        self.rows.append(row)
        spread = f"{number(min(row.values), unit)} to {number(max(row.values), unit)}"
        print(f"  {what:58} {tool:16} {number(row.middle, unit):>10} {unit:9} ({spread}) {remark}",
              flush=True)

    def fail(self, what, tool, problem):
        self.failures.append((what, tool, str(problem)))
        print(f"  {what:58} {tool:16} FAILED: {problem}", flush=True)

    def first(self, what, tool="flowlayer"):
        return next((row for row in self.rows if row.what == what and row.tool == tool), None)

    def markdown(self):
        lines = [
            "| what | tool | figure (range) | FlowLayer ahead by | goal | what it keeps; remarks |",
            "|---|---|---|---|---|---|",
        ]
        shown = None
        for row in self.rows:
            spread = ""
            if len(row.values) > 1:
                spread = f" ({number(min(row.values), row.unit)} to {number(max(row.values), row.unit)})"
            figure = f"{number(row.middle, row.unit)} {row.unit}".rstrip() + spread
            lines.append("| " + " | ".join([
                row.what if row.what != shown else "…",
                row.tool, figure, self.ratio(row), self.goal(row), row.remark or " ",
            ]) + " |")
            shown = row.what
        for what, tool, problem in self.failures:
            lines.append(f"| {what} | {tool} | failed | | | {problem} |")
        for tools, whats in self.unable.items():
            lines += ["", f"Not a thing of {', '.join(tools)}: {'; '.join(whats)}."]
        return "\n".join(lines)

    def ratio(self, row):
        """How many times better FlowLayer's figure is; below 1 the other one is ahead."""
        base = self.first(row.what)
        if row.tool == "flowlayer" or not base or base.middle <= 0 or row.middle <= 0:
            return ""
        times = base.middle / row.middle if row.more else row.middle / base.middle
        return f"{times:.2f} ×" if times < 10 else f"{times:,.0f} ×"

    def goal(self, row):
        if not row.goal:
            return ""
        limit, at_most = row.goal
        sign = "≤" if at_most else "≥"
        return f"{sign} {number(limit, row.unit)}: {'yes' if row.met() else '**no**'}"
