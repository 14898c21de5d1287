"""The JSON Schema against a validator that is not ours: the same verdict as `flowlayer validate`.

Usage: python tests/schema.py FLOWLAYER SCHEMA CONFIG...

The schema is a valid one, accepts each CONFIG and every good case below, and refuses every bad one. It accepts its own
examples and defaults. Cases about the
whole file (names, circles) are no business of a schema and are not here.
"""

import json
import subprocess
import sys

from jsonschema import Draft202012Validator


def plain(text):
    """JSON of JSON with comments and trailing commas."""
    out, at, comma = [], 0, None
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            out.append(text[at : end + 1])
            at, comma = end + 1, None
        elif text.startswith("//", at):
            at = (text + "\n").index("\n", at)
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 2
        else:
            if text[at] == ",":
                comma = len(out)
            elif text[at] in "]}" and comma is not None:
                out[comma] = ""
            elif not text[at].isspace():
                comma = None
            out.append(text[at])
            at += 1
    return json.loads("".join(out))


def service(**fields):
    return {"services": {"x": {"cmd": "run it", **fields}}}


def probe(**fields):
    return service(port=1, ready=fields)


GOOD = [
    {"services": {}},
    {"$schema": "x", "session": {"bind": ":6999", "token": "abc"}, "services": {}},
    {"session": {"bind": "[::1]:80", "addr": "localhost:80"}, "services": {}},
    {"logs": {"dir": "x", "bufferSize": 1, "maxBytes": 1}, "services": {}},
    {"logView": {"maxEntries": 1, "all": {"maxEntries": 2}}, "services": {}},
    service(cmd=["sh", "-c", ""], stopCmd="x", kind="oneshot", port=0, cwd=".", autoStart=False),
    service(env={"A": ""}, envFile=["a", "b"], stopGraceMs=1, logView={"maxEntries": 1}),
    service(envFile="a", dependsOn=[], port=65535),
    probe(type="none"),
    probe(type="tcp"),
    probe(type="tcp", port=5, timeoutMs=1, attemptTimeoutMs=1),
    probe(type="http", url="https://localhost/x"),
    probe(type="log", pattern="^x"),
    probe(type="exec", cmd=["x"]),
]

BAD = [
    [],
    {},
    {"services": []},
    {"services": {"": {"cmd": "x"}}},
    {"services": {"x": {}}},
    {"services": {"x": None}},
    {"services": {}, "servics": {}},
    {"services": {}, "session": {"bind": "host:0"}},
    {"services": {}, "session": {"bind": "a b:1"}},
    {"services": {}, "session": {"token": ""}},
    {"services": {}, "session": {"token": "a b"}},
    {"services": {}, "logs": {"dir": ""}},
    {"services": {}, "logs": {"bufferSize": 0}},
    {"services": {}, "logView": {"maxEntries": -1}},
    service(cmd=""),
    service(cmd=[]),
    service(cmd=[""]),
    service(cmd=5),
    service(cmd=["x", 5]),
    service(kind="demon"),
    service(port=65536),
    service(port="80"),
    service(port=1.5),
    service(dependsOn="y"),
    service(env={"A": 5}),
    service(env={"": "x"}),
    service(env={"A=B": "x"}),
    service(envFile=5),
    service(cwd=""),
    service(autoStart="yes"),
    service(stopGraceMs=0),
    service(restart="always"),
    probe(),
    probe(type="grpc"),
    probe(type="http"),
    probe(type="http", url="localhost"),
    probe(type="http", url="ftp://x"),
    probe(type="tcp", port=0),
    probe(type="log"),
    probe(type="exec"),
    probe(type="exec", cmd=""),
    probe(type="tcp", timeoutMs=0),
    probe(type="tcp", every=5),
]


def main():
    flowlayer, schema, *configs = sys.argv[1:]
    with open(schema, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    wrong = []

    def check(what, document, is_good):
        errors = [error.message for error in validator.iter_errors(document)]
        run = subprocess.run([flowlayer, "validate", "-"], input=json.dumps(document), text=True, capture_output=True)
        if is_good != (not errors):
            wrong.append(f"the schema says {errors or 'valid'} about {what}")
        if is_good != (run.returncode == 0):
            wrong.append(f"validate says {run.stderr or 'valid'} about {what}")

    count = 0
    for definition in [schema, *schema["$defs"].values()]:
        for name, field in definition.get("properties", {}).items():
            alone = Draft202012Validator({"$defs": schema["$defs"], **field})
            values = field["examples"] + ([field["default"]] if "default" in field else [])
            count += len(values)
            wrong += [f"{name}: {error.message}" for value in values for error in alone.iter_errors(value)]
    for path in configs:
        with open(path, encoding="utf-8") as file:
            check(path, plain(file.read()), True)
    for document in GOOD:
        check(json.dumps(document), document, True)
    for document in BAD:
        check(json.dumps(document), document, False)
    judged = f"{len(configs) + len(GOOD) + len(BAD)} documents judged alike, {count} examples and defaults accepted"
    print("\n".join(wrong) or judged)
    sys.exit(bool(wrong))


main()
