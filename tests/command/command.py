"""Runs the built quantconf in a folder of its own, with or without a terminal."""

import json
import os
import pty
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("QUANTCONF", "./quantconf"))
SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
# Sanitizers and loaded machines are slow; nothing here measures time.
PATIENCE = 60

QLORA = "base_model: a/b\nadapter: qlora  # cheap\nload_in_4bit: true\n"
CANONICAL = (
    "base_model: a/b\nadapter: lora  # cheap\n"
    "model_quantization_config:\n  bnb:\n    weight_dtype: nf4\n"
)
CONFLICT = "adapter: qlora\nload_in_8bit: true\n"
UNREADABLE = "adapter: [\n"
TANGLED = "adapter: lora\nload_in_4bit: &f true\nstrict: *f\n"


class Outcome:
    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self):
        return json.loads(self.stdout)


def environment(**changes):
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**kept, "TERM": "xterm", **changes}


class CommandTest(unittest.TestCase):
    """A folder for each test; run() runs there."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="quantconf-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return name

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode()

    def run_bytes(self, *arguments, stdin=b"", **options):
        return subprocess.run(
            [BUILD, *arguments],
            cwd=self.folder,
            input=stdin,
            stdout=options.get("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            env=environment(**options.get("env", {})),
            timeout=PATIENCE,
            check=False,
        )

    def run_it(self, *arguments, stdin="", **options):
        result = self.run_bytes(*arguments, stdin=stdin.encode(), **options)
        return Outcome(result.returncode, (result.stdout or b"").decode(), result.stderr.decode())

    def run_without_privileges(self, *arguments):
        """As nobody where the tests run as root, who may read and write everything."""
        mine = shutil.copy(BUILD, self.path("quantconf"))
        os.chmod(mine, 0o755)
        os.chmod(self.folder, 0o755)
        result = subprocess.run(
            [mine, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            user=65534 if os.geteuid() == 0 else None,
            env=environment(),
            timeout=PATIENCE,
            check=False,
        )
        return Outcome(result.returncode, result.stdout.decode(), result.stderr.decode())

    def run_on_terminal(self, *arguments, **env):
        """Standard output and error are one terminal."""
        outer, inner = pty.openpty()
        with subprocess.Popen(
            [BUILD, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
            env=environment(**env),
        ) as process:
            os.close(inner)
            out = b""
            while True:
                try:
                    chunk = os.read(outer, 4096)
                except OSError:  # the other side is closed
                    break
                if not chunk:
                    break
                out += chunk
            os.close(outer)
            status = process.wait(PATIENCE)
        return Outcome(status, out.decode(), "")
