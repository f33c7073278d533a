"""quantconf migrate: to standard output, as a diff, as a check, and in place."""

import os
import shutil
import stat
import subprocess

from command import BUILD, CANONICAL, CONFLICT, QLORA, TANGLED, UNREADABLE, CommandTest


class ToStandardOutput(CommandTest):
    def test_one_file_and_standard_input(self):
        self.write("a.yaml", QLORA)
        self.assertEqual(self.run_it("migrate", "a.yaml").stdout, CANONICAL)
        self.assertEqual(self.run_it("migrate", stdin=QLORA).stdout, CANONICAL)
        self.assertEqual(self.run_it("migrate", "-", stdin=CANONICAL).stdout, CANONICAL)
        self.assertEqual(self.read("a.yaml"), QLORA)

    def test_targets(self):
        flat = self.run_it("migrate", "-t", "flat", stdin=QLORA).stdout
        self.assertIn("model_quantization_config:\n  backend: bnb\n  weight_dtype: nf4\n", flat)
        released = self.run_it("migrate", "-t", "released", stdin=flat).stdout
        self.assertEqual(released, QLORA)

    def test_several_texts_would_run_together(self):
        self.write("a.yaml", QLORA)
        outcome = self.run_it("migrate", "a.yaml", "a.yaml")
        self.assertEqual((outcome.status, outcome.stdout), (2, ""))
        self.assertIn("--in-place, --diff or --check", outcome.stderr)

    def test_rejected_and_refused_are_explained(self):
        rejected = self.run_it("migrate", stdin=CONFLICT)
        self.assertEqual((rejected.status, rejected.stdout), (1, ""))
        self.assertIn("[qlora-not-4bit]", rejected.stderr)
        self.assertEqual(self.run_it("migrate", stdin=UNREADABLE).status, 1)
        refused = self.run_it("migrate", stdin=TANGLED)
        self.assertEqual((refused.status, refused.stdout), (1, ""))
        self.assertIn("[migration-refused]", refused.stderr)
        self.assertIn("anchor", refused.stderr)

    def test_utf16_is_left_alone(self):
        self.write("a.yaml", QLORA.encode("utf-16"))
        for switch in ("--check", "--in-place", "--diff"):
            outcome = self.run_it("migrate", switch, "a.yaml")
            self.assertEqual((outcome.status, outcome.stdout), (1, ""))
            self.assertIn("it is UTF-16", outcome.stderr)
        with open(self.path("a.yaml"), "rb") as file:
            self.assertEqual(file.read(), QLORA.encode("utf-16"))

    def test_bytes_stay_bytes(self):
        text = "\ufeff# \u00e9\r\nadapter: qlora\r\nname: '\U0001f999'".encode()
        out = self.run_bytes("migrate", stdin=text).stdout
        wanted = (
            "\ufeff# \u00e9\r\nadapter: lora\r\nmodel_quantization_config:\r\n"
            "  bnb:\r\n    weight_dtype: nf4\r\nname: '\U0001f999'"
        )
        self.assertEqual(out.decode(), wanted)


class Check(CommandTest):
    def test_statuses(self):
        self.write("old.yaml", QLORA)
        self.write("new.yaml", CANONICAL)
        clean = self.run_it("migrate", "--check", "new.yaml")
        self.assertEqual((clean.status, clean.stdout, clean.stderr), (0, "", ""))
        both = self.run_it("migrate", "--check", "old.yaml", "new.yaml")
        self.assertEqual((both.status, both.stdout), (1, "old.yaml would change (quantconf migrate --in-place)\n"))
        summary = "quantconf: 2 files: 1 would change, 1 as they were, 0 rejected, 0 unreadable\n"
        self.assertEqual(both.stderr, summary)
        flat = self.run_it("migrate", "--check", "-t", "flat", "new.yaml")
        self.assertEqual(flat.stdout, "new.yaml would change (quantconf migrate --in-place --target flat)\n")
        self.assertEqual(self.run_it("migrate", "--check", stdin=QLORA).stdout, "<stdin> would change\n")
        self.assertEqual(self.read("old.yaml"), QLORA)
        self.assertEqual(self.run_it("migrate", "--check", "nowhere.yaml").status, 3)

    def test_rejected(self):
        self.write("bad.yaml", CONFLICT)
        outcome = self.run_it("migrate", "--check", "-q", "bad.yaml")
        self.assertEqual(outcome.status, 1)
        self.assertIn("[qlora-not-4bit]", outcome.stderr)

    def test_strict(self):
        warned = CANONICAL + "lora_rr: 1\nlora_rr: 2\n"
        self.assertEqual(self.run_it("migrate", "--check", stdin=warned).status, 0)
        self.assertEqual(self.run_it("migrate", "--check", "--strict", stdin=warned).status, 1)


class Told(CommandTest):
    """What a new text no longer shows is said beside it, once and for all."""

    ORPHAN = "adapter: lora\nnf4_backend: torchao\n"
    KWARGS = "adapter: lora\nmodel_quantization_config_kwargs: {dequantize: true}\n"
    DROPPED = "adapter: qlora\nload_in_4bit: false\nload_in_8bit: false\nmerge_lora: true\n"
    UNKNOWN = "adapter: lora\nmodel_quantization_config:\n  bnb: {weight_dtype: nf4, foo: bar}\n"

    def assert_told(self, rule, config, *options):
        for switch in ([], ["--check"], ["--diff"], ["-i"]):
            self.write("a.yaml", config)
            outcome = self.run_it("migrate", *switch, *options, "a.yaml")
            self.assertEqual(outcome.status, 1 if switch == ["--check"] else 0)
            self.assertIn("quantconf: a.yaml: the new text no longer has what this is about:\n", outcome.stderr)
            self.assertIn(f"[{rule}]", outcome.stderr)
        self.assertEqual(self.run_it("migrate", *options, "a.yaml").stderr, "")

    def test_settings_that_had_no_effect(self):
        self.assert_told("nf4-backend-orphan", self.ORPHAN)
        self.assert_told("orphan-kwargs", self.KWARGS)
        self.assert_told("merge-drops-quantization", self.DROPPED)

    def test_what_another_target_does_not_know(self):
        self.assert_told("unknown-backend-key", self.UNKNOWN, "-t", "released")

    def test_resolve_tells_it_too(self):
        for form in ("yaml", "diff"):
            outcome = self.run_it("resolve", "-o", form, stdin=self.ORPHAN)
            self.assertEqual(outcome.status, 0)
            self.assertIn("[nf4-backend-orphan]", outcome.stderr)

    def test_what_stays_is_not_told(self):
        outcome = self.run_it("migrate", stdin=QLORA + "lora_rr: 1\nlora_rr: 1\n")
        self.assertEqual((outcome.status, outcome.stderr), (0, ""))


class Strict(CommandTest):
    def test_what_is_repaired_does_not_count(self):
        self.write("a.yaml", QLORA)
        for switch in ([], ["--diff"], ["-i"]):
            outcome = self.run_it("migrate", "--strict", *switch, "a.yaml")
            self.assertEqual((outcome.status, outcome.stderr), (0, ""))
        self.assertEqual(self.read("a.yaml"), CANONICAL)

    def test_what_counts_is_told(self):
        for config in (CANONICAL, QLORA):
            outcome = self.run_it("migrate", "--strict", stdin=config + "lora_rr: 1\nlora_rr: 2\n")
            self.assertEqual(outcome.status, 1)
            self.assertEqual(outcome.stderr.count("[duplicate-key]"), 1)
            self.assertNotIn("DEPRECATED", outcome.stderr)
        outcome = self.run_it("migrate", "--strict", stdin=Told.ORPHAN)
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.stderr.count("[nf4-backend-orphan]"), 1)


class Diff(CommandTest):
    def test_of_a_folder_patches_it(self):
        self.write("f/a.yaml", QLORA)
        self.write("f/b/c.yml", QLORA)
        self.write("f/new.yaml", CANONICAL)
        outcome = self.run_it("migrate", "--diff", "f")
        self.assertEqual(outcome.status, 0, outcome.stderr)
        self.assertIn("--- a/f/a.yaml\n+++ b/f/a.yaml\n", outcome.stdout)
        self.assertNotIn("new.yaml", outcome.stdout)
        if not shutil.which("patch"):
            self.skipTest("there is no patch")
        subprocess.run(["patch", "-p1", "-s"], cwd=self.folder, input=outcome.stdout.encode(), check=True)
        self.assertEqual(self.read("f/a.yaml"), CANONICAL)
        self.assertEqual(self.read("f/b/c.yml"), CANONICAL)

    def test_names_are_those_of_the_files(self):
        if not shutil.which("patch"):
            self.skipTest("there is no patch")
        for name in ('a"b\\.yaml', "a\tb\x01.yaml", "a b.yaml", "\u00e9.yaml"):
            self.write(f"f/{name}", QLORA)
            diff = self.run_it("migrate", "--diff", f"f/{name}").stdout
            subprocess.run(["patch", "-p1", "-s"], cwd=self.folder, input=diff.encode(), check=True)
            self.assertEqual(self.read(f"f/{name}"), CANONICAL)

    def test_no_diff_is_of_another_file(self):
        self.write("a.yaml", QLORA)
        self.write("f/a.yaml", QLORA)
        result = subprocess.run(
            [BUILD, "migrate", "--diff", "../a.yaml"], cwd=self.path("f"), capture_output=True, check=True
        )
        self.assertIn(b"--- a/../a.yaml\n", result.stdout)
        self.assertIn(b"quantconf: ../a.yaml is not below this folder, and no patch is made there: ", result.stderr)
        if shutil.which("patch"):
            subprocess.run(["patch", "-p1", "-f"], cwd=self.path("f"), input=result.stdout, capture_output=True, check=False)
        self.assertEqual((self.read("a.yaml"), self.read("f/a.yaml")), (QLORA, QLORA))


    def test_links_in_a_folder_are_no_part_of_it(self):
        """patch refuses them; the file itself may be in the diff, or elsewhere."""
        self.write("f/a.yaml", QLORA)
        os.symlink("a.yaml", self.path("f/b.yaml"))
        os.symlink("new.yaml", self.path("f/c.yaml"))
        self.write("f/new.yaml", CANONICAL)
        outcome = self.run_it("migrate", "--diff", "f")
        self.assertEqual(outcome.status, 0)
        self.assertEqual(outcome.stdout.count("+++ "), 1)
        self.assertRegex(outcome.stderr, r"f/b\.yaml is a link, which no patch changes: see /.*/f/a\.yaml\n")
        self.assertNotIn("c.yaml", outcome.stderr)


class InPlace(CommandTest):
    def test_contents_mode_and_nothing_left_over(self):
        self.write("a.yaml", QLORA)
        os.chmod(self.path("a.yaml"), 0o640)
        outcome = self.run_it("migrate", "--in-place", "a.yaml")
        self.assertEqual((outcome.status, outcome.stdout, outcome.stderr), (0, "", ""))
        self.assertEqual(self.read("a.yaml"), CANONICAL)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("a.yaml")).st_mode), 0o640)
        self.assertEqual(os.listdir(self.folder), ["a.yaml"])

    def test_the_old_file_is_replaced_not_overwritten(self):
        """Whoever has it open goes on reading what it was."""
        self.write("a.yaml", QLORA)
        with open(self.path("a.yaml"), encoding="utf-8") as reader:
            self.run_it("migrate", "-i", "a.yaml")
            self.assertEqual(reader.read(), QLORA)

    def test_a_file_that_stays_is_not_touched(self):
        self.write("a.yaml", CANONICAL)
        before = os.stat(self.path("a.yaml"))
        self.assertEqual(self.run_it("migrate", "-i", "a.yaml").status, 0)
        after = os.stat(self.path("a.yaml"))
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))

    def test_symbolic_links_stay(self):
        self.write("real/a.yaml", QLORA)
        os.symlink("real/a.yaml", self.path("link.yaml"))
        self.assertEqual(self.run_it("migrate", "-i", "link.yaml").status, 0)
        self.assertEqual(os.readlink(self.path("link.yaml")), "real/a.yaml")
        self.assertEqual(self.read("real/a.yaml"), CANONICAL)
        self.assertEqual(os.listdir(self.path("real")), ["a.yaml"])

    def test_rejected_refused_and_unreadable_stay_and_the_rest_is_done(self):
        for name, text in (("a", CONFLICT), ("b", UNREADABLE), ("c", TANGLED), ("d", QLORA)):
            self.write(f"f/{name}.yaml", text)
        outcome = self.run_it("migrate", "-i", "f")
        self.assertEqual(outcome.status, 1)
        self.assertIn("4 files: 1 changed, 0 as they were, 1 rejected, 1 unreadable, 1 refused\n", outcome.stderr)
        texts = [self.read(f"f/{name}.yaml") for name in "abcd"]
        self.assertEqual(texts, [CONFLICT, UNREADABLE, TANGLED, CANONICAL])

    def test_standard_input_goes_to_standard_output(self):
        self.assertEqual(self.run_it("migrate", "-i", stdin=QLORA).stdout, CANONICAL)
        self.assertEqual(self.run_it("migrate", "-i", stdin=CANONICAL).stdout, CANONICAL)

    def test_links_in_a_folder_stay_and_so_does_what_is_outside(self):
        self.write("f/a.yaml", QLORA)
        self.write("f/.kept/b", QLORA)
        self.write("f2/outside.yaml", QLORA)
        self.write("new.yaml", CANONICAL)
        links = {"a-link": "a.yaml", "b": ".kept/b", "c": "../f2/outside.yaml", "d": "../new.yaml"}
        for name, target in links.items():
            os.symlink(target, self.path(f"f/{name}.yaml"))
        self.assertIn("f/c.yaml would change (quantconf migrate --in-place)\n", self.run_it("migrate", "--check", "f").stdout)
        outcome = self.run_it("migrate", "-i", "f")
        self.assertEqual(outcome.status, 1)
        self.assertRegex(outcome.stderr, r"f/c\.yaml is a link that leads out of f, to /.*/f2/outside\.yaml: ")
        self.assertIn("5 files: 2 changed, 2 as they were, 0 rejected, 0 unreadable, 1 refused\n", outcome.stderr)
        for name, target in links.items():
            self.assertEqual(os.readlink(self.path(f"f/{name}.yaml")), target)
        texts = [self.read(name) for name in ("f/a.yaml", "f/.kept/b", "f2/outside.yaml")]
        self.assertEqual(texts, [CANONICAL, CANONICAL, QLORA])
        self.assertEqual(self.run_it("migrate", "-i", "f/c.yaml").status, 0)
        self.assertEqual(self.read("f2/outside.yaml"), CANONICAL)
        self.assertEqual(self.run_it("migrate", "--check", "f").status, 0)

    def test_a_folder_may_itself_be_a_link(self):
        self.write("f/a.yaml", QLORA)
        os.symlink("a.yaml", self.path("f/b.yaml"))
        os.symlink("f", self.path("g"))
        self.assertEqual(self.run_it("migrate", "-i", "g").status, 0)
        self.assertEqual(self.read("f/a.yaml"), CANONICAL)

    def test_unwritable_folder(self):
        self.write("f/a.yaml", QLORA)
        os.chmod(self.path("f"), 0o555)
        self.addCleanup(os.chmod, self.path("f"), 0o700)
        outcome = self.run_without_privileges("migrate", "-i", "f/a.yaml")
        self.assertEqual(outcome.status, 3)
        self.assertIn("cannot replace f/a.yaml: Permission denied", outcome.stderr)
        outcome = self.run_without_privileges("migrate", "-i", "f")
        self.assertIn("1 file: 0 changed, 0 as they were, 0 rejected, 0 unreadable, 1 failed", outcome.stderr)
        self.assertEqual(self.read("f/a.yaml"), QLORA)
        self.assertEqual(os.listdir(self.path("f")), ["a.yaml"])
