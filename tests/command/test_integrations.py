"""Hooks for pre-commit and settings for editors: readable, and what they run works."""

import json
import os
import shlex

from command import CANONICAL, CONFLICT, QLORA, SOURCE, CommandTest
from daemon import Daemon


class Integrations(CommandTest):
    def parse(self, *path):
        """A YAML file, through our own reader: its text becomes the value of a key."""
        with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
            text = "value:\n" + "".join("  " + line for line in file)
        outcome = self.run_it("resolve", "--checkpoint", "none", stdin=text)
        self.assertEqual(outcome.status, 0, outcome.stdout)
        return outcome.json["canonical"]["value"]

    def run_hook(self, hook, text):
        program, *words = shlex.split(hook["entry"])
        self.assertEqual((program, hook["language"], hook["types"]), ("quantconf", "system", ["yaml"]))
        self.write("configs/a.yaml", text)
        return self.run_it(*words, "configs/a.yaml")

    def test_hooks(self):
        hooks = {hook["id"]: hook for hook in self.parse(".pre-commit-hooks.yaml")}
        for hook in hooks.values():
            self.assertTrue(hook["name"] and hook["description"])
            self.assertEqual(self.run_hook(hook, CANONICAL).status, 0)
            self.assertEqual(self.run_hook(hook, CONFLICT).status, 1)
        self.assertEqual(self.run_hook(hooks["quantconf-check"], QLORA).status, 1)
        self.assertEqual(self.read("configs/a.yaml"), QLORA)
        self.assertEqual(self.run_hook(hooks["quantconf-resolve"], QLORA).status, 0)
        self.assertEqual(self.run_hook(hooks["quantconf-migrate"], QLORA).status, 0)
        self.assertEqual(self.read("configs/a.yaml"), CANONICAL)

    def test_hooks_look_where_configs_are(self):
        for hook in self.parse(".pre-commit-hooks.yaml"):
            for path in ("configs/a.yaml", "config/llama/a.yml", "train/axolotl/a.yaml"):
                self.assertRegex(path, hook["files"])
            for path in (".github/workflows/ci.yaml", "deploy/values.yaml", ".pre-commit-config.yaml"):
                self.assertNotRegex(path, hook["files"])

    def test_example_of_a_repository(self):
        example = self.parse("examples", "pre-commit", ".pre-commit-config.yaml")
        (hook,) = example["repos"][0]["hooks"]
        known = {hook["id"]: hook for hook in self.parse(".pre-commit-hooks.yaml")}
        self.assertEqual(hook["entry"], known[hook["id"]]["entry"])
        self.assertEqual(self.run_hook(hook, QLORA).status, 1)

    def test_editor_settings_name_the_schema(self):
        folder = os.path.join(SOURCE, "examples", "editor")
        with open(os.path.join(folder, "settings.json"), encoding="utf-8") as file:
            (address,) = json.load(file)["yaml.schemas"]
        with open(os.path.join(folder, "yamlls.lua"), encoding="utf-8") as file:
            self.assertIn(f'["{address}"]', file.read())
        with Daemon() as daemon:
            reply = daemon.get(address.removeprefix("http://127.0.0.1:8642"))
        self.assertEqual(reply.status, 200)
        self.assertIn("model_quantization_config", reply.json["properties"])
        self.assertEqual(self.run_bytes("schema").stdout, reply.body)
