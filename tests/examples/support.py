"""What the tests of examples/ share: the built programs, a folder for each test, the configs that are shown."""

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))
BUILD = os.path.abspath(".")
EXAMPLES = os.path.join(SOURCE, "examples")
sys.path.insert(0, os.path.join(SOURCE, "tests", "http"))

from daemon import PATIENCE, Daemon  # noqa: E402, F401

GOOD = os.path.join(EXAMPLES, "canonical.yaml")
BAD = os.path.join(EXAMPLES, "conflict.yaml")
# The head of what is said of BAD, after the file's name.
BAD_SAYS = "7:1: error: gptq: true and model_quantization_config.torchao.weight_dtype: nf4 both claim the base weights."
UNREADABLE = "adapter: [\n"


def needs(*programs):
    """Skips a test (or a class of them) where a program is not installed."""
    missing = [program for program in programs if not shutil.which(program, path=search_path())]
    return unittest.skipIf(missing, "there is no " + " and no ".join(missing))


def search_path():
    """Daemons stand in sbin, where not everybody looks; the built programs come first."""
    return os.pathsep.join([BUILD, os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@contextlib.contextmanager
def address_of_nobody():
    """An address at which nobody listens, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextlib.contextmanager
def stranger(status, kind, body):
    """The address of a server that is no quantconfd, and answers everything so."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # pylint: disable=invalid-name
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class ExampleTest(unittest.TestCase):
    """A folder for each test; run_it() runs there."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="quantconf-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def start(self, *options, **settings):
        """A daemon until the end of the test."""
        return self.enterContext(Daemon(*options, **settings))

    def enterContext(self, manager):
        """As unittest has it from Python 3.11 on."""
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def environment(self, **changes):
        return {**os.environ, "PATH": search_path(), "PYTHONDONTWRITEBYTECODE": "1", **changes}

    def run_it(self, *command, stdin="", **env):
        return subprocess.run(
            command,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment(**env),
            timeout=4 * PATIENCE,
            check=False,
        )


def url(daemon):
    return f"http://127.0.0.1:{daemon.port}"


def main():
    """Runs the tests of the calling program; 77 when its programs are missing, and so all are skipped."""
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
