"""The command line itself: help, version, wrong usage, rules, inspect."""

import json
import os

from command import CommandTest, QLORA, SOURCE


class Usage(CommandTest):
    def assert_usage(self, *arguments, says):
        outcome = self.run_it(*arguments)
        self.assertEqual(outcome.status, 2, outcome.stderr)
        self.assertEqual(outcome.stdout, "")
        self.assertIn(says, outcome.stderr)

    def test_wrong_usage_is_status_2_and_says_why(self):
        self.write("a.yaml", QLORA)
        self.assert_usage(says="a command is needed")
        self.assert_usage("migrat", "a.yaml", says="no command of that name")
        self.assert_usage("resolve", "--no-such", says="no-such")
        self.assert_usage("resolve", "-x", "a.yaml", says="x")
        self.assert_usage("resolve", "-t", "nested", "a.yaml", says="canonical, flat or released")
        self.assert_usage("resolve", "-o", "xml", "a.yaml", says="json, yaml, text, diff or sarif")
        self.assert_usage("resolve", "a.yaml", "--target", says="target")
        self.assert_usage("resolve", "--check", "a.yaml", says="belong to quantconf migrate")
        self.assert_usage("inspect", "--in-place", "a.yaml", says="belong to quantconf migrate")
        self.assert_usage("migrate", "--check", "--diff", "a.yaml", says="exclude each other")
        self.assert_usage("migrate", "--in-place", "--check", "a.yaml", says="exclude each other")
        self.assert_usage("inspect", says="config.json or a folder")
        self.assert_usage("rules", "a", "b", says="one id")
        self.assert_usage("schema", "a.yaml", says="takes no file")
        self.assert_usage("migrate", "-o", "diff", "a.yaml", says="--output was given: diff")
        self.assert_usage("rules", "-o", "sarif", says="--output was given: sarif")
        self.assert_usage("inspect", "-o", "sarif", "a.yaml", says="--output was given: sarif")
        self.assert_usage("rules", "no-such-rule", says="no rule no-such-rule")
        roots = [word for _ in range(65) for word in ("--model-root", ".")]
        self.assert_usage("resolve", *roots, "a.yaml", says="too many")

    def test_help_and_version(self):
        for arguments in (["--help"], ["-h"], ["resolve", "--help"]):
            outcome = self.run_it(*arguments)
            self.assertEqual((outcome.status, outcome.stderr), (0, ""))
            self.assertTrue(outcome.stdout.startswith("Usage: quantconf COMMAND"))
        outcome = self.run_it("--version")
        self.assertEqual(outcome.status, 0)
        self.assertRegex(outcome.stdout, r"^quantconf \d+\.\d+\.\d+")

    def test_what_cannot_be_written_is_told(self):
        self.write("a.yaml", QLORA)
        for arguments in (["--help"], ["--version"], ["resolve", "a.yaml"], ["migrate", "--check", "a.yaml"]):
            with open("/dev/full", "wb") as full:
                outcome = self.run_it(*arguments, stdout=full)
            self.assertEqual(outcome.status, 3)
            self.assertEqual(outcome.stderr, "quantconf: cannot write standard output: No space left on device\n")

    def test_help_fits_a_terminal_and_says_every_exit_status(self):
        text = self.run_it("--help").stdout
        for status in ("0 no errors", "1 errors", "2 wrong usage", "3 a file"):
            self.assertIn(status, text)


class Rules(CommandTest):
    def test_table_of_a_target(self):
        def severity(*options):
            lines = self.run_it("rules", *options).stdout.splitlines()
            return next(line.split()[2] for line in lines if line.startswith("deprecated-load-in-4bit "))

        self.assertEqual((severity(), severity("-t", "released")), ("warning", "note"))

    def test_table(self):
        outcome = self.run_it("rules")
        self.assertEqual(outcome.status, 0)
        lines = outcome.stdout.splitlines()
        self.assertGreater(len(lines), 70)
        self.assertTrue(any(line.startswith("torchao-with-gptq ") for line in lines))

    def test_json(self):
        table = self.run_it("rules", "-o", "json").json
        ids = [rule["id"] for rule in (table["rules"] if isinstance(table, dict) else table)]
        self.assertEqual(len(ids), len(self.run_it("rules").stdout.splitlines()))
        one = self.run_it("rules", "-o", "json", "torchao-with-gptq").json
        self.assertEqual(one["id"], "torchao-with-gptq")

    def test_one_rule(self):
        text = self.run_it("rules", "torchao-with-gptq").stdout
        for part in ("Why: ", "What to do: ", "Failing example:", "Passing example:", "    gptq: true"):
            self.assertIn(part, text)


class Inspect(CommandTest):
    CHECKPOINT = json.dumps(
        {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
    )

    def test_file_and_folder(self):
        self.write("model/config.json", self.CHECKPOINT)
        file = self.run_it("inspect", "model/config.json")
        folder = self.run_it("inspect", "model")
        self.assertEqual(file.status, 0, file.stderr)
        for outcome in (file, folder):
            self.assertIn('"gptq"', outcome.stdout)

    def test_several(self):
        self.write("a.json", self.CHECKPOINT)
        self.write("b.json", "{}")
        outcome = self.run_it("inspect", "a.json", "b.json")
        self.assertEqual(outcome.status, 0, outcome.stderr)
        self.assertEqual(len(outcome.stdout.splitlines()), 2)

    def test_text(self):
        block = {"quant_method": "bitsandbytes", "bnb_4bit_quant_type": "nf4"}
        self.write("a.json", self.CHECKPOINT)
        self.write("b.json", json.dumps({"quantization_config": block}))
        outcome = self.run_it("inspect", "-o", "text", "a.json", "b.json")
        self.assertEqual(outcome.status, 0, outcome.stderr)
        self.assertTrue(outcome.stdout.startswith("a.json: quantized with gptq: int4, groups of 128\n"))
        self.assertIn("\nb.json: quantized with bitsandbytes (1 warning)\n", outcome.stdout)
        self.assertRegex(outcome.stdout, r"\nb\.json:1:26: warning: .* \[quant-method-unknown\]\n")
        self.assertEqual(self.run_it("inspect", "--strict", "-o", "text", "a.json").status, 0)
        self.assertEqual(self.run_it("inspect", "--strict", "-o", "text", "a.json", "b.json").status, 1)

    def test_text_without_notes(self):
        entry = {"quant_method": "fp8", "modules_to_not_convert": ["nowhere"]}
        self.write("model/config.json", json.dumps({"quantization_config": entry}))
        index = {"weight_map": {"model.layers.0.mlp.up_proj.weight": "a.safetensors"}}
        self.write("model/model.safetensors.index.json", json.dumps(index))
        self.assertIn("[checkpoint-exclusions-unmatched]", self.run_it("inspect", "-o", "text", "model").stdout)
        quiet = self.run_it("inspect", "-q", "-o", "text", "model").stdout
        self.assertNotIn("note", quiet)

    def test_faults(self):
        self.write("broken.json", "{")
        self.assertEqual(self.run_it("inspect", "broken.json").status, 1)
        missing = self.run_it("inspect", "missing.json")
        self.assertEqual(missing.status, 3)
        self.assertIn("missing.json: No such file", missing.stderr)
        os.mkdir(self.path("empty"))
        self.assertEqual(self.run_it("inspect", "empty").status, 3)


class Examples(CommandTest):
    def test_every_example_resolves_as_it_says(self):
        folder = os.path.join(SOURCE, "examples")
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".yaml"):
                continue
            outcome = self.run_it("resolve", "--checkpoint", "none", os.path.join(folder, name))
            wanted = 1 if name.startswith("conflict") else 0
            self.assertEqual(outcome.status, wanted, name + outcome.stderr)
