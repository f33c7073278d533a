"""POST /v1/batch: many configs, one reply."""

import json
import unittest

from daemon import Daemon, PATIENCE, read_head

GOOD = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n"
BAD = "adapter: lora\nload_in_4bit: true\nload_in_8bit: true\n"
BROKEN = "adapter: [lora\n"


def read_chunks(stream):
    body = b""
    while True:
        size = int(stream.readline(), 16)
        body += stream.read(size)
        stream.readline()
        if size == 0:
            return body


class Batch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.daemon.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None, None, None)

    def send(self, body, query="", **headers):
        """Status, headers and the whole body; the reply comes in chunks when it is no refusal."""
        body = body.encode() if isinstance(body, str) else body
        head = f"POST /v1/batch{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        for name, value in headers.items():
            head += f"{name.replace('_', '-')}: {value}\r\n"
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.settimeout(PATIENCE)
            peer.sendall(head.encode() + b"\r\n" + body)
            status, fields = read_head(stream)
            if fields.get("transfer-encoding") == "chunked":
                return status, fields, read_chunks(stream)
            return status, fields, stream.read(int(fields["content-length"]))

    def lines(self, body, query="", **headers):
        status, fields, reply = self.send(body, query, **headers)
        self.assertEqual(status, 200, reply)
        self.assertEqual(fields["content-type"], "application/x-ndjson")
        self.assertTrue(reply.endswith(b"\n"))
        return [json.loads(line) for line in reply.splitlines()]

    def test_documents_come_back_in_order(self):
        *items, summary = self.lines(f"# many\n---\n{GOOD}---\n{BAD}--- # third\n{BROKEN}---\n{GOOD}")
        self.assertEqual([i["status"] for i in items], ["ok", "rejected", "rejected", "ok"])
        self.assertEqual(summary, {"ok": 2, "rejected": 1, "unreadable": 1})

    def test_an_item_is_what_resolve_says(self):
        reply = self.send(f"{BAD}---\n{GOOD}")[2].splitlines(keepends=True)
        self.assertEqual(reply[0], self.daemon.resolve(BAD).body)
        self.assertEqual(reply[1], self.daemon.resolve("---\n" + GOOD).body)

    def test_markers_inside_words_cut_nothing(self):
        *items, _ = self.lines(f"---x: 1\n{GOOD}")
        self.assertEqual(len(items), 1)

    def test_crlf_bom_and_utf16(self):
        text = f"{GOOD}---\n{GOOD}"
        for body in (text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf---\n" + text.encode(), text.encode("utf-16")):
            self.assertEqual(self.lines(body)[-1], {"ok": 2, "rejected": 0, "unreadable": 0})

    def test_nothing_is_no_item(self):
        for body in ("", "# only a comment\n\n"):
            self.assertEqual(self.lines(body), [{"ok": 0, "rejected": 0, "unreadable": 0}])

    def test_envelopes_in_lines(self):
        envelopes = [{"config": GOOD}, {"config": BAD, "options": {"target": "flat"}}, {"adapter": "lora"}]
        body = "\n".join(map(json.dumps, envelopes)) + '\n\n{"config": \n{"config": 7}\n'
        *items, summary = self.lines(body, Content_Type="application/x-ndjson")
        self.assertEqual([i["status"] for i in items], ["ok", "rejected", "ok", 400, 400])
        self.assertEqual(items[1]["target"], "flat")
        self.assertEqual(items[4]["instance"], "/v1/batch#/4")
        self.assertEqual(summary, {"ok": 2, "rejected": 1, "unreadable": 2})

    def test_envelopes_in_an_array(self):
        tricky = GOOD + 'wandb_name: "a ] , [ { \\" }"\n'
        body = json.dumps([{"config": tricky}, {"config": BAD}], indent=1)
        self.assertEqual(self.lines(body, Content_Type="application/json")[-1], {"ok": 1, "rejected": 1, "unreadable": 0})
        self.assertEqual(len(self.lines(" [ ] ", Content_Type="application/json")), 1)

    def test_a_torn_array_tells(self):
        for body in ('[{"adapter": "lora"}', '[{"adapter": "lora"}] x', "[", '["', "[] []"):
            *_, last, summary = self.lines(body, Content_Type="application/json")
            self.assertEqual(last["type"], "urn:quantconf:problem:bad-envelope")
            self.assertGreaterEqual(summary["unreadable"], 1)

    def test_one_object(self):
        for body, count in ((f"{GOOD}---\n{BAD}", 2), ("", 0), (GOOD, 1)):
            status, fields, reply = self.send(body, Accept="application/json")
            self.assertEqual((status, fields["content-type"]), (200, "application/json"))
            value = json.loads(reply)
            self.assertEqual(len(value["results"]), count)
            self.assertEqual(sum(value["summary"].values()), count)

    def test_options_of_the_query(self):
        *items, _ = self.lines(f"{GOOD}---\n{GOOD}", "?target=flat&include=migrated")
        self.assertEqual({i["target"] for i in items}, {"flat"})
        self.assertIn("backend: bnb", items[0]["migrated"])
        self.assertEqual(self.send(GOOD, "?on_invalid=200")[0], 400)
        self.assertEqual(self.send(GOOD, Accept="text/plain")[0], 406)
        self.assertEqual(self.send(GOOD, Content_Type="image/png")[0], 415)

    def test_limits(self):
        large = "# " + "x" * (1 << 20) + "\n"
        *items, summary = self.lines(f"---\n{large}{GOOD}---\n{GOOD}")
        self.assertEqual(items[0]["type"], "urn:quantconf:problem:body-too-large")
        self.assertEqual(summary, {"ok": 1, "rejected": 0, "unreadable": 1})
        most = "---\na: 1\n" * 10000
        self.assertEqual(self.lines(most)[-1], {"ok": 10000, "rejected": 0, "unreadable": 0})
        status, _, reply = self.send(most + "---\na: 1\n")
        self.assertEqual((status, json.loads(reply)["type"]), (413, "urn:quantconf:problem:body-too-large"))

    def test_memory_does_not_grow(self):
        """Each of these takes some hundred kilobytes to resolve; ten thousand would be gigabytes."""
        def amount(name):
            """Kilobytes."""
            with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as status:
                return int(next(line for line in status if line.startswith(name)).split()[1])

        if "-fsanitize" in self.daemon.get("/version").json["build"]["flags"]:
            self.skipTest("a sanitizer keeps what was freed")
        document = "---\n" + GOOD + "".join(f"key_{i}: {i}\n" for i in range(200))
        self.lines(document * 100)
        before = amount("VmHWM")
        self.lines(document * 1500)
        self.assertLess(amount("VmHWM") - before, 64 * 1024)

    def test_a_client_that_leaves(self):
        body = ("---\n" + GOOD) * 5000
        with self.daemon.connect() as peer:
            peer.sendall(f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            peer.recv(100)
        self.assertEqual(self.lines(GOOD)[-1]["ok"], 1)
