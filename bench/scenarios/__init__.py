"""What is measured, in the order of the table."""

from . import cockpit, commands, flood, follow, idle, order, queries, spawn

ALL = {
    "commands": commands.measure,
    "spawn": spawn.measure,
    "order": order.measure,
    "flood": flood.measure,
    "follow": follow.measure,
    "queries": queries.measure,
    "idle": idle.measure,
    "cockpit": cockpit.measure,
}
