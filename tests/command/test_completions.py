"""Completions know every command and option, and bash completes with them."""

import os
import re
import shlex
import shutil
import subprocess
import unittest

from command import BUILD, CANONICAL, PATIENCE, SOURCE, CommandTest

BASH = os.path.join(SOURCE, "completions", "quantconf.bash")
ZSH = os.path.join(SOURCE, "completions", "_quantconf")


class Completions(CommandTest):
    def words_of_help(self):
        text = self.run_it("--help").stdout
        commands = re.findall(r"^  ([a-z]+) +", text.split("Options:")[0], re.M)
        options = re.findall(r"(?:^|, |  )(--[a-z-]+)", text.split("Options:")[1], re.M)
        letters = re.findall(r"^ +(-[a-z]), ", text, re.M)
        self.assertGreaterEqual(len(commands), 4)
        self.assertGreater(len(options), 12)
        return commands, options, letters

    def test_both_name_every_command_and_option(self):
        commands, options, letters = self.words_of_help()
        for path in (BASH, ZSH):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            for word in commands + options + letters:
                self.assertRegex(text, rf"(?<![\w-]){word}(?![\w-])", path)

    def test_neither_names_an_option_that_is_not_there(self):
        _, options, _ = self.words_of_help()
        for path in (BASH, ZSH):
            with open(path, encoding="utf-8") as file:
                code = re.sub(r"^\s*#.*$", "", file.read(), flags=re.M)
            for word in re.findall(r"(?<![\w-])--[a-z][a-z-]+", code):
                self.assertIn(word, options, path)

    def complete(self, *words):
        """What bash offers for the last word."""
        bash = shutil.which("bash")
        if not bash:
            self.skipTest("there is no bash")
        line = " ".join(shlex.quote(word) for word in (BUILD, *words))
        script = f"""
            shopt -s extglob
            source {shlex.quote(BASH)}
            COMP_WORDS=({line}); COMP_CWORD={len(words)}
            _quantconf
            printf '%s\\n' "${{COMPREPLY[@]}}"
            complete -p quantconf >&2
        """
        result = subprocess.run(
            [bash, "--norc", "-c", script],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        self.assertEqual(result.stderr, "complete -F _quantconf quantconf\n")
        return sorted(result.stdout.split())

    def test_bash_commands_and_options(self):
        commands, options, letters = self.words_of_help()
        self.assertEqual(self.complete(""), sorted(commands))
        self.assertEqual(self.complete("mi"), ["migrate"])
        self.assertEqual(self.complete("migrate", "-"), sorted(options + letters))
        self.assertEqual(self.complete("migrate", "--in"), ["--in-place"])

    def test_bash_values(self):
        targets = ["canonical", "flat", "released"]
        self.assertEqual(self.complete("resolve", "-t", ""), targets)
        self.assertEqual(self.complete("resolve", "--target", "=", "f"), ["flat"])
        self.assertEqual(self.complete("resolve", "--target", "="), targets)
        forms = ["diff", "json", "sarif", "text", "yaml"]
        self.assertEqual(self.complete("resolve", "--output", ""), forms)
        self.assertEqual(self.complete("resolve", "--checkpoint", "no"), ["none"])
        self.assertEqual(self.complete("rules", "torchao-with-g"), ["torchao-with-gptq"])

    def test_bash_files(self):
        for name in ("a.yaml", "b.yml", "c.json", "d.txt", "e/f.yaml"):
            self.write(name, CANONICAL)
        self.assertEqual(self.complete("migrate", ""), ["a.yaml", "b.yml", "e"])
        self.assertEqual(self.complete("inspect", ""), ["c.json", "e"])
        self.assertEqual(self.complete("resolve", "--model-root", ""), ["e"])

    @unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
    def test_zsh_reads_its_file(self):
        subprocess.run(["zsh", "-n", ZSH], check=True, timeout=PATIENCE)
