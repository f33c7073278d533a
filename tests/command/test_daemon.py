"""The command and the daemon say the same, byte for byte."""

import json
import os
import urllib.parse

from command import CANONICAL, CONFLICT, QLORA, SOURCE, UNREADABLE, CommandTest
from daemon import Daemon

FORMS = {
    "json": "application/json",
    "text": "text/plain",
    "yaml": "application/yaml",
    "diff": "text/x-diff",
    "sarif": "application/sarif+json",
}


def configs():
    """Small ones, the examples, and those of the tests' own cases."""
    yield from (QLORA, CANONICAL, CONFLICT, UNREADABLE, "", "- a\n", "# \u00e9\nadapter: qlora\r\n")
    for folder, _, names in sorted(os.walk(os.path.join(SOURCE, "tests", "cases"))):
        if "config.yaml" in names:
            with open(os.path.join(folder, "config.yaml"), encoding="utf-8", newline="") as file:
                yield file.read()


class SameBytes(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon().__enter__()
        cls.addClassCleanup(cls.daemon.__exit__, None, None, None)

    def compare(self, form, config, **options):
        query = urllib.parse.urlencode({"filename": "c.yaml", "checkpoint": "none", **options})
        self.write("c.yaml", config)
        words = [word for name, value in options.items() for word in ("--" + name, value)]
        mine = self.run_bytes("resolve", "-o", form, "--checkpoint", "none", *words, "c.yaml")
        theirs = self.daemon.resolve(config, "?" + query, accept=FORMS[form])
        if theirs.status == 406:
            self.skipTest(f"the daemon does not answer with {FORMS[form]} yet")
        self.assertEqual(mine.returncode, 0 if theirs.status == 200 else 1, config)
        if form in ("yaml", "diff") and theirs.status != 200:
            # A pipe waits for a text or a diff alone; the daemon says why in JSON.
            self.assertEqual((mine.stdout, theirs.headers["content-type"]), (b"", "application/json"))
            self.assertTrue(mine.stderr)
        else:
            self.assertEqual(mine.stdout, theirs.body, config)

    def every(self, form):
        for config in configs():
            for target in ("canonical", "flat", "released"):
                with self.subTest(config=config, target=target):
                    self.compare(form, config, target=target)

    def test_json(self):
        self.every("json")

    def test_text(self):
        self.every("text")

    def test_yaml(self):
        self.every("yaml")

    def test_diff(self):
        self.every("diff")

    def test_sarif(self):
        self.every("sarif")

    def test_rules(self):
        self.assertEqual(self.run_bytes("rules", "-o", "json").stdout, self.daemon.get("/v1/rules").body)
        one = self.run_bytes("rules", "-o", "json", "torchao-with-gptq").stdout
        self.assertEqual(one, self.daemon.get("/v1/rules/torchao-with-gptq").body)

    def test_inspect(self):
        checkpoint = json.dumps({"quantization_config": {"quant_method": "awq", "bits": 4}})
        self.write("config.json", checkpoint)
        mine = self.run_bytes("inspect", "config.json").stdout
        theirs = self.daemon.post("/v1/inspect", checkpoint, "application/json")
        self.assertEqual(mine, theirs.body)
        mine = self.run_bytes("inspect", "-o", "text", "config.json").stdout
        theirs = self.daemon.post("/v1/inspect", checkpoint, accept="text/plain")
        self.assertEqual(mine, theirs.body)
