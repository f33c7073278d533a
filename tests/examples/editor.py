#!/usr/bin/env python3
"""examples/editor with the real yaml-language-server: what an author sees, with the schema of a running quantconfd."""

import json
import os
import queue
import subprocess
import threading
import unittest

from support import BUILD, EXAMPLES, GOOD, PATIENCE, ExampleTest, main, needs, url

SERVER = os.path.join(BUILD, "npm", "node_modules", "yaml-language-server", "bin", "yaml-language-server")
ADDRESS = "http://127.0.0.1:8642"


class LanguageServer:
    """Speaks LSP with the server over its pipes, as an editor with the given settings does."""

    def __init__(self, settings, folder, environment):
        self.settings = settings
        self.folder = folder
        self.number = 0
        self.said = queue.Queue()
        self.process = subprocess.Popen(
            ["node", SERVER, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def __enter__(self):
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
        self.ask("initialize", processId=os.getpid(), rootUri=f"file://{self.folder}", capabilities=capabilities)
        self.tell("initialized")
        self.tell("workspace/didChangeConfiguration", settings=self.settings)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()

    def read(self):
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                return
            self.said.put(json.loads(self.process.stdout.read(length)))

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method, **parameters):
        self.send(method=method, params=parameters)

    def ask(self, method, **parameters):
        self.number += 1
        number = self.number
        self.send(method=method, params=parameters, id=number)
        return self.wait(lambda message: message.get("id") == number and "method" not in message)["result"]

    def wait(self, wanted):
        """The first message that is wanted. What the server asks meanwhile is answered from the settings."""
        while True:
            message = self.said.get(timeout=PATIENCE)
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", [])
                self.send(id=message["id"], result=[self.settings.get(item["section"]) for item in items])
            elif wanted(message):
                return message

    def open(self, path, text):
        """(line, column, message) of what it marks, counted from 1 as people do."""
        uri = f"file://{path}"
        self.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})
        told = self.wait(
            lambda message: message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == uri
        )
        marks = []
        for found in told["params"]["diagnostics"]:
            start = found["range"]["start"]
            marks.append((start["line"] + 1, start["character"] + 1, found["message"]))
        return marks

    def complete(self, path, line, column):
        place = {"line": line - 1, "character": column - 1}
        found = self.ask("textDocument/completion", textDocument={"uri": f"file://{path}"}, position=place)
        return [item["label"] for item in found["items"]]


@needs("node")
@unittest.skipUnless(os.path.exists(SERVER), "there is no yaml-language-server; make npm-tools installs it")
class Editor(ExampleTest):
    def setUp(self):
        super().setUp()
        self.address = url(self.start())

    def settings(self):
        """The example's, for the daemon of this test."""
        with open(os.path.join(EXAMPLES, "editor", "settings.json"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(ADDRESS, text)
        values = json.loads(text.replace(ADDRESS, self.address))
        nested = {}
        for name, value in values.items():
            section, _, key = name.partition(".")
            nested.setdefault(section, {})[key] = value
        return nested

    def edit(self, settings):
        return self.enterContext(LanguageServer(settings, self.folder, self.environment()))

    def test_a_wrong_dtype_is_marked_and_the_right_ones_are_offered(self):
        editor = self.edit(self.settings())
        path = self.path("configs/a.yaml")
        text = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf5\n"
        marks = editor.open(path, text)
        self.assertTrue(any(mark[:2] == (4, 19) for mark in marks), marks)
        offered = editor.complete(path, 4, 19)
        self.assertIn("nf4", offered)
        self.assertIn("int8", offered)

    def test_keys_are_offered(self):
        editor = self.edit(self.settings())
        path = self.path("configs/a.yaml")
        editor.open(path, "adapter: lora\nmodel_q\n")
        self.assertIn("model_quantization_config", editor.complete(path, 2, 8))
        path = self.path("configs/b.yaml")
        editor.open(path, "model_quantization_config:\n  \n")
        self.assertLessEqual({"bnb", "torchao", "mxfp4", "fp8"}, set(editor.complete(path, 2, 3)))

    def test_a_good_config_has_no_mark(self):
        with open(GOOD, encoding="utf-8") as file:
            self.assertEqual(self.edit(self.settings()).open(self.path("configs/a.yaml"), file.read()), [])

    def test_other_files_are_left_alone(self):
        editor = self.edit(self.settings())
        self.assertEqual(editor.open(self.path("other/a.yaml"), "adapter: [1, 2]\n"), [])
        self.assertNotEqual(editor.open(self.path("configs/a.yaml"), "adapter: [1, 2]\n"), [])

    def test_the_first_line_of_a_file_names_the_schema(self):
        with open(os.path.join(EXAMPLES, "editor", "README.md"), encoding="utf-8") as file:
            text = file.read()
        line = f"# yaml-language-server: $schema={ADDRESS}/v1/schema"
        self.assertIn(f"`{line}`", text)
        editor = self.edit({"yaml": {}})
        marks = editor.open(self.path("a.yaml"), line.replace(ADDRESS, self.address) + "\nload_in_4bit: [1]\n")
        self.assertTrue(any(mark[0] == 2 for mark in marks), marks)


if __name__ == "__main__":
    main()
