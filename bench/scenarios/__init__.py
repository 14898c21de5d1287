"""What is measured, in the order of the table."""

from . import commands, flood, follow, idle, order, queries, spawn

ALL = {
    "commands": commands.measure,
    "spawn": spawn.measure,
    "order": order.measure,
    "flood": flood.measure,
    "follow": follow.measure,
    "queries": queries.measure,
    "idle": idle.measure,
}
