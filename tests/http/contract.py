"""openapi/quantconf.yaml as a contract: what it says of every reply that the daemon gave.

Needs PyYAML and jsonschema (Debian: python3-yaml, python3-jsonschema).
"""

import collections
import json
import os
import re
import urllib.parse

import jsonschema
import yaml

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PATH = os.path.join(SOURCE, "openapi", "quantconf.yaml")
METHODS = ("get", "post")
# Fields of every HTTP reply; all others are described.
TRANSPORT = {"connection", "content-length", "content-type", "date", "transfer-encoding"}
# Fields for web pages of the origins that the daemon was given, of which the description tells in words.
CORS = {
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "timing-allow-origin",
}
# Statuses that the library of HTTP answers with itself, when a head is too large or none at all.
NO_HTTP = {400, 413, 414, 431, 505}

Operation = collections.namedtuple("Operation", "path method value parameters")


def strict(text):
    """JSON as it is defined: no NaN, no key twice."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    def unique(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError(f"a key twice in {keys}")
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)


class Contract:
    def __init__(self, path=PATH):
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.api = yaml.load(self.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.validators = {}

    def target(self, ref):
        value = self.api
        for step in ref.removeprefix("#/").split("/"):
            value = value[step.replace("~1", "/").replace("~0", "~")]
        return value

    def deref(self, value):
        return self.target(value["$ref"]) if "$ref" in value else value

    def operations(self):
        for path, item in self.api["paths"].items():
            for method in METHODS:
                if method in item:
                    parameters = item.get("parameters", []) + item[method].get("parameters", [])
                    yield Operation(path, method, item[method], [self.deref(p) for p in parameters])

    def errors(self, schema, value):
        """What a schema of the document says against a value."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = dict(schema, components={"schemas": self.api["components"]["schemas"]})
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        return [f"{e.json_path}: {e.message[:200]}" for e in self.validators[key].iter_errors(value)]

    def problem_errors(self, reply):
        try:
            value = strict(reply.body)
        except ValueError as error:
            return [str(error)]
        if value.get("status") != reply.status:
            return [f"the problem tells of status {value.get('status')}"]
        return self.errors({"$ref": "#/components/schemas/Problem"}, value)

    def body_errors(self, media, reply):
        """Of a body that has this media type object."""
        kind = media_type(reply)
        schema = media["schema"]
        try:
            if "contentSchema" in schema:
                *lines, last = reply.body.decode().splitlines()
                found = [e for line in set(lines) for e in self.errors(schema["contentSchema"], strict(line))]
                summary = {"$ref": "#/components/schemas/Summary"}
                return found + self.errors(summary, strict(last)) + count_errors(strict(last), len(lines))
            value = strict(reply.body) if "json" in kind else reply.body.decode()
        except ValueError as error:
            return [str(error)]
        return self.errors(schema, value)

    def header_errors(self, described, reply):
        fields = {name.lower(): self.deref(value) for name, value in described.get("headers", {}).items()}
        found = [f"lacks {name}" for name, field in fields.items() if field.get("required") and name not in reply.headers]
        others = set(reply.headers) - set(fields) - TRANSPORT - CORS
        if "Origin" in reply.headers.get("vary", ""):
            others.discard("vary")
        found += [f"{name} is not described" for name in others]
        for name, field in fields.items():
            value = reply.headers.get(name)
            if name == "vary" and value and "Origin" in value:
                continue
            if value is not None and field["schema"].get("type") == "integer":
                value = int(value)
            if value is not None:
                found += [f"{name}: {error}" for error in self.errors(field["schema"], value)]
        return found

    def reply_errors(self, operation, reply, head_only=False):
        described = operation.value["responses"].get(str(reply.status))
        if not described:
            return ["the status is not described"]
        described = self.deref(described)
        found = self.header_errors(described, reply)
        if "content" not in described:
            return found + (["a body is not described"] if reply.body else [])
        kind = media_type(reply)
        if kind not in described["content"]:
            return found + [f"{kind!r} is not described"]
        if head_only:
            return found + (["HEAD has a body"] if reply.body else [])
        found += self.body_errors(described["content"][kind], reply)
        return found + (self.problem_errors(reply) if kind == "application/problem+json" else [])

    def find(self, method, target):
        """The operation, or None; and whether the path is known at all."""
        path = urllib.parse.unquote(re.sub(r"^https?://[^/?]*", "", target, flags=re.I).partition("?")[0])
        known = False
        for operation in self.operations():
            if not re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.path)), path):
                continue
            known = True
            if operation.method == {"HEAD": "GET"}.get(method, method).lower():
                return operation, True
        return None, known

    def exchange_errors(self, method, target, reply, seen=None):
        """What is wrong with a reply, by the document alone; `seen` collects (operationId, status)."""
        if reply.status in NO_HTTP and "x-content-type-options" not in reply.headers:
            return []
        if reply.status == 400 and b":https-required" in reply.body:
            return self.problem_errors(reply)
        operation, known = self.find(method, target)
        if operation:
            if seen is not None and method != "HEAD":
                seen.add((operation.value["operationId"], reply.status))
            return self.reply_errors(operation, reply, method == "HEAD")
        if method == "OPTIONS" and reply.status == 204:
            # A preflight brings no token, and learns nothing where one is needed.
            told = "allow" in reply.headers or "access-control-max-age" in reply.headers
            return [] if told and not reply.body else ["OPTIONS without Allow, or with a body"]
        if reply.status == 405 and (not known or "allow" not in reply.headers):
            return ["405 without Allow, or for an unknown path"]
        if reply.status == 404 and known:
            return ["404 for a path that is described"]
        if method == "HEAD":
            return [] if reply.status >= 400 else ["neither described nor refused"]
        return self.problem_errors(reply)


def media_type(reply):
    return reply.headers.get("content-type", "").partition(";")[0]


def count_errors(summary, count):
    counted = sum(summary.values())
    return [] if counted == count else [f"the summary counts {counted} items, there are {count}"]
