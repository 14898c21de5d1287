"""An agent's session with `flowlayer mcp`, by the MCP Python SDK (`pip install mcp`).

Boots a stack, finds the service that fails, reads why, mends it, restarts it and ends the session; then checks
that nothing is left.

    python tests/mcp/agent.py target/debug/flowlayer
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

CONFIG = {
    "services": {
        "api": {"cmd": ["sleep", "1000"]},
        "worker": {
            "cmd": ["sh", "-c", "test -e mended || { echo no mended file >&2; exit 3; }; exec sleep 1000"],
            "ready": {"type": "exec", "cmd": ["test", "-e", "mended"]},
            "dependsOn": ["api"],
        },
    }
}


def field(thing, snake, camel):
    """A field of the SDK's models, whose names differ between its versions."""
    return getattr(thing, snake) if hasattr(thing, snake) else getattr(thing, camel)


async def call(session, tool, arguments=None, fails=False):
    """Calls a tool; the object it returns, which is also its text."""
    result = await session.call_tool(tool, arguments or {})
    text = result.content[0].text
    assert field(result, "is_error", "isError") == fails, f"{tool}: {text}"
    structured = field(result, "structured_content", "structuredContent")
    if structured is None:
        return text
    assert json.loads(text) == structured, text
    return structured


async def work(session, directory):
    """What an agent does."""
    await session.initialize()
    tools = {tool.name: tool for tool in (await session.list_tools()).tools}
    assert {"status", "why", "logs", "up", "restart", "down"} <= tools.keys(), tools
    hints = tools["status"].annotations
    assert field(hints, "read_only_hint", "readOnlyHint") is True

    assert "no session" in await call(session, "status", fails=True)
    up = await call(session, "up", fails=True)
    assert up["session"]["started"] and up["failed_services"] == ["worker"], up
    why = await call(session, "why", {"service": "worker"})
    assert why["causes"][0]["log"][0]["message"] == "no mended file", why
    logs = await call(session, "logs", {"grep": "mended"})
    assert logs["entries"][0]["service"] == "worker", logs

    (directory / "mended").touch()
    restarted = await call(session, "restart", {"service": "worker"})
    assert restarted["services"][0]["status"] == "ready", restarted
    assert (await call(session, "wait"))["ok"]
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        await call(session, "status")
        times.append(time.perf_counter() - begin)
    mistake = await call(session, "restart", {"service": 7}, fails=True)
    assert "The right form: restart" in mistake, mistake
    resources = (await session.list_resources()).resources
    text = (await session.read_resource(resources[0].uri)).contents[0].text
    assert json.loads(text) == CONFIG, text
    assert (await call(session, "down"))["ok"]
    return sorted(times)[len(times) // 2]


async def main(program):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "flowlayer.json").write_text(json.dumps(CONFIG))
        parameters = StdioServerParameters(
            command=str(Path(program).resolve()),
            args=["mcp"],
            cwd=name,
            env={"XDG_RUNTIME_DIR": name, "TMPDIR": name},
        )
        async with stdio_client(parameters) as (read, write):
            async with ClientSession(read, write) as session:
                median = await asyncio.wait_for(work(session, directory), 60)
        left = [entry for entry in os.listdir("/proc") if entry.isdigit() and is_in(entry, name)]
        assert not left, f"left behind: {left}"
    print(f"a stack booted, mended and ended; a call takes {median * 1000:.1f} ms")


def is_in(pid, directory):
    """Whether a process works in this directory."""
    try:
        return os.readlink(f"/proc/{pid}/cwd").startswith(directory)
    except OSError:
        return False


asyncio.run(main(sys.argv[1]))
