"""Completions know every command and option; interactive shells really complete with them."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from command import BUILD, CANONICAL, PATIENCE, SOURCE, CommandTest, environment

HERE = os.path.dirname(os.path.abspath(__file__))
COMPLETIONS = os.path.join(SOURCE, "completions")
BASH = os.path.join(COMPLETIONS, "quantconf.bash")
ZSH = os.path.join(COMPLETIONS, "_quantconf")


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, words, folder, term):
        self.outer, inner = pty.openpty()
        path = os.path.dirname(BUILD) + os.pathsep + os.environ["PATH"]
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=environment(TERM=term, PATH=path, QUANTCONF_COMPLETIONS=COMPLETIONS),
            start_new_session=True,
        )
        os.close(inner)
        self.said = ""

    def end(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.outer)

    def type(self, text):
        os.write(self.outer, text.encode())

    def until(self, mark):
        """What it says before the mark."""
        end = time.monotonic() + PATIENCE
        while mark not in self.said:
            ready, _, _ = select.select([self.outer], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(self.said)
            self.said += os.read(self.outer, 4096).decode()
        before, _, self.said = self.said.partition(mark)
        return before


class Words(CommandTest):
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


class Installed(unittest.TestCase):
    @unittest.skipUnless(shutil.which("zsh") and shutil.which("make"), "there is no zsh, or no make")
    def test_zsh_looks_where_a_plain_installation_puts_it(self):
        command = "make --no-print-directory -n install-dist_zshcompletionDATA prefix=/usr/local DESTDIR=".split()
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        steps = subprocess.run(
            command, cwd=os.path.dirname(BUILD), env=mine, capture_output=True, text=True, timeout=PATIENCE, check=True
        ).stdout
        (folder,) = set(re.findall(r"/usr/local/[\w/-]*zsh[\w/-]*", steps))
        asked = subprocess.run(["zsh", "-f", "-c", "print -l $fpath"], capture_output=True, text=True, check=True)
        self.assertIn(folder, asked.stdout.splitlines())


class Interactive:
    """What both shells offer for the last word of a line; complete() is the shell's own."""

    def setUp(self):
        super().setUp()
        for name in ("a.yaml", "b.yml", "c.json", "d.txt", "e/f.yaml"):
            self.write(name, CANONICAL)
        self.shell = self.start()
        self.addCleanup(self.shell.end)

    def offers(self, line, *wanted):
        with self.subTest(line=line):
            self.assertEqual(self.complete(line), sorted(wanted))

    def test_commands_and_options(self):
        self.offers("quantconf ", "resolve", "migrate", "inspect", "rules", "schema")
        self.offers("quantconf mi", "migrate")
        self.offers("quantconf migrate --in", "--in-place")
        self.assertIn("--strict", self.complete("quantconf migrate -"))

    def test_values(self):
        self.offers("quantconf resolve -t ", "canonical", "flat", "released")
        self.offers("quantconf resolve --target=f", "flat")
        self.offers("quantconf resolve --target f", "flat")
        self.offers("quantconf resolve --output ", "json", "yaml", "text", "diff", "sarif")
        self.offers("quantconf resolve --checkpoint no", "none")
        self.offers("quantconf resolve --model-root ", "e")
        self.offers("quantconf rules torchao-with-g", "torchao-with-gptq")

    def test_files(self):
        self.offers("quantconf migrate ", "a.yaml", "b.yml", "e")
        self.offers("quantconf migrate --in-place a.yaml e/", "f.yaml")
        self.offers("quantconf resolve -t flat b", "b.yml")
        self.offers("quantconf inspect ", "c.json", "e")
        self.offers("quantconf schema ")


@unittest.skipUnless(shutil.which("bash"), "there is no bash")
class Bash(Interactive, CommandTest):
    def start(self):
        shell = Shell(["bash", "--norc", "--noprofile", "-i"], self.folder, "dumb")
        shell.type(f". '{HERE}/complete.bash'\n")
        shell.until("<ready>\r\n")
        shell.until("<prompt>")
        return shell

    def complete(self, line):
        self.shell.type(line + "\t\x15printf '<%s>\\n' end\r")
        first, *rest = self.shell.until("<end>\r\n").split("\r\n")
        self.shell.until("<prompt>")
        # The line as it was typed, an offer a line, and the line once more.
        self.assertEqual(first.split("\r")[0].strip("\a "), line.strip())
        return sorted(word.rstrip("/") for word in rest[:-2])


@unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
class Zsh(Interactive, CommandTest):
    def start(self):
        shell = Shell(["zsh", "-f", "-i"], self.folder, "vt100")
        shell.type(f"source '{HERE}/complete.zsh'\n")
        shell.until("<ready>\r\n")
        return shell

    def test_values_that_touch_their_letter(self):
        self.offers("quantconf resolve -tfl", "flat")
        self.offers("quantconf resolve -os", "sarif")

    def complete(self, line):
        self.shell.type(line + "\t")
        offers = re.findall(r"<offers (.*?)>", self.shell.until("<end>"))
        self.shell.type("\x15")
        return sorted(set(offers))
