"""Every route, method and header that does not depend on a config."""

import re
import unittest

from daemon import Daemon, read_reply

GET_ROUTES = [
    "/v1/rules",
    "/v1/rules/torchao-with-gptq",
    "/v1/backends",
    "/healthz",
    "/readyz",
    "/version",
]
STATIC_ROUTES = ["/v1/rules", "/v1/rules/torchao-with-gptq", "/v1/backends", "/version"]


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def check_problem(self, reply, status, slug):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "application/problem+json")
        self.assertEqual(reply.slug, slug)
        self.assertEqual(reply.json["status"], status)
        for member in ("title", "detail", "instance"):
            self.assertTrue(reply.json[member])

    def test_every_get_answers_json(self):
        for path in GET_ROUTES:
            with self.subTest(path):
                reply = self.daemon.get(path)
                self.assertEqual(reply.status, 200)
                self.assertEqual(reply.headers["content-type"], "application/json")
                self.assertEqual(int(reply.headers["content-length"]), len(reply.body))
                self.assertIsNotNone(reply.json)
                self.assertTrue(reply.body.endswith(b"\n"))

    def test_every_reply_has_the_common_headers(self):
        replies = [self.daemon.get(path) for path in GET_ROUTES + ["/nope"]]
        replies.append(self.daemon.resolve("base_model: x/y\n"))
        for reply in replies:
            self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
            self.assertRegex(reply.headers["x-request-id"], r"^[0-9a-f]{16}$")
            self.assertRegex(
                reply.headers["server-timing"], r"^receive;dur=\d+\.\d{3}(, [a-z]+;dur=\d+\.\d{3})*$"
            )

    def test_head_is_get_without_a_body(self):
        for path in GET_ROUTES:
            with self.subTest(path):
                got = self.daemon.get(path)
                head = self.daemon.request("HEAD", path)
                self.assertEqual(head.status, 200)
                self.assertEqual(head.body, b"")
                self.assertEqual(head.headers["content-length"], got.headers["content-length"])
                self.assertEqual(head.headers.get("etag"), got.headers.get("etag"))

    def test_options_names_the_methods(self):
        expected = {
            "/v1/resolve": "POST, OPTIONS",
            "/v1/inspect": "GET, HEAD, POST, OPTIONS",
            "/v1/rules/any": "GET, HEAD, OPTIONS",
            "/healthz": "GET, HEAD, OPTIONS",
            "*": "GET, HEAD, POST, OPTIONS",
        }
        for path, allow in expected.items():
            with self.subTest(path):
                reply = self.daemon.request("OPTIONS", path)
                self.assertEqual(reply.status, 204)
                self.assertEqual(reply.headers["allow"], allow)

    def test_unknown_paths(self):
        for path in ["/", "/v1", "/v1/resolve/", "/v1/rules/", "/v1/rules/a/b", "/healthz%00x"]:
            with self.subTest(path):
                self.check_problem(self.daemon.get(path), 404, "unknown-path")
        self.check_problem(self.daemon.request("OPTIONS", "/nope"), 404, "unknown-path")

    def test_wrong_methods(self):
        for method, path in [
            ("GET", "/v1/resolve"),
            ("PUT", "/v1/resolve"),
            ("DELETE", "/v1/inspect"),
            ("POST", "/healthz"),
            ("BREW", "/version"),
        ]:
            with self.subTest(method + path):
                reply = self.daemon.request(method, path)
                self.check_problem(reply, 405, "method-not-allowed")
                self.assertEqual(
                    reply.headers["allow"], self.daemon.request("OPTIONS", path).headers["allow"]
                )

    def test_static_replies_have_tags(self):
        for path in STATIC_ROUTES:
            with self.subTest(path):
                first = self.daemon.get(path)
                tag = first.headers["etag"]
                self.assertRegex(tag, r'^"[0-9a-f]{16}"$')
                self.assertEqual(first.headers["cache-control"], "no-cache")
                for known in (tag, f'"other", W/{tag}', "*"):
                    again = self.daemon.get(path, if_none_match=known)
                    self.assertEqual(again.status, 304)
                    self.assertEqual(again.body, b"")
                    self.assertEqual(again.headers["etag"], tag)
                    # Of the 200: RFC 9110, 8.6.
                    self.assertEqual(again.headers["content-length"], str(len(first.body)))
                self.assertEqual(self.daemon.get(path, if_none_match='"other"').status, 200)

    def test_replies_without_body_on_one_connection(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            for method, field, status in (("GET", "If-None-Match: *", 304), ("HEAD", "X: 1", 200), ("GET", "X: 1", 200)) * 2:
                peer.sendall(f"{method} /v1/backends HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {method}-{status}\r\n{field}\r\n\r\n".encode())
                reply = read_reply(stream, method == "HEAD")
                self.assertEqual((reply.status, reply.headers["x-request-id"]), (status, f"{method}-{status}"))
        for name, size in (("GET-304", 0), ("HEAD-200", 0), ("GET-200", len(reply.body))):
            self.daemon.wait_for_log(f"id={name} .* out={size} ")

    def test_other_replies_are_not_stored(self):
        for reply in (
            self.daemon.get("/healthz"),
            self.daemon.get("/readyz"),
            self.daemon.get("/v1/rules/nope"),
            self.daemon.resolve("base_model: x/y\n"),
        ):
            self.assertEqual(reply.headers["cache-control"], "no-store")
            self.assertNotIn("etag", reply.headers)

    def test_request_ids(self):
        for given in ["a", "Job-17.step_3", "x" * 128]:
            self.assertEqual(
                self.daemon.get("/healthz", x_request_id=given).headers["x-request-id"], given
            )
        for given in ["", "a b", "x" * 129, "a\tb", "é", 'a"b']:
            made = self.daemon.get("/healthz", x_request_id=given).headers["x-request-id"]
            self.assertRegex(made, r"^[0-9a-f]{16}$")

    def test_rules(self):
        rule = self.daemon.get("/v1/rules/torchao-with-gptq").json
        self.assertEqual(rule["id"], "torchao-with-gptq")
        listed = self.daemon.get("/v1/rules").json
        rows = listed["rules"] if isinstance(listed, dict) else listed
        self.assertIn(rule, rows)
        self.check_problem(self.daemon.get("/v1/rules/no-such-rule"), 404, "unknown-rule")

    def test_readiness(self):
        self.assertEqual(self.daemon.get("/readyz").json, {"status": "ready"})
        for query in ("verbose", "verbose=1", "verbose=true"):
            verbose = self.daemon.get("/readyz?" + query).json
            self.assertEqual(verbose["status"], "ready")
            self.assertTrue(verbose["checks"]["accepting"])
        self.check_problem(self.daemon.get("/readyz?verbose=perhaps"), 400, "bad-parameter")

    def test_version(self):
        version = self.daemon.get("/version").json
        self.assertRegex(version["version"], r"^\d+\.\d+")
        self.assertRegex(version["rules_digest"], r"^[0-9a-f]{16}$")
        self.assertIn("compiler", version["build"])
        for library in ("libmicrohttpd", "gnutls", "libyaml", "cjson", "pcre2"):
            self.assertRegex(version["libraries"][library], r"^\d")

    def test_inspection_of_models_needs_a_root(self):
        self.check_problem(self.daemon.get("/v1/inspect?model=a/b"), 404, "unknown-model")
        reply = self.daemon.get("/v1/inspect")
        self.check_problem(reply, 400, "bad-parameter")
        self.assertEqual(reply.json["parameter"], "model")

    def test_accept(self):
        for accept in ("text/html", "application/xml;q=1", "application/json;q=0"):
            reply = self.daemon.get("/v1/rules", accept=accept)
            self.check_problem(reply, 406, "not-acceptable")
            self.assertEqual(reply.json["allowed"], ["application/json"])
        for accept in ("*/*", "text/html, */*;q=0.1", "application/*", "APPLICATION/JSON", ""):
            self.assertEqual(self.daemon.get("/v1/rules", accept=accept).status, 200, accept)

    def test_unknown_parameters(self):
        for path in GET_ROUTES:
            reply = self.daemon.get(path + "?colour=red")
            self.check_problem(reply, 400, "bad-parameter")
            self.assertEqual(reply.json["parameter"], "colour")

    def test_host_must_be_local(self):
        for host in ("localhost", "LOCALHOST:80", "127.0.0.1:8642", "127.1.2.3", "[::1]:99", "a.localhost"):
            self.assertEqual(self.daemon.get("/healthz", host=host).status, 200, host)
        for host in ("example.org", "localhost.example.org:80", "10.0.0.1", "[::2]", "127.0.0.1.nip.io"):
            self.check_problem(self.daemon.get("/healthz", host=host), 421, "misdirected-host")

    def test_whole_urls(self):
        """As a client writes them that takes this for a proxy: the URL's host counts, not the field."""
        for target, host, status in (
            ("http://localhost/healthz", "localhost", 200),
            ("http://localhost/healthz", "example.org", 200),
            ("https://127.0.0.1:99/readyz?verbose", "example.org", 200),
            ("http://example.org/healthz", "localhost", 421),
            ("http://localhost", "localhost", 404),
            ("http:///healthz", "localhost", 200),
            ("ftp://localhost/healthz", "localhost", 404),
        ):
            with self.daemon.connect() as peer, peer.makefile("rb") as stream:
                peer.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                self.assertEqual(read_reply(stream).status, status, (target, host))

    def test_header_fields_that_come_twice(self):
        reply = self.daemon.raw(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: example.org\r\n\r\n"
        )
        self.assertEqual(reply.status, 400)
        reply = self.daemon.raw(
            b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            b"Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"
        )
        self.check_problem(reply, 400, "bad-header")

    def test_no_cross_origin_headers(self):
        reply = self.daemon.get("/healthz", origin="http://example.org")
        self.assertFalse([name for name in reply.headers if name.startswith("access-control")])

    def test_log_lines(self):
        self.daemon.get("/healthz", x_request_id="log-1")
        line = self.daemon.wait_for_log("id=log-1 ")
        self.assertRegex(
            line,
            r"^time=\S+Z level=info event=request id=log-1 method=GET route=/healthz status=200 "
            r"in=0 out=16 us=\d+ errors=0 warnings=0$",
        )
        self.daemon.get("/a%0Alevel=error%22%C3%A9", x_request_id="log-2")
        line = self.daemon.wait_for_log("id=log-2 ")
        self.assertIn(r'path="/a\x0alevel=error\"\xc3\xa9" status=404', line)
        self.daemon.resolve("hf_token: top-secret\n", x_request_id="log-3")
        self.daemon.wait_for_log("id=log-3 method=POST route=/v1/resolve status=200")
        self.assertFalse(re.search("top-secret|hf_token", self.daemon.log()))


if __name__ == "__main__":
    unittest.main()
