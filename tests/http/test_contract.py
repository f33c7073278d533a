"""The daemon against its own description: every status of every operation, and requests made from it at random."""

import json
import os
import random
import unittest

from daemon import multipart
from stage import Stage

try:
    import contract
except ImportError as missing:
    raise unittest.SkipTest(str(missing))

COUNT = int(os.environ.get("QUANTCONF_FUZZ_COUNT", "1500"))
SEED = int(os.environ.get("QUANTCONF_FUZZ_SEED", "1"))
# A fault of the daemon: nothing is known that provokes it.
NEVER = 500


def examples(value):
    return {name: example for name, example in value.get("examples", {}).items()}


def required_query(operation):
    pairs = [f"{p['name']}={p['example']}" for p in operation.parameters if p["in"] == "query" and p.get("required")]
    return "?" + "&".join(pairs) if pairs else ""


def real_path(operation, **values):
    path = operation.path
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], values.get(parameter["name"], str(parameter["example"])))
    return path


def encode(kind, value):
    """An example as bytes, and its Content-Type."""
    if kind == "multipart/form-data":
        return multipart(*value.items())
    return (value if isinstance(value, str) else json.dumps(value)).encode(), kind


def first_body(operation):
    for kind, media in operation.value.get("requestBody", {}).get("content", {}).items():
        for example in examples(media).values():
            return encode(kind, example["value"])
    return None, None


class Described(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contract = contract.Contract()
        bodies = cls.contract.api["paths"]["/v1/inspect"]["post"]["requestBody"]["content"]
        model = bodies["application/json"]["examples"]["gptq"]["value"]
        cls.stage = cls.enterClassContext(Stage({"org/gptq": model}))

    def check(self, method, target, reply):
        errors = self.contract.exchange_errors(method, target, reply)
        self.assertEqual(errors, [], f"{method} {target}: {reply.status}: {reply.body[:300]}")


class EveryStatus(Described):
    """Each operation, brought to each status that is described for it."""

    def request(self, operation, status):
        """Method, target, body and headers of a request that should be answered with the status."""
        target = real_path(operation) + required_query(operation)
        body, kind = first_body(operation)
        headers = {"Content-Type": kind} if kind else {}
        if status == 400:
            target += ("&" if "?" in target else "?") + "no-such=1"
        elif status == 404:
            target = real_path(operation, id="no-such-rule") + required_query(operation).replace("gptq", "none")
        elif status == 422:
            configs = operation.value["requestBody"]["content"]["application/yaml"]["examples"]
            body, headers["Content-Type"] = encode("application/yaml", configs["conflict"]["value"])
        elif status == 501:
            body, headers["Transfer-Encoding"] = None, "gzip"
        headers.update({
            304: {"If-None-Match": "*"},
            406: {"Accept": "image/png"},
            415: {"Content-Type": "image/png"},
            421: {"Host": "example.com"},
        }.get(status, {}))
        return operation.method.upper(), target, body, headers

    def test_every_status(self):
        for operation in self.contract.operations():
            for status in sorted(map(int, operation.value["responses"])):
                if status == NEVER:
                    continue
                with self.subTest(f"{operation.method} {operation.path} {status}"):
                    method, target, body, headers = self.request(operation, status)
                    reply = self.stage.provoke(status, method, target, body, headers)
                    self.assertEqual(reply.status, status, reply.body[:300])
                    self.check(method, target, reply)


WORDS = ("", "x", "none", "true", "false", "flat", "Flat", "flat ", "canonical", "200", "422", "201", "1", "diff",
         "diff,migrated", "diff, exclusions", "a" * 1024, "a" * 1025, "Käse", "\u202e", "a b", "a+b", "a%b", "a&b=c", "[]",
         "org/gptq", "org/none", "../x", "a\tb", "\x7f", "null", "-1", "0", "99999999999999999999")
RANGES = ("*/*", "application/*", "text/*", "image/png", "application/json", "application/yaml", "text/plain",
          "text/x-diff", "application/sarif+json", "application/x-ndjson", "application/jsonl", "application/schema+json",
          "APPLICATION/JSON", "application/json;charset=utf-8", "application/sarif+json; version=2.1.0",
          "application/problem+json", "text/yaml")
QUALITIES = ("", ";q=1", ";q=0.9", "; q=0.5", ";Q=0.25", ";q=0", ";q=0.001", ";q=0.000", " ; q=1.0")


def accepted(accept, kinds):
    """The types of highest quality, by the rules of HTTP."""
    best = {}
    for kind in kinds:
        most = (0, 0.0)
        for piece in accept.split(","):
            wanted, *parameters = [part.strip() for part in piece.split(";")]
            quality = next((float(p[2:]) for p in parameters if p.lower().startswith("q=")), 1.0)
            matches = [kind, kind.partition("/")[0] + "/*", "*/*"]
            if wanted.lower() in matches:
                most = max(most, (3 - matches.index(wanted.lower()), quality))
        best[kind] = most[1]
    highest = max(best.values())
    return [kind for kind in kinds if best[kind] == highest] if highest > 0 else []


class Guess:
    """A request at random, and what the description says of its parts."""

    def __init__(self, described, operation, choose):
        self.described, self.operation, self.choose = described, operation, choose
        self.headers, self.sound_headers = {}, True
        self.query, self.sound_query = self.make_query()
        self.body, self.sound_body = None, True
        if operation.method == "post":
            self.body, kind = first_body(operation)
            self.headers["Content-Type"] = kind
            if kind == "application/yaml" and choose.random() < 0.6:
                self.make_envelope()
        self.kinds = self.choose_kinds()
        target = real_path(operation)
        self.target = target + ("?" + "&".join(f"{n}={escape(v, choose)}" for n, v in self.query) if self.query else "")

    def make_query(self):
        known = [p for p in self.operation.parameters if p["in"] == "query"]
        pairs, sound = [], True
        for parameter in known:
            if parameter.get("required") or self.choose.random() < 0.3:
                value = self.choose.choice((str(parameter["example"]), *WORDS))
                if isinstance(parameter["example"], list) and self.choose.random() < 0.5:
                    value = ",".join(parameter["example"])
                pairs.append((parameter["name"], value))
                sound = sound and self.fits(parameter, value)
        if self.choose.random() < 0.1:
            pairs.append((self.choose.choice(("no-such", "target[]", "Target", "")), self.choose.choice(WORDS)))
            # Without name and value it is no parameter.
            sound = sound and pairs[-1] == ("", "")
        if pairs and self.choose.random() < 0.05:
            pairs.append(self.choose.choice(pairs))
            sound = sound and pairs[-1] == ("", "")
        return pairs, sound

    def fits(self, parameter, value):
        """Whether the description allows a value; it counts characters where the daemon counts bytes."""
        if parameter["schema"].get("type") == "array":
            value = [word.strip(" ") for word in value.split(",")]
        elif len(value.encode()) > 1024:
            return False
        return not self.described.contract.errors(parameter["schema"], value)

    def make_envelope(self):
        """Mostly one that is described; a member or two of any type."""
        anything = (None, True, 7, 1.5, "flat", "none", "adapter: lora\n", [], ["diff"], ["flat"], {}, {"a": 1}, "200", 200)
        options = {
            "target": ("flat", "canonical", *anything),
            "checkpoint": ("none", *anything),
            "require_checkpoint": (True, False, "false", *anything),
            "include": (["diff", "migrated"], "diff,migrated", *anything),
            "on_invalid": (200, "422", *anything),
            "filename": ("a.yaml", *anything),
            "no-such": anything,
        }
        value = {"config": self.choose.choice(("adapter: lora\n", {"adapter": "lora"}, "a: [", *anything))}
        if self.choose.random() < 0.4:
            value["checkpoint"] = self.choose.choice(({"model_type": "llama"}, None, *anything))
        if self.choose.random() < 0.7:
            names = self.choose.sample(sorted(options)[:-1], self.choose.randint(0, 3))
            names += ["no-such"] if self.choose.random() < 0.05 else []
            value["options"] = {name: self.choose.choice(options[name][: self.choose.choice((2, 99))]) for name in names}
            if self.choose.random() < 0.1:
                value["options"] = self.choose.choice(anything)
        if self.choose.random() < 0.1:
            value.pop("config")
        if self.choose.random() < 0.05:
            value["no-such"] = 1
        batch = self.operation.path == "/v1/batch"
        self.envelope = value
        self.sound_body = batch or not self.described.contract.errors({"$ref": "#/components/schemas/EnvelopeOrConfig"}, value)
        self.sound_body = self.sound_body and (batch or self.one_checkpoint(value))
        self.body = json.dumps([value] if batch else value).encode()
        self.headers["Content-Type"] = self.choose.choice(("application/json", "Application/JSON; charset=UTF-8"))

    def one_checkpoint(self, value):
        """The description says in words that there is one at most."""
        options = value.get("options")
        named = [v for n, v in self.query if n == "checkpoint"]
        if "config" in value and isinstance(options, dict):
            named += [options["checkpoint"]] if options.get("checkpoint") is not None else []
        return not ("config" in value and isinstance(value.get("checkpoint"), dict) and named)

    def choose_kinds(self):
        """What may come back, or None where nothing of it is acceptable."""
        kinds = [k for k in self.operation.value["responses"]["200"]["content"]]
        free = "406" not in self.operation.value["responses"]
        if self.choose.random() < 0.4:
            return kinds
        ranges = [self.choose.choice(RANGES) + self.choose.choice(QUALITIES) for _ in range(self.choose.randint(1, 4))]
        self.headers["Accept"] = self.choose.choice((", ", ",", " , ")).join(ranges)
        return kinds if free else accepted(self.headers["Accept"], kinds)


def escape(value, choose):
    out = "".join(c if c.isalnum() and c.isascii() or c in "/._-" else "".join(f"%{b:02x}" for b in c.encode()) for c in value)
    return out.replace("%20", "+") if choose.random() < 0.5 else out


class AtRandom(Described):
    def expect(self, guess, reply):
        """What must follow from the parts of the request."""
        refused = contract.media_type(reply) == "application/problem+json"
        slug = reply.slug if refused else None
        what = f"{guess.operation.method} {guess.target} {guess.headers} {guess.body}: {reply.status} {reply.body[:300]}"
        if not guess.sound_query:
            self.assertEqual(slug, "bad-parameter", what)
        elif not guess.kinds:
            self.assertEqual(slug, "not-acceptable", what)
        elif not guess.sound_body:
            self.assertIn(slug, ("bad-envelope", "bad-parameter"), what)
        elif guess.operation.value["operationId"] == "inspectModel":
            self.assertIn(slug, (None, "unknown-model", "bad-parameter"), what)
        else:
            self.assertFalse(refused, what)
            # A rewritten text that there is not is answered with the resolution.
            kinds = [*guess.kinds, "application/json"] if reply.status in (400, 422) else guess.kinds
            self.assertIn(contract.media_type(reply), kinds, what)

    def test_requests_made_from_the_description(self):
        operations = [operation for operation in self.contract.operations()]
        posts = [operation for operation in operations if operation.method == "post"]
        seen = set()
        for number in range(COUNT):
            choose = random.Random(f"{SEED}-{number}")
            guess = Guess(self, choose.choice(operations + 4 * posts), choose)
            reply = self.stage.request(guess.operation.method.upper(), guess.target, guess.body, guess.headers)
            with self.subTest(f"QUANTCONF_FUZZ_SEED={SEED}, request {number}"):
                self.check(guess.operation.method.upper(), guess.target, reply)
                self.expect(guess, reply)
            seen.add(reply.status)
        self.assertGreaterEqual(seen, {200, 400, 406, 422} if COUNT >= 1000 else set())

    def damaged(self, body, choose):
        """The bytes with some of them changed, gone, twice, or in another order."""
        body = bytearray(body)
        for _ in range(choose.randint(1, 4)):
            at, size = choose.randrange(len(body) + 1), choose.choice((1, 1, 2, 7, 40))
            piece = bytes(body[at : at + size])
            body[at : at + size] = choose.choice((
                b"", piece + piece, piece[::-1], bytes(choose.randrange(256) for _ in range(size)),
                choose.choice((b"\0", b"\r\n", b"---\n", b"...\n", b'"', b"\\", b"{", b"]", b"\xff\xfe", b"\xef\xbb\xbf", b"&a *a",
                               b"!!x ", b"--x-boundary-x", b"\\ud800", b": ", b"\t", b"1e999", b"%YAML 9.9\n")),
            ))
        return bytes(body)

    def test_damaged_bodies(self):
        """Nothing but what is described comes back, and no fault of ours."""
        bodies = [
            (operation, *encode(kind, example["value"]))
            for operation in self.contract.operations()
            for kind, media in operation.value.get("requestBody", {}).get("content", {}).items()
            for example in examples(media).values()
        ]
        seen = set()
        for number in range(COUNT):
            choose = random.Random(f"{SEED}-damage-{number}")
            operation, body, kind = choose.choice(bodies)
            accept = choose.choice(list(operation.value["responses"]["200"]["content"]))
            with self.subTest(f"QUANTCONF_FUZZ_SEED={SEED}, body {number}"):
                headers = {"Content-Type": kind, "Accept": accept}
                reply = self.stage.request("POST", operation.path, self.damaged(body, choose), headers)
                self.check("POST", operation.path, reply)
                self.assertLess(reply.status, 500)
                seen.add((operation.path, reply.status))
        if COUNT >= 1000:
            self.assertGreaterEqual(seen, {("/v1/resolve", 200), ("/v1/resolve", 400), ("/v1/batch", 200), ("/v1/inspect", 400)})
