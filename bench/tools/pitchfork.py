import json
import os
import sqlite3
import subprocess
import time

import processes

from .base import Running, Tool, command


class Pitchfork(Tool):
    name = "pitchfork"
    abilities = frozenset(["dependencies", "tcp probes", "http probes", "log probes"])
    keeps = keeps_in_files = "every line, in SQLite; prints nothing"
    files = "own"

    def prepare(self, stack, directory):
        lines = []
        for service in stack.services:
            lines += [f"[daemons.{service.name}]", f"run = {json.dumps(command(service))}", "retry = 0"]
            if service.after:
                lines.append(f"depends = {json.dumps(service.after)}")
            kind, how = service.ready or (None, None)
            lines.append({
                # Else it waits for 3 s before it calls anything ready.
                None: "ready_cmd = \"true\"",
                "tcp": f"ready_port = {how}",
                "http": f"ready_http = {json.dumps(f'http://127.0.0.1:{how}/')}",
                "log": f"ready_output = {json.dumps(how)}",
            }[kind])
        with open(os.path.join(directory, "pitchfork.toml"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return [self.path, "supervisor", "run"], {
            # All that it keeps for a user stays in this directory.
            "HOME": directory,
            "XDG_RUNTIME_DIR": directory,
            "PITCHFORK_STATE_DIR": os.path.join(directory, "state"),
            "PITCHFORK_LOGS_DIR": os.path.join(directory, "logs"),
        }

    def start(self, stack, directory, output=None):
        argv, variables = self.prepare(stack, directory)
        running = Running(self, argv, variables, directory, "/dev/null")
        socket = os.path.join(directory, "state", "sock", "main.sock")
        while not os.path.exists(socket):
            if time.perf_counter() - running.started > 10:
                running.end()
                raise TimeoutError("pitchfork's supervisor does not come up")
            time.sleep(0.001)
        running.helpers.append(subprocess.Popen(
            [self.path, "start", "--local", "--quiet"], cwd=directory,
            env=processes.environment() | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ))
        return running

    def _ask(self, directory, question):
        path = os.path.join(directory, "logs", "logs.db")
        if not os.path.exists(path):
            return []
        with sqlite3.connect(path, timeout=10) as database:
            return database.execute(question).fetchall()

    def arrived(self, left, directory, printed, seen):
        found = self._ask(directory, "select message from log_entries where message like 'END-OF-%'")
        left -= {message.removeprefix("END-OF-") for message, in found}

    def kept(self, directory, printed):
        return self._ask(directory, "select count(*) from log_entries")[0][0]
