"""Inputs nobody should send: each gets a clear answer, and the daemon serves on undisturbed."""

import json
import unittest

from daemon import Daemon, multipart, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
MIB = 1024 * 1024

ALIAS_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi")
)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.good = cls.daemon.resolve(GOOD)

    def tearDown(self):
        """Whatever it was, nothing else was disturbed."""
        self.assertEqual(self.daemon.resolve(GOOD).body, self.good.body)
        self.assertIsNone(self.daemon.process.poll())

    def check_problem(self, reply, status, slug):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "application/problem+json")
        self.assertEqual(reply.slug, slug)
        self.assertTrue(reply.json["detail"])

    # --- configs that cannot be read ---

    def check_unreadable(self, config, rule):
        reply = self.daemon.resolve(config)
        self.assertEqual(reply.status, 400, reply.body[:300])
        self.assertEqual(reply.headers["content-type"], "application/json")
        self.assertEqual(reply.json["status"], "rejected")
        self.assertIn(rule, [finding["rule"] for finding in reply.json["errors"]])
        self.assertIsNone(reply.json["canonical"])

    def test_unreadable_configs(self):
        for name, config, rule in (
            ("empty", "", "yaml-empty"),
            ("only a comment", "# nothing\n", "yaml-empty"),
            ("NULs", b"a: 1\x00\x00\x00\n", "yaml-syntax"),
            ("invalid UTF-8", b"a: \xc3\x28\n", "yaml-encoding"),
            ("Latin-1", "name: Käse\n".encode("latin-1"), "yaml-encoding"),
            ("80 kB of brackets", "[" * 80000, "yaml-limit"),
            ("320 kB of mappings", "a: {" * 80000, "yaml-limit"),
            ("alias bomb", ALIAS_BOMB, "yaml-limit"),
            ("Python object", "a: !!python/object:os.system {}\n", "yaml-unknown-tag"),
            ("two documents", "a: 1\n---\nb: 2\n", "yaml-multiple-documents"),
            ("a list", "- a\n- b\n", "yaml-not-a-mapping"),
            ("a string", "hello\n", "yaml-not-a-mapping"),
            ("broken", "a: [1, 2\nb: }\n", "yaml-syntax"),
        ):
            with self.subTest(name):
                self.check_unreadable(config, rule)

    # --- sizes ---

    def test_config_at_the_limit_and_past_it(self):
        config = GOOD.encode()
        at_limit = config + b"#" * (MIB - len(config) - 1) + b"\n"
        self.assertEqual(self.daemon.resolve(at_limit).status, 200)
        self.check_problem(self.daemon.resolve(at_limit + b"\n"), 413, "body-too-large")

    def test_refused_bodies_are_read(self):
        """The reply comes although all was sent first, and the connection serves on."""
        for length in (2 * MIB, 12 * MIB):
            body = b"#" * length
            with self.daemon.connect() as peer, peer.makefile("rb") as stream:
                head = "POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\n"
                peer.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
                self.check_problem(read_reply(stream), 413, "body-too-large")
                peer.sendall(f"{head}Content-Length: {len(GOOD)}\r\n\r\n{GOOD}".encode())
                self.assertEqual(read_reply(stream).body, self.good.body)

    def test_body_that_never_ends(self):
        """Chunks without end are read for 16 MiB, then the connection is closed."""
        chunk = b"10000\r\n" + b"#" * 65536 + b"\r\n"
        with self.daemon.connect() as peer:
            peer.sendall(
                b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            with self.assertRaises(ConnectionError):
                for _ in range(1024):
                    peer.sendall(chunk)

    def test_parts_past_their_limit(self):
        body, kind = multipart(("config", b"#" * (MIB + 1)))
        self.check_problem(self.daemon.resolve(body, content_type=kind), 413, "body-too-large")
        body, kind = multipart(("config", GOOD), ("checkpoint", b" " * (16 * MIB + 1)))
        self.check_problem(self.daemon.resolve(body, content_type=kind), 413, "body-too-large")
        value = {"config": "#" * (MIB + 1)}
        self.check_problem(self.daemon.envelope(value), 413, "body-too-large")
        value = {"a": "x" * MIB}
        self.check_problem(self.daemon.envelope(value), 413, "body-too-large")

    # --- types and encodings ---

    def test_wrong_types(self):
        for kind in ("image/png", "application/xml", "application/octet-stream", "nonsense"):
            reply = self.daemon.resolve(GOOD, content_type=kind)
            self.check_problem(reply, 415, "unsupported-type")
            self.assertIn("application/yaml", reply.json["allowed"])

    def test_charsets(self):
        for kind in ("text/yaml; charset=iso-8859-1", "text/yaml; charset=utf-16le", "text/yaml;charset=",
                     "application/json; charset=utf-16"):
            reply = self.daemon.resolve(GOOD, content_type=kind)
            self.check_problem(reply, 415, "unsupported-type")
            self.assertIn("utf-8", reply.json["allowed"])
        for kind, encoding in (("text/yaml; charset=utf-16", "utf-16"), ('text/yaml; charset="UTF-8"', "utf-8"),
                               ("text/plain;charset=us-ascii", "ascii")):
            self.assertEqual(self.daemon.resolve(GOOD.encode(encoding), content_type=kind).status, 200)
        # What was wrong first is told, with what would have been right.
        reply = self.daemon.resolve(GOOD, "?target=x", content_type="image/png")
        self.assertEqual((reply.slug, reply.json["allowed"]), ("bad-parameter", ["canonical", "flat", "released"]))

    def test_encodings(self):
        for encoding in ("gzip", "br", "identity, gzip"):
            reply = self.daemon.resolve(GOOD, content_encoding=encoding)
            self.check_problem(reply, 415, "unsupported-encoding")
        self.assertEqual(self.daemon.resolve(GOOD, content_encoding="identity").status, 200)

    # --- multipart ---

    def test_broken_multipart(self):
        whole, kind = multipart(("config", GOOD), ("checkpoint", "{}"))
        end = whole.rindex(b"--x-boundary-x--")
        for cut in sorted({0, 1, 10, 20, 40, 60, 80, 120, 160, 200, end - 2, end, end + 10}):
            with self.subTest(cut):
                reply = self.daemon.resolve(whole[:cut], content_type=kind)
                self.check_problem(reply, 400, "bad-multipart")

    def test_unusable_multipart(self):
        cases = {
            "no boundary": (multipart(("config", GOOD))[0], "multipart/form-data"),
            "empty boundary": (multipart(("config", GOOD))[0], "multipart/form-data; boundary="),
            "long boundary": multipart(("config", GOOD), boundary="x" * 71),
            "other boundary": (multipart(("config", GOOD))[0], "multipart/form-data; boundary=y"),
            "no parts": multipart(),
            "no config": multipart(("checkpoint", "{}")),
            "unknown part": multipart(("config", GOOD), ("options", "x")),
            "config twice": multipart(("config", GOOD), ("config", GOOD)),
            "17 parts": multipart(*[(f"p{i}", "") for i in range(17)]),
            "no disposition": (
                b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
                "multipart/form-data; boundary=b",
            ),
            "no name": (
                b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
                "multipart/form-data; boundary=b",
            ),
        }
        for name, (body, kind) in cases.items():
            with self.subTest(name):
                reply = self.daemon.resolve(body, content_type=kind)
                self.check_problem(reply, 400, "bad-multipart")

    # --- envelopes ---

    def test_broken_envelopes(self):
        for body in (
            b"",
            b"   ",
            b"{",
            b"[]",
            b"null",
            b"7",
            b'"text"',
            b'{"config": "a: 1"} {}',
            b'{"config": "a: 1",}',
            b"{'config': 'a: 1'}",
            b'{"config": "\xff"}',
            b'{"config": ' + b"[" * 80000,
            b'{"config": "a: 1", "config": "b: 1"}',
            b'{"config": "a: 1", "options": {"target": "flat", "target": "flat"}}',
            GOOD.encode(),
        ):
            with self.subTest(body[:40]):
                reply = self.daemon.resolve(body, content_type="application/json")
                self.check_problem(reply, 400, "bad-envelope")

    def test_two_lengths_of_one_body(self):
        head = b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
        reply = self.daemon.raw(head + b"Transfer-Encoding: chunked\r\n\r\n4\r\na: 1\r\n0\r\n\r\n")
        self.check_problem(reply, 400, "bad-header")
        self.assertEqual(reply.headers["connection"].lower(), "close")

    def test_keys_that_stand_twice_in_a_json_config(self):
        body = b'{"config": {"adapter": "lora", "load_in_8bit": true, "load_in_8bit": false, "seed": 1, "seed": 1}}'
        reply = self.daemon.resolve(body, content_type="application/json")
        self.assertEqual(reply.status, 422)
        self.assertEqual([e["rule"] for e in reply.json["errors"]], ["duplicate-decisive-key"])
        self.assertEqual([w["rule"] for w in reply.json["warnings"]], ["duplicate-key"])
        self.assertEqual(reply.json["errors"][0]["locations"], [{"path": "/load_in_8bit"}])
        self.assertIn(" is false, and before that true in the same object, ", reply.json["errors"][0]["message"])
        self.assertIn(" stands in the same object already", reply.json["warnings"][0]["message"])

    def test_envelope_members_of_wrong_types(self):
        for value in (
            {"config": 7},
            {"config": None},
            {"config": [GOOD]},
            {"config": True},
            {"config": GOOD, "checkpoint": "x"},
            {"config": GOOD, "checkpoint": []},
            {"config": GOOD, "options": []},
            {"config": GOOD, "options": "flat"},
            {"config": GOOD, "options": {"target": {}}},
            {"config": GOOD, "options": {"include": [7]}},
            {"config": GOOD, "chekpoint": {}},
            {"checkpoint": {}, "options": {}},
            {"adapter": "lora", "options": {"target": "flat"}},
        ):
            with self.subTest(json.dumps(value)):
                self.check_problem(self.daemon.envelope(value), 400, "bad-envelope")

    def test_envelope_with_too_much_inside(self):
        deep = {}
        for _ in range(64):
            deep = {"a": deep}
        self.check_problem(self.daemon.envelope({"config": deep}), 400, "bad-envelope")
        wide = {"a": [0] * 100001}
        self.check_problem(self.daemon.envelope({"config": wide}), 400, "bad-envelope")

    # --- what is hardly HTTP ---

    def test_garbage(self):
        for line in (
            b"GARBAGE\r\n\r\n",
            b"\x00\x01\x02\x03\r\n\r\n",
            b"GET /healthz\r\n\r\n",
            b"GET  HTTP/1.1\r\n\r\n",
            b"GET /healthz HTTP/9.9\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
            b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ):
            with self.subTest(line), self.daemon.connect() as peer:
                peer.sendall(line)
                peer.shutdown(1)
                with peer.makefile("rb") as stream:
                    try:
                        status = stream.readline()
                    except ConnectionError:
                        status = b""
                self.assertRegex(status, rb"^(HTTP/1\.[01] (400|413|431|505) .*\r\n)?$")

    def test_head_that_is_too_large(self):
        reply = self.daemon.get("/healthz", x_large="x" * 40000)
        self.assertIn(reply.status, (413, 431))
        reply = self.daemon.get("/healthz?" + "x" * 40000)
        self.assertIn(reply.status, (414, 431))

    def test_many_parameters(self):
        reply = self.daemon.resolve(GOOD, "?" + "&".join(f"p{i}=1" for i in range(100)))
        self.check_problem(reply, 400, "bad-parameter")
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            query = b"&".join(b"p" for _ in range(5000))
            peer.sendall(b"GET /healthz?" + query + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertRegex(stream.readline(), rb"^(HTTP/1\.1 4\d\d .*\r\n)?$")


class Memory(unittest.TestCase):
    def test_too_much_for_one_request(self):
        """It would be too much at any other time, too: so nobody is told to come again."""
        with Daemon("--limit-memory", "256K") as daemon:
            good = daemon.resolve(GOOD)
            self.assertEqual(good.status, 200)
            reply = daemon.resolve(b"a: 1\n" + b"#" * 900000)
            self.assertEqual((reply.status, reply.slug), (413, "too-much-memory"))
            self.assertIn("limit-memory", reply.json["title"])
            self.assertNotIn("retry-after", reply.headers)
            daemon.wait_for_log("route=/v1/resolve status=413 .* problem=too-much-memory")
            metrics = daemon.get("/metrics").body.decode()
            self.assertIn('quantconf_http_problems_total{problem="too-much-memory"} 1\n', metrics)
            items = b"".join(b"---\na: [%s]\n" % b",".join([b"1"] * count) for count in (5, 9000, 5))
            lines = daemon.post("/v1/batch", items).body.decode().splitlines()
            self.assertEqual(len(lines), 4)
            self.assertIn("too-much-memory", lines[1])
            self.assertEqual(daemon.resolve(GOOD).body, good.body)

    def test_options_for_limits(self):
        with Daemon("--limit-config", "2K", "--limit-depth=4", "--limit-nodes", "16") as daemon:
            self.assertEqual(daemon.resolve(b"#" * 2049).status, 413)
            self.assertEqual(daemon.resolve("a: {b: {c: 1}}\n").status, 200)
            for config in ("a: {b: {c: {d: {e: 1}}}}\n", "a: [%s]\n" % ", ".join("1" * 20)):
                reply = daemon.resolve(config)
                self.assertEqual(reply.status, 400)
                self.assertEqual(reply.json["errors"][0]["rule"], "yaml-limit")


if __name__ == "__main__":
    unittest.main()
