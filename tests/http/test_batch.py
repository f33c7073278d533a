"""POST /v1/batch: many configs, one reply."""

import json
import socket
import unittest

from daemon import Daemon

GOOD = "adapter: lora\nmodel_quantization_config:\n  bnb:\n    weight_dtype: nf4\n"
BAD = "adapter: lora\nload_in_4bit: true\nload_in_8bit: true\n"
BROKEN = "adapter: [lora\n"


class Batch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.sanitized = "-fsanitize" in cls.daemon.get("/version").json["build"]["flags"]

    def kilobytes(self, name):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith(name)).split()[1])

    def send(self, body, query="", **headers):
        """Status, headers and the whole body."""
        body = body.encode() if isinstance(body, str) else body
        reply = self.daemon.post(f"/v1/batch{query}", body, **headers)
        return reply.status, reply.headers, reply.body

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

    def test_a_document_may_end_by_itself(self):
        for body in (f"{GOOD}...\n%YAML 1.1\n# second\n---\n{GOOD}", f"{GOOD}...\n{GOOD}...\n# end\n"):
            self.assertEqual(self.lines(body)[-1], {"ok": 2, "rejected": 0, "unreadable": 0})

    def test_every_form_under_a_type_that_tools_send_unasked(self):
        envelopes = [{"config": GOOD}, {"config": BAD}]
        lines = "\n".join(map(json.dumps, envelopes))
        for body in (f"{GOOD}---\n{BAD}", json.dumps(envelopes, indent=1), lines):
            for kind in (None, "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"):
                with self.subTest(f"{kind}: {body[:20]}"):
                    summary = self.lines(body, **({"Content_Type": kind} if kind else {}))[-1]
                    self.assertEqual(summary, {"ok": 1, "rejected": 1, "unreadable": 0})

    def test_json_that_is_neither_array_nor_lines(self):
        for body in (json.dumps({"config": GOOD}, indent=1), "", '"'):
            status, _, reply = self.send(body, Content_Type="application/json")
            self.assertEqual((status, json.loads(reply)["type"]), (400, "urn:quantconf:problem:bad-envelope"))

    def test_the_type_of_the_lines(self):
        for kind in ("application/jsonl", "application/ndjson", "application/x-ndjson"):
            body = json.dumps({"config": GOOD}) + "\n"
            self.assertEqual(self.lines(body, Content_Type=kind)[-1], {"ok": 1, "rejected": 0, "unreadable": 0})
        body = json.dumps([{"config": GOOD}])
        self.assertEqual(self.lines(body, Content_Type="text/json")[-1], {"ok": 1, "rejected": 0, "unreadable": 0})
        for accept, kind in (("application/jsonl",) * 2, ("application/ndjson",) * 2, ("*/*", "application/x-ndjson")):
            _, fields, reply = self.send(f"{GOOD}---\n{BAD}", Accept=accept)
            self.assertEqual(fields["content-type"], kind)
            self.assertEqual(len(reply.splitlines()), 3)

    def test_nothing_is_no_batch(self):
        """A pipe that went wrong, as for /v1/resolve; an empty array says itself that there is nothing."""
        for kind in (None, "application/yaml", "text/plain", "application/x-ndjson"):
            for body in ("", "\n \n") + (("# only a comment\n\n", "...\n") if kind != "application/x-ndjson" else ()):
                with self.subTest(f"{kind}: {body!r}"):
                    status, _, reply = self.send(body, **({"Content_Type": kind} if kind else {}))
                    self.assertEqual((status, json.loads(reply)["type"]), (400, "urn:quantconf:problem:empty-batch"))
        for accept, reply in (("*/*", b""), ("application/json", b'{"results":[],"summary":')):
            status, _, body = self.send("[]", Accept=accept)
            summary = b'{"ok":0,"rejected":0,"unreadable":0}'
            self.assertEqual((status, body), (200, reply + summary + (b"}\n" if reply else b"\n")))

    def test_a_document_without_a_config_counts(self):
        """As PyYAML's load_all() has it; so items stay beside what they were made of."""
        *items, summary = self.lines(f"---\n# only a comment\n---\n{GOOD}---\n")
        self.assertEqual([[e["rule"] for e in i["errors"]] for i in items], [["yaml-empty"], [], ["yaml-empty"]])
        self.assertEqual(summary, {"ok": 1, "rejected": 0, "unreadable": 2})

    def test_files_put_together_keep_their_byte_order_marks(self):
        body = "".join(f"---\n{text}" for text in (GOOD, "\ufeff" + GOOD, "\ufeff# c\n" + BAD))
        *items, summary = self.lines(body.encode())
        self.assertEqual(summary, {"ok": 2, "rejected": 1, "unreadable": 0})
        self.assertEqual(items[1], self.daemon.resolve("\ufeff" + GOOD).json)

    def test_items_carry_the_names_that_they_came_with(self):
        lines = [{"config": GOOD, "options": {"filename": "configs/a.yaml"}}, {"config": BROKEN}]
        *items, _ = self.lines("\n".join(map(json.dumps, lines)))
        self.assertEqual([i.get("filename") for i in items], ["configs/a.yaml", None])

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
        for body, count in ((f"{GOOD}---\n{BAD}", 2), ("[]", 0), (GOOD, 1)):
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

    def test_limits_of_ones_own(self):
        with Daemon("--limit-batch", "64KiB", "--limit-batch-items", "3", "--limit-config", "2KiB") as daemon:
            def status(body, kind=None):
                reply = daemon.post("/v1/batch", body, kind)
                return reply.status

            self.assertEqual(status("---\na: 1\n" * 3), 200)
            self.assertEqual(status("---\na: 1\n" * 4), 413)
            self.assertEqual(status(json.dumps([{}] * 4), "application/json"), 413)
            self.assertEqual(status("a: 1 #" + "#" * 65530), 200)
            self.assertEqual(status("a: 1 #" + "#" * 65531), 413)

    def test_memory_does_not_grow(self):
        """Each of these takes some ten kilobytes to resolve; ten thousand would be hundreds of megabytes."""
        if self.sanitized:
            self.skipTest("a sanitizer keeps what was freed")
        document = "---\n" + GOOD + "".join(f"key_{i}: {i}\n" for i in range(60))
        self.lines(document * 100)
        before = self.kilobytes("VmHWM")
        body = document * 10000
        for headers in ({}, {"Transfer_Encoding": "chunked"}):
            self.assertTrue(self.send(body, **headers)[2].endswith(b'\n{"ok":10000,"rejected":0,"unreadable":0}\n'))
            # The body once, and what one item needs.
            self.assertLess(self.kilobytes("VmHWM") - before, len(body) // 1024 + 8 * 1024)
            self.assertLess(self.kilobytes("VmRSS") - before, 8 * 1024)

    def stalled(self, body):
        """A connection whose batch is under way, and whose client reads no more."""
        peer = self.daemon.connect()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        peer.sendall(head.encode() + body.encode())
        peer.recv(100)
        return peer

    def test_clients_that_stop_reading_hurt_nobody(self):
        body = ("---\n" + GOOD) * 5000
        peers = [self.stalled(body) for _ in range(8)]
        for _ in range(20):
            self.assertEqual(self.lines(f"{GOOD}---\n{BAD}")[-1], {"ok": 1, "rejected": 1, "unreadable": 0})
        with peers[0], peers[0].makefile("rb") as stream:
            stream.read(20000)  # and this one reads on
        for peer in peers:
            peer.close()

    def test_a_client_that_leaves_takes_its_memory_along(self):
        if self.sanitized:
            self.skipTest("a sanitizer keeps what was freed")
        body = ("---\n" + GOOD + "# " + "x" * 2000 + "\n") * 10000
        self.send(body)
        before = self.kilobytes("VmRSS")
        for _ in range(5):
            self.stalled(body).close()
            self.daemon.wait_for_log("ended=client-gone")
            self.daemon.lines.clear()
        self.assertEqual(self.lines(GOOD)[-1]["ok"], 1)
        self.assertLess(self.kilobytes("VmRSS") - before, 8 * 1024)
