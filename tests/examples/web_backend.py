#!/usr/bin/env python3
"""examples/web-backend: the Python and the Node client, and the web form, in front of the real daemon."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import BAD, BAD_SAYS, EXAMPLES, GOOD, UNREADABLE, ExampleTest, address_of_nobody, main, search_path, stranger, url

FOLDER = os.path.join(EXAMPLES, "web-backend")


def node():
    """Node 18 or newer, which has fetch()."""
    found = shutil.which("node", path=search_path())
    if not found:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    return found if int(re.match(r"v(\d+)", version).group(1)) >= 18 else None


class Client:
    """The same of both clients: what they print, and their exit status."""

    def ask(self, address, config, **env):
        return self.run_it(*self.command, config, QUANTCONF_URL=address, **env)

    def test_a_good_config(self):
        result = self.ask(url(self.start()), GOOD)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_a_deprecated_config(self):
        config = os.path.join(EXAMPLES, "qlora.yaml")
        result = self.ask(url(self.start()), config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(f"{config}:5:1: warning: DEPRECATED: `load_in_4bit: true`", result.stdout)
        self.assertIn("\n  help: Write `model_quantization_config: ", result.stdout)

    def test_a_conflict(self):
        result = self.ask(url(self.start()), BAD)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertIn(f"{BAD}:{BAD_SAYS}\n  help: Remove gptq", result.stdout)

    def test_an_unreadable_config(self):
        result = self.ask(url(self.start()), self.write("config.yaml", UNREADABLE))
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertIn(":2:1: error: The config cannot be read as YAML", result.stdout)

    def test_no_service(self):
        with address_of_nobody() as address:
            result = self.ask(address, GOOD)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn(f"{GOOD}: not checked: ", result.stderr)
        self.assertIn("refused", result.stderr.lower())
        self.assertNotIn("Traceback", result.stderr)

    def test_a_service_that_wants_a_token(self):
        daemon = self.start("--token-file", self.write("tokens", "a-token-of-sixteen-bytes-or-more\n", 0o600))
        result = self.ask(url(daemon), GOOD)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("401", result.stderr)
        result = self.ask(url(daemon), BAD, QUANTCONF_TOKEN="a-token-of-sixteen-bytes-or-more")
        self.assertEqual((result.returncode, result.stderr), (1, ""))

    def test_a_stranger(self):
        """Statuses 0 and 1 are verdicts, which only quantconfd gives."""
        for status, kind, body in (
            (200, "text/html", "<p>Welcome"),
            (200, "application/json", '{"status": "ok"}'),
            (422, "application/json", "[]"),
            (400, "application/json", "{"),
            (200, "application/json", "null"),
        ):
            with self.subTest(body=body), stranger(status, kind, body) as address:
                result = self.ask(address, BAD)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertRegex(result.stderr, rf"^{BAD}: not checked: .*\n$")
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=self.greet, args=(server,))
            thread.start()
            result = self.ask(f"http://127.0.0.1:{server.getsockname()[1]}", BAD)
            thread.join()
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    @staticmethod
    def greet(server):
        with server.accept()[0] as peer:
            peer.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
            peer.recv(1)

    def test_wrong_settings(self):
        for env in {"QUANTCONF_TOKEN": "a\nb"}, {"address": "nowhere"}:
            result = self.ask(**{"address": "http://127.0.0.1:1", "config": GOOD, **env})
            self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
            self.assertIn("not checked: ", result.stderr)
            self.assertNotIn("Traceback", result.stderr)

    def test_no_arguments(self):
        result = self.run_it(*self.command)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("usage: ", result.stderr)

    def test_no_file(self):
        result = self.ask(url(self.start()), "none.yaml")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("none.yaml: not checked: ", result.stderr)


class Python(Client, ExampleTest):
    command = (sys.executable, os.path.join(FOLDER, "resolve.py"))


@unittest.skipUnless(node(), "there is no Node 18 or newer")
class Node(Client, ExampleTest):
    command = (node(), os.path.join(FOLDER, "resolve.mjs"))


@unittest.skipUnless(node(), "there is no Node 18 or newer")
class Form(ExampleTest):
    def serve(self, address):
        """The form, in front of a service; its address."""
        form = subprocess.Popen(
            [node(), os.path.join(FOLDER, "form.mjs")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self.environment(QUANTCONF_URL=address, PORT="0"),
        )
        self.addCleanup(form.communicate)
        self.addCleanup(form.terminate)
        return form.stdout.readline().strip()

    def send(self, form, config=None):
        """(status, page), as a browser gets them: it sends lines that end with CR LF."""
        body = config and urllib.parse.urlencode({"config": config.replace("\n", "\r\n")}).encode()
        try:
            with urllib.request.urlopen(form, body, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def send_file(self, form, path):
        with open(path, encoding="utf-8") as file:
            return self.send(form, file.read())

    def test_the_way_of_a_visitor(self):
        form = self.serve(url(self.start()))
        status, page = self.send(form)
        self.assertEqual(status, 200)
        self.assertRegex(page, r'<form method="post"><textarea name="config"')
        status, page = self.send_file(form, GOOD)
        self.assertEqual(status, 200)
        self.assertIn("<h2>ok</h2>", page)
        self.assertIn("BitsAndBytesConfig", page)
        status, page = self.send_file(form, BAD)
        self.assertEqual(status, 422)
        self.assertIn(BAD_SAYS, page)
        self.assertIn("help: Remove gptq", page)
        self.assertIn("quantize_moe_experts: true\r\n", page, "the visitor's text stays in the form")

    def test_what_is_no_yaml(self):
        status, page = self.send(self.serve(url(self.start())), UNREADABLE)
        self.assertEqual(status, 422)
        self.assertIn("2:1: error: The config cannot be read as YAML", page)

    def test_words_of_the_visitor_are_no_html(self):
        status, page = self.send(self.serve(url(self.start())), "</textarea><script>alert(1)</script>: [")
        self.assertEqual(status, 422)
        self.assertNotIn("<script", page)

    def test_nothing_is_installed(self):
        status, page = self.send(self.serve(url(self.start())), "base_model: a/b\nadapter: lora\n")
        self.assertEqual(status, 200)
        self.assertIn("Installed: nothing", page)

    def test_too_large(self):
        form = self.serve(url(self.start()))
        status, _ = self.send(form, "x" * (5 << 20))
        self.assertEqual(status, 413)
        status, page = self.send(form, "# " + "x" * (1 << 20))
        self.assertEqual(status, 413)
        self.assertIn("at most 1048576 bytes", page)
        self.assertNotIn("again", page)

    def test_a_token_that_is_missing_is_not_the_visitor_s_fault(self):
        daemon = self.start("--token-file", self.write("tokens", "a-token-of-sixteen-bytes-or-more\n", 0o600))
        status, page = self.send_file(self.serve(url(daemon)), GOOD)
        self.assertEqual(status, 503)
        self.assertNotIn("oken", page)

    def test_a_visitor_who_leaves(self):
        form = self.serve(url(self.start()))
        port = int(form.rpartition(":")[2])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nconfig=")
        self.assertEqual(self.send_file(form, GOOD)[0], 200)

    def test_no_service(self):
        with address_of_nobody() as address:
            form = self.serve(address)
            status, page = self.send_file(form, GOOD)
            self.assertEqual(status, 503)
            self.assertIn("could not be checked", page)
        self.start(listen=address.removeprefix("http://"))
        self.assertEqual(self.send_file(form, GOOD)[0], 200)


if __name__ == "__main__":
    main()
