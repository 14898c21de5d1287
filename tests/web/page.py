"""The page of `flowlayer web` in a real browser.

Usage: python tests/web/page.py FLOWLAYER CHROMIUM [PICTURES]

Needs the package playwright and any Chromium. With PICTURES, a directory, writes the pictures of docs/web.md there.
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from playwright.sync_api import expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
DEADLINE = 30_000

API = """i=0; while :; do i=$((i+1));
printf '{"level":"info","msg":"GET /orders/%s","ms":%s}\\n' $i $((i % 40));
[ $((i % 5)) = 0 ] && echo "WARN slow query: order $i" >&2; sleep 0.2; done"""

# What a stack of a usual morning is: something works, something fails, something waits for it.
SHOP = {
    "db": {"cmd": ["sh", "-c", "echo database system is ready; exec sleep 100000"]},
    "cache": {"cmd": ["sh", "-c", "echo ready to accept connections; exec sleep 100000"]},
    "migrate": {"kind": "oneshot", "cmd": ["sh", "-c", "echo 12 migrations applied"], "dependsOn": ["db"]},
    "api": {"cmd": ["sh", "-c", API], "dependsOn": ["migrate", "cache"]},
    "worker": {"cmd": ["sh", "-c", "echo 'ERROR no queue at :5672' >&2; exit 3"], "dependsOn": ["cache"],
               "ready": {"type": "tcp", "port": 1}},
    "mailer": {"cmd": ["sleep", "100000"], "dependsOn": ["worker"]},
    "debug": {"cmd": ["sleep", "100000"], "autoStart": False},
}


# Lets many services begin in the same moment.
GATE = 'until [ -e go ]; do sleep 0.2; done; exec "$0" -c "$1"'


class Stack:
    """A configuration, its `serve`, and the directory in which its sessions are registered."""

    def __init__(self, flowlayer, name, services, runtime, extra=None):
        self.flowlayer, self.runtime = flowlayer, runtime
        self.directory = runtime / name
        self.directory.mkdir()
        (self.directory / "flowlayer.jsonc").write_text(json.dumps({"services": services, **(extra or {})}))
        self.server = None

    def run(self, *arguments):
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.runtime), "TMPDIR": str(self.runtime)}
        return subprocess.Popen(
            [self.flowlayer, *arguments], cwd=self.directory, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def status(self, *services):
        status = self.run("status", *services)
        return status.communicate(timeout=30)[0]

    def start(self):
        self.server = self.run("serve", "-s", "127.0.0.1:0", "-q")
        for line in self.server.stdout:
            if "session token" in line:
                break
        threading.Thread(target=self.server.stdout.read, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(30)
            self.server = None


@contextlib.contextmanager
def session(flowlayer, name, services, runtime, **rest):
    stack = Stack(flowlayer, name, services, runtime, **rest).start()
    try:
        yield stack
    finally:
        stack.stop()


@contextlib.contextmanager
def bridge(stack):
    web = stack.run("web", "--no-open")
    try:
        yield web.stdout.readline().strip()
    finally:
        web.send_signal(signal.SIGINT)
        assert web.wait(10) == 0


@contextlib.contextmanager
def another_site(body):
    """A page of another port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.cookies = self.headers.get("Cookie", "")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


class Browser:
    """A browser in which every message of the console is a failure."""

    def __init__(self, chromium):
        self.chromium, self.complaints = chromium, []

    def __enter__(self):
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=self.chromium, args=FLAGS)
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.playwright.stop()

    def context(self, width=1400, height=800, **rest):
        context = self.browser.new_context(viewport={"width": width, "height": height}, **rest)
        context.set_default_timeout(DEADLINE)
        return context

    def page(self, context, address, strict=True):
        page = context.new_page()
        if strict:
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.goto(address)
        return page

    def check(self):
        complaints = [one for one in self.complaints if "ERR_CONNECTION_REFUSED" not in one and "WebSocket" not in one]
        assert not complaints, complaints


def row(page, name):
    return page.locator(f'#services [data-name="{name}"]')


def connected(page):
    expect(page.locator("#connection")).to_have_text("connected", timeout=DEADLINE)


def until(page, condition, timeout=DEADLINE):
    """Waits for an expression; `wait_for_function` would need a weaker policy of the page."""
    end = time.monotonic() + timeout / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never: {condition}; rows: {lines(page)[-5:]}"
        time.sleep(0.02)


def lines(page):
    return page.locator(".pane .row .text").all_inner_texts()


def folding(browser, address):
    """The cases that the client in Rust is tested with too."""
    page = browser.page(browser.context(), address, strict=False)
    cases = json.loads((ROOT / "src/client/fold.json").read_text())
    for case in cases:
        services = page.evaluate(
            """async (events) => {
                const { fold, fresh } = await import("/state.js");
                const state = fresh();
                for (const event of events) fold(state, event);
                return [...state.services.values()];
            }""",
            case["events"],
        )
        assert len(services) == len(case["services"]), case["name"]

        def holds(actual, expected):
            if isinstance(expected, dict):
                return all(holds((actual or {}).get(name), field) for name, field in expected.items())
            return actual == expected

        for service, expected in zip(services, case["services"]):
            assert holds(service, expected), (case["name"], service)
    levels = json.loads((ROOT / "src/logs/level.json").read_text())
    found = page.evaluate(
        """async (messages) => {
            const { line } = await import("/log.js");
            return messages.map((message) => line({ message }).level);
        }""",
        [message for message, _ in levels],
    )
    wrong = [(message, level, was) for (message, level), was in zip(levels, found) if level != was]
    assert not wrong, wrong
    page.context.close()


def morning(browser, address, shop, pictures):
    """What one does in the cockpit on a usual morning."""
    context = browser.context()
    page = browser.page(context, address)
    connected(page)
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert "#code" not in page.url, page.url
    assert not page.evaluate("document.cookie"), "scripts cannot read the cookie"
    expect(row(page, "worker")).to_have_attribute("data-state", "failed")
    expect(row(page, "mailer")).to_contain_text("worker failed")
    expect(page.locator("#count")).to_contain_text("2 failed or blocked")
    assert page.title().startswith("✗ 2 shop"), page.title()
    assert "icon-down" in page.locator("#icon").get_attribute("href")
    until(page, "document.querySelectorAll('.row.warn').length > 1")
    if pictures:
        page.screenshot(path=pictures / "web.png")
    # A reload needs no code.
    page.reload()
    connected(page)

    # The keys of the cockpit.
    page.keyboard.press("!")
    expect(page.locator("#services li").nth(1)).to_have_attribute("data-name", "worker")
    page.keyboard.press("j")
    expect(row(page, "worker")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".pane .row.error")).to_contain_text("no queue")
    page.keyboard.press("d")
    expect(page.locator("dialog")).to_contain_text("exit code")
    if pictures:
        page.screenshot(path=pictures / "web-details.png")
    page.keyboard.press("Escape")
    page.keyboard.press("!")
    row(page, "api").click()
    pid = page.evaluate("document.title")
    before = row(page, "api").locator(".age").inner_text()
    page.keyboard.press("r")
    expect(page.locator("#message")).to_have_text("restart api: done")
    assert before and pid
    row(page, "debug").click()
    page.keyboard.press("s")
    expect(row(page, "debug")).to_have_attribute("data-state", "ready")
    page.keyboard.press("x")
    expect(row(page, "debug")).to_have_attribute("data-state", "stopped")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("switch to another session")
    page.keyboard.press("Escape")

    # Stopping what others need.
    row(page, "cache").click()
    page.keyboard.press("d")
    page.get_by_role("button", name="restart with dependents").click()
    page.keyboard.press("Escape")
    expect(page.locator("#message")).to_have_text("start api: done", timeout=DEADLINE)

    # Side by side, and closed again.
    row(page, "db").click()
    row(page, "api").get_by_role("button", name="beside").click()
    expect(page.locator(".pane")).to_have_count(2)
    page.locator(".pane").nth(1).get_by_title("close this log").click()
    expect(page.locator(".pane")).to_have_count(1)

    # Graph and timeline.
    expect(page.locator("#graph .node")).to_have_count(len(SHOP))
    page.locator('#graph [data-name="mailer"]').click()
    expect(row(page, "mailer")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("T")
    # The boot was before the page, and what has happened since is in the whole session.
    expect(page.locator('#timeline [data-name="api"] [data-state="waiting"]')).to_have_count(1)
    expect(page.locator('#timeline [data-name="api"] [data-state="ready"]')).to_have_count(1)
    if pictures:
        page.screenshot(path=pictures / "web-timeline.png")
    page.get_by_role("button", name="whole session").click()
    expect(page.locator('#timeline [data-name="api"] [data-state="ready"]')).to_have_count(3)
    page.keyboard.press("T")

    # The second use of the code, in another browser.
    other = browser.context()
    stranger = browser.page(other, address, strict=False)
    expect(stranger.locator("#banner")).to_contain_text("needs a code")
    other.close()

    # The session ends and is back.
    shop.stop()
    expect(page.locator("#banner")).to_contain_text("has ended", timeout=DEADLINE)
    shop.start()
    connected(page)
    expect(row(page, "api")).to_have_attribute("data-state", "ready", timeout=DEADLINE)

    for width in (320, 800, 1400):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=scheme)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide == width, f"at {width} px the page is {wide} px wide"
    page.set_viewport_size({"width": 320, "height": 700})
    page.locator('[data-tab="services"]').click()
    row(page, "worker").click()
    expect(row(page, "worker").get_by_role("button", name="start worker", exact=True)).to_be_visible()
    if pictures:
        page.screenshot(path=pictures / "web-narrow.png")
    return context, page, painted


def intruders(browser, context, page):
    """Other pages, in the browser that is logged in."""
    address = re.match(r"http://[^/]+", page.url)[0]
    port = address.rsplit(":", 1)[1]
    script = f"""<script>
      const socket = new WebSocket("ws://127.0.0.1:{port}/ws");
      socket.onopen = () => document.title = "open";
      socket.onerror = () => document.title = "refused";
      fetch("http://127.0.0.1:{port}/", {{credentials: "include"}})
        .then((reply) => reply.text()).then(() => window.read = true, () => window.read = false);
    </script>"""
    with another_site(script) as site:
        other = browser.page(context, f"http://127.0.0.1:{site.server_port}/", strict=False)
        until(other, "document.title && 'read' in window")
        assert other.title() == "refused", "a socket from another port"
        assert other.evaluate("window.read") is False
        assert f"flowlayer_{port}" in site.cookies, "cookies do go to other ports: hence the key"
        assert other.evaluate("localStorage.length") == 0
        other.close()
    # A name that somebody lets resolve to this machine.
    rebound = browser.playwright.chromium.launch(
        executable_path=browser.chromium, args=[*FLAGS, "--host-resolver-rules=MAP evil.example 127.0.0.1"]
    )
    tab = rebound.new_page()
    assert tab.goto(f"http://evil.example:{port}/").status == 403
    rebound.close()


def keyboard_only(browser, address):
    """The same morning without a mouse: nothing is clicked in this one."""
    page = browser.page(browser.context(), address)
    connected(page)
    keys = page.keyboard
    selected = page.locator('#services [aria-selected="true"]')
    keys.press("/")
    keys.type("work")
    keys.press("Enter")
    expect(page.locator("#services li")).to_have_count(1)
    expect(selected).to_have_attribute("data-name", "worker")
    keys.press("Escape")
    expect(page.locator("#services li")).to_have_count(len(SHOP) + 1)
    keys.press("g")
    expect(selected).to_have_attribute("data-name", "")
    names = [item.get_attribute("data-name") for item in page.locator("#services li").all()]
    for name in names[1 : names.index("api") + 1]:
        keys.press("j")
        expect(selected).to_have_attribute("data-name", name)
    keys.press("Tab")
    until(page, "document.activeElement.matches('.scroller')")
    keys.press("/")
    keys.type("slow query")
    keys.press("Enter")
    until(page, "[...document.querySelectorAll('.row .text')].every((it) => it.textContent.includes('slow query'))")
    keys.press("Escape")
    keys.press("f")
    keys.type("orders")
    keys.press("Enter")
    expect(page.locator(".row.current mark").first).to_have_text("orders")
    keys.press("N")
    keys.press("Escape")
    keys.press("Tab")
    until(page, "document.activeElement.id === 'services'")
    keys.press("r")
    expect(page.locator("#message")).to_have_text("restart api: done")
    keys.press("x")
    expect(row(page, "api")).to_have_attribute("data-state", "stopped")
    keys.press("s")
    expect(row(page, "api")).to_have_attribute("data-state", "ready")
    keys.press("b")
    keys.press("g")
    keys.press("p")
    expect(page.locator("body")).to_have_attribute("data-view", "graph")
    keys.press("T")
    expect(page.locator("body")).to_have_attribute("data-view", "timeline")
    keys.press("Escape")
    keys.press("?")
    expect(page.locator("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    # Back from the services, shift and tab lead to the buttons above them.
    keys.press("Shift+Tab")
    expect(page.locator("#details")).to_be_focused()
    page.context.close()


def hands(browser, flowlayer, runtime):
    """Clicks and keys act on what one sees, and addresses are as they were written."""
    stack_trace = json.dumps({"level": "error", "msg": "failed", "stack": "one\ntwo\nthree\nthe fourth"})
    services = {
        "admin": {"cmd": ["sh", "-c", f"for i in 1 2 3 4 5 6; do echo line $i; done; echo '{stack_trace}'; "
                                      "printf '\\tTAB\\t%.0s' $(seq 40); echo THE END; exec sleep 100000"],
                  "url": "http://user:secret@127.0.0.1:18999/admin?x=1", "groups": ["pair"]},
        "bad": {"cmd": ["sh", "-c", "exit 4"], "kind": "oneshot", "autoStart": False, "groups": ["pair"]},
        "calm": {"cmd": ["sh", "-c", "exec sleep 100000"], "groups": ["pair"]},
    }
    with session(flowlayer, "hands", services, runtime) as stack, bridge(stack) as address:
        context = browser.context(permissions=["clipboard-read", "clipboard-write"])
        page = browser.page(context, address)
        connected(page)
        # The address of a service, at every width.
        for width in (320, 1200):
            page.set_viewport_size({"width": width, "height": 700})
            page.locator('[data-tab="services"]').click() if width == 320 else None
            expect(row(page, "admin").locator("a")).to_be_visible()
        assert row(page, "admin").locator("a").get_attribute("href") == "http://127.0.0.1:18999/admin?x=1"
        button = row(page, "admin").get_by_role("button", name="beside").bounding_box()
        side = page.locator("#side").bounding_box()
        assert button["x"] + button["width"] <= side["x"] + side["width"], (button, side)

        # What the list does not show is never acted on.
        page.locator("#services").focus()
        page.keyboard.press("/")
        page.keyboard.type("adm")
        page.keyboard.press("Enter")
        page.keyboard.press("x")
        expect(row(page, "admin")).to_have_attribute("data-state", "stopped")
        page.keyboard.press("/")
        page.keyboard.type("nothing like it")
        page.keyboard.press("Enter")
        page.keyboard.press("x")
        expect(page.locator("#message")).to_contain_text("does not show")
        page.keyboard.press("Escape")
        expect(row(page, "calm")).to_have_attribute("data-state", "ready")
        # A group goes on after a failure, from its buttons.
        row(page, "@pair").hover()
        row(page, "@pair").get_by_role("button", name="start @pair", exact=True).click()
        expect(page.locator("#message")).to_have_text("start @pair: bad failed")
        expect(row(page, "admin")).to_have_attribute("data-state", "ready")
        page.keyboard.press("d")

        # Lines that are selected, copied, seen whole.
        page.keyboard.press("Escape")
        row(page, "admin").click()
        rows = page.locator(".pane .row", has_text="line ")
        rows.nth(0).locator(".text").click()
        rows.nth(2).locator(".text").click(modifiers=["Shift"])
        expect(page.locator(".row.selected")).to_have_count(3)
        page.keyboard.press("y")
        expect(page.locator("#message")).to_have_text("lines copied")
        assert page.evaluate("navigator.clipboard.readText()") == "line 1\nline 2\nline 3\n"
        page.keyboard.press("Escape")
        page.keyboard.press("w")
        for text in ("the fourth", "THE END"):
            whole = page.locator(".pane .row", has_text=text).first
            until(page, f"""(() => {{ const row = [...document.querySelectorAll('.pane .row')].find((it) => it.textContent.includes('{text}'));
                return row && row.offsetHeight >= row.querySelector('.text').offsetHeight; }})()""")
            expect(whole).to_be_visible()
        page.keyboard.press("w")
        page.locator(".pane input").first.fill("line 4")
        expect(page.locator(".pane .row")).to_have_count(2)
        page.locator(".pane .row .text").first.dblclick()
        expect(page.locator(".pane .row", has_text="line 3").first).to_be_visible()
        page.locator(".pane input").first.fill("/(/")
        expect(page.locator(".pane input").first).to_have_attribute("aria-invalid", "true")
        page.locator(".pane input").first.fill("")

        # Details follow the service, and say what came of a button.
        page.locator("#services").focus()
        page.keyboard.press("d")
        dialog = page.locator("dialog")
        dialog.get_by_role("button", name="stop", exact=True).click()
        expect(dialog.locator("#dialog-message")).to_have_text("stop admin: done")
        expect(dialog.locator("dl")).to_contain_text("stopped")
        page.keyboard.press("Escape")
        row(page, "").click()
        page.keyboard.press("x")
        expect(page.locator("#message")).to_have_text("stop all: done")
        assert not page.title().startswith("●"), page.title()
        stack.stop()
        expect(page.locator("#banner")).to_contain_text("has ended")
        page.keyboard.press("s")
        expect(page.locator("#message")).to_contain_text("the session has ended")
        context.close()


def another_bridge(browser, flowlayer, runtime):
    """A tab of a bridge that is gone finds its stack through the next one on the same port."""
    services = {"api": {"cmd": ["sleep", "100000"]}}
    with session(flowlayer, "bridges", services, runtime) as stack:
        context = browser.context()
        with bridge(stack) as address:
            page = browser.page(context, address, strict=False)
            connected(page)
        expect(page.locator("#banner")).to_contain_text("has ended")
        stack.stop()
        stack.start()
        port = re.search(r":(\d+)/", address)[1]
        web = stack.run("web", "--no-open", "--port", port)
        try:
            other = browser.page(context, web.stdout.readline().strip(), strict=False)
            connected(other)
            connected(page)
            expect(row(page, "api")).to_have_attribute("data-state", "ready")
        finally:
            web.send_signal(signal.SIGINT)
            assert web.wait(10) == 0
        context.close()


def edited(browser, flowlayer, runtime):
    """The configuration changes while the page is open: broken, mended, reloaded."""
    services = {
        "db": {"cmd": ["sh", "-c", "exec sleep 100000"]},
        "api": {"cmd": ["sh", "-c", "exec sleep 100000"], "env": {"LEVEL": "info"}, "dependsOn": ["db"]},
    }
    with session(flowlayer, "edited", services, runtime) as stack, bridge(stack) as address:
        context = browser.context()
        page = browser.page(context, address)
        connected(page)
        expect(page.locator("#stale")).to_be_hidden()
        config = stack.directory / "flowlayer.jsonc"
        whole = json.loads(config.read_text())
        whole["services"]["api"]["env"]["LEVEL"] = "debug"
        whole["services"]["api"]["cmd"][2] = "echo again; exec sleep 100000"
        config.write_text('{"services": {"api": {"cmnd": []}}}')
        expect(page.locator("#stale-text")).to_contain_text("problem")
        page.keyboard.press("R")
        expect(page.locator("dialog li").first).to_contain_text("error")
        page.keyboard.press("Escape")
        config.write_text(json.dumps(whole))
        expect(page.locator("#stale-text")).to_contain_text("restart: api")
        page.get_by_role("button", name="show changes").click()
        expect(page.locator("dialog")).to_contain_text("env.LEVEL changed")
        expect(page.locator("dialog ins")).to_contain_text("again")
        assert "debug" not in page.locator("dialog").inner_text(), "values of variables stay in the server"
        # Edited once more while the window is open: what is applied is what was shown.
        whole["services"]["api"]["cmd"][2] = "echo once more; exec sleep 100000"
        config.write_text(json.dumps(whole))
        page.locator("dialog").get_by_role("button", name="reload", exact=True).click()
        expect(page.locator("dialog ins")).to_contain_text("once more")
        page.locator("dialog").get_by_role("button", name="restart dependents too …").click()
        page.locator("dialog").get_by_role("button", name="reload", exact=True).click()
        expect(page.locator("#message")).to_have_text("reload: done, 1 changed")
        expect(page.locator("#stale")).to_be_hidden()
        expect(page.locator(".pane .row .text", has_text="once more")).to_have_count(1)
        context.close()


def in_the_background(browser, flowlayer, runtime):
    """A tab that is frozen for a while, a notification, and a page that nobody uses."""
    services = {
        "job": {"cmd": ["sh", "-c", "exec sleep 100000"]},
        "noisy": {"cmd": ["sh", "-c", GATE, sys.executable, "for n in range(20000): print('line', n)"], "kind": "oneshot"},
        "late": {"cmd": ["sh", "-c", "until [ -e fail ]; do sleep 0.1; done; echo no disk >&2; exit 7"]},
    }
    with session(flowlayer, "background", services, runtime) as stack, bridge(stack) as address:
        context = browser.context(permissions=["notifications"])
        context.add_init_script("""window.shown = [];
            window.Notification = class { static permission = "granted"; static requestPermission() {}
                constructor(title, options) { window.shown.push([title, options.body]); } };""")
        page = browser.page(context, address)
        connected(page)
        expect(row(page, "job")).to_have_attribute("data-state", "ready")
        tab = context.new_cdp_session(page)

        # Nothing happens: nothing travels but pings, which scripts do not see.
        tab.send("Network.enable")
        frames = []
        tab.on("Network.webSocketFrameReceived", lambda event: frames.append(event["response"]["payloadData"][:200]))
        tab.on("Network.webSocketFrameSent", lambda event: frames.append(event["response"]["payloadData"][:200]))
        page.wait_for_timeout(3000)
        assert not frames, frames
        tab.send("Network.disable")

        tab.send("Page.setWebLifecycleState", {"state": "frozen"})
        (stack.directory / "go").touch()
        (stack.directory / "fail").touch()
        end = time.monotonic() + DEADLINE / 1000
        while "failed" not in stack.status("late"):
            assert time.monotonic() < end, "late never fails"
            time.sleep(0.1)
        tab.send("Page.setWebLifecycleState", {"state": "active"})
        expect(row(page, "late")).to_have_attribute("data-state", "failed")
        expect(row(page, "noisy")).to_have_attribute("data-state", "done")
        until(page, "window.shown.length === 1")
        assert page.evaluate("window.shown[0]")[0] == "late failed"
        expect(page.locator(".pane .row").last).to_be_visible()
        until(page, "Number([...document.querySelectorAll('.row[data-seq]')].at(-1)?.dataset.seq) >= 20000")
        assert page.title().startswith("✗ 1 background"), page.title()
        context.close()


def another_version(browser, flowlayer, runtime):
    """A session of a flowlayer with another protocol is named, and not misread."""
    with session(flowlayer, "version", {"api": {"cmd": ["sleep", "100000"]}}, runtime) as stack, bridge(stack) as address:
        context = browser.context()
        page = browser.page(context, address)
        connected(page)
        hello = {"type": "event", "name": "hello", "payload": {"protocol_version": 9, "session_id": "other", "capabilities": []}}
        page.route_web_socket(re.compile("/ws"), lambda socket: socket.on_message(
            lambda _: [socket.send(json.dumps(one)) for one in (
                {"type": "bridge", "name": "link", "payload": {"state": "open", "session_id": "other", "config": "/x/flowlayer.jsonc"}},
                hello,
            )]
        ))
        page.reload()
        expect(page.locator("#banner")).to_contain_text("another version of the protocol (version 9)")
        expect(page.locator("#services li")).to_have_count(1)
        context.close()


def hostile(browser, flowlayer, runtime):
    """Names and lines that would be HTML, links, or keys of objects."""
    nasty = "<img src=x onerror=alert(1)>"
    services = {
        nasty: {"cmd": ["sh", "-c", f"echo '{nasty}'; echo '<script>alert(1)</script>'; exec sleep 100000"]},
        "__proto__": {"cmd": ["sh", "-c", "printf '\\033]0;title\\007\\033[31mred\\033[0m\\n'; exec sleep 100000"]},
        "constructor": {"cmd": ["sleep", "100000"], "dependsOn": ["__proto__"]},
    }
    with session(flowlayer, "hostile", services, runtime) as stack, bridge(stack) as address:
        context = browser.context()
        page = browser.page(context, address)
        page.on("dialog", lambda _: browser.complaints.append("an alert"))
        connected(page)
        expect(page.locator("#services li")).to_have_count(4)
        until(page, "document.querySelectorAll('.pane .row').length >= 3")
        assert page.locator("img, script:not([src])").count() == 0
        texts = lines(page)
        assert nasty in texts and "red" in texts, texts
        row(page, "__proto__").click()
        page.keyboard.press("d")
        expect(page.locator("dialog h2")).to_have_text("__proto__")
        context.close()


def tab_bytes(browser):
    """What the process of the tab has for itself: private memory, without what all of Chromium share."""
    session = browser.browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    def private(pid):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_")) * 1024
    return max(map(private, renderers))


def floods(browser, flowlayer, runtime):
    """5,000 lines a second, then a million of them to page through."""
    count = int(os.environ.get("FLOWLAYER_LINES", "1000000"))
    # 50 services with 100 lines a second each, for 6 s.
    paced = ("import time\nfor n in range(60):\n for k in range(10): print('line', n, k)\n"
             " print(end='', flush=True); time.sleep(.1)\nprint('paced out', flush=True); time.sleep(1e6)")
    burst = f"import time\nfor n in range({count}): print('entry', n, 'needle' if n == 1234 else '')\nprint('the last', flush=True)\ntime.sleep(1e6)"
    services = {
        **{f"paced{n}": {"cmd": ["sh", "-c", GATE, sys.executable, paced], "autoStart": False, "groups": ["paced"]}
           for n in range(50)},
        "burst": {"cmd": [sys.executable, "-c", burst], "autoStart": False},
    }
    logs = {"logs": {"dir": str(runtime / "logs")}}
    figures = {}
    with session(flowlayer, "floods", services, runtime, extra=logs) as stack, bridge(stack) as address:
        context = browser.context()
        page = browser.page(context, address)
        connected(page)
        page.evaluate(
            """() => {
                window.frames_ = [];
                let last = performance.now();
                const step = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(step); };
                requestAnimationFrame(step);
            }"""
        )
        row(page, "@paced").click()
        page.keyboard.press("s")
        expect(row(page, "@paced")).to_contain_text("50 of 50 up", timeout=60_000)
        row(page, "").click()
        page.evaluate("window.frames_.length = 0")
        (stack.directory / "go").touch()
        until(page, "[...document.querySelectorAll('.row .text')].some((it) => it.textContent === 'paced out')")
        newest = page.evaluate("Number([...document.querySelectorAll('.row')].at(-1).dataset.seq)")
        assert newest > 20_000, f"{newest} lines came"
        frames = sorted(page.evaluate("window.frames_"))
        figures["longest frame ms"] = round(frames[-1])
        figures["frames"] = len(frames)
        assert frames[-len(frames) // 50] <= 100, f"slow frames: {frames[-20:]}"

        row(page, "burst").click()
        page.keyboard.press("s")
        until(page, "[...document.querySelectorAll('.row .text')].some((it) => it.textContent === 'the last')", timeout=240_000
        )
        pane = page.locator(".scroller")
        pane.focus()
        page.keyboard.press("g")
        until(page, "document.querySelector('.row .text')?.textContent.startsWith('entry 0')", timeout=60_000)
        page.keyboard.press("f")
        page.keyboard.type("/need.e/")
        page.keyboard.press("Enter")
        expect(page.locator(".row.current")).to_contain_text("entry 1234 needle")
        expect(page.locator(".row mark").first).to_have_text("needle")
        page.keyboard.press("Escape")
        # Back and forth: from the end upwards, page by page.
        pane.focus()
        page.keyboard.press("G")
        expect(page.locator(".pane .row").last).to_contain_text("the last")
        seen = set()
        for _ in range(60):
            page.wait_for_timeout(30)
            seen.update(int(text.split()[1]) for text in lines(page) if text.startswith("entry"))
            page.keyboard.press("PageUp")
        missing = sorted(set(range(min(seen), count)) - seen)
        assert not missing, f"lines are missing between the pages: {missing[:5]} of {len(missing)}"
        figures["paged back over"] = len(seen)
        # A filter reads through the log for what matches.
        page.keyboard.press("/")
        page.keyboard.type(f"entry {count - 3} ")
        expect(page.locator(".pane .row")).to_have_count(1)
        expect(page.locator(".note")).not_to_contain_text("loading", timeout=120_000)
        page.locator(".pane .row").click()
        page.keyboard.press("Escape")
        tab = context.new_cdp_session(page)
        tab.send("HeapProfiler.collectGarbage")
        heap = page.evaluate("performance.memory.usedJSHeapSize")
        figures["heap MB"] = round(heap / 1e6, 1)
        assert heap < 150e6, f"{heap} bytes"
        figures["tab MB"] = round(tab_bytes(browser) / 1e6)
        assert figures["tab MB"] < 150, figures
        context.close()
    return figures


def main():
    flowlayer, chromium = os.path.abspath(sys.argv[1]), sys.argv[2]
    pictures = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory() as directory, Browser(chromium) as browser:
        runtime = pathlib.Path(directory)
        with session(flowlayer, "shop", SHOP, runtime) as shop:
            other = {"billing": {"cmd": ["sleep", "100000"]}}
            with session(flowlayer, "other", other, runtime), bridge(shop) as address:
                context, page, painted = morning(browser, address, shop, pictures)
                # Another session, in the same tab.
                page.set_viewport_size({"width": 1400, "height": 700})
                page.locator("#sessions").select_option(label="other/flowlayer.jsonc")
                expect(row(page, "billing")).to_have_attribute("data-state", "ready")
                expect(row(page, "api")).to_have_count(0)
                folding(browser, page.url)
                with bridge(shop) as another:
                    keyboard_only(browser, another)
                intruders(browser, context, page)
                context.close()
        hands(browser, flowlayer, runtime)
        another_bridge(browser, flowlayer, runtime)
        edited(browser, flowlayer, runtime)
        in_the_background(browser, flowlayer, runtime)
        another_version(browser, flowlayer, runtime)
        hostile(browser, flowlayer, runtime)
        figures = floods(browser, flowlayer, runtime)
        browser.check()
    print(f"first paint after {painted:.0f} ms, {figures}")


if __name__ == "__main__":
    main()
