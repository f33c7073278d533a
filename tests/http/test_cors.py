"""Web pages of other origins: those that are named may read, and browsers are told so beforehand."""

import os
import tempfile
import unittest

from daemon import Daemon

GOOD = "adapter: lora\nload_in_8bit: true\n"
PAGE = "https://ui.example.org"
LOCAL = "http://localhost:3000"


def allowed(reply):
    return {name for name in reply.headers if name.startswith("access-control") or name == "timing-allow-origin"}


class Cors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        tokens = os.path.join(folder, "tokens")
        with open(tokens, "w", encoding="ascii") as file:
            file.write("secret\n")
        origins = ("--cors-origin", PAGE, "--cors-origin", LOCAL)
        cls.daemon = cls.enterClassContext(Daemon(*origins))
        cls.guarded = cls.enterClassContext(Daemon(*origins, "--token-file", tokens))

    def preflight(self, daemon, path, origin=PAGE, **more):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST", **more}
        return daemon.request("OPTIONS", path, headers=headers)

    def test_replies(self):
        for origin in (PAGE, LOCAL):
            for reply in (
                self.daemon.resolve(GOOD, origin=origin),
                self.daemon.get("/v1/rules", origin=origin),
                self.daemon.get("/v1/rules", origin=origin, if_none_match="*"),
                self.daemon.get("/no/such/path", origin=origin),
                self.daemon.request("PUT", "/v1/resolve", headers={"Origin": origin}),
                self.guarded.resolve(GOOD, origin=origin),  # 401: the page may know it
            ):
                self.assertEqual(reply.headers["access-control-allow-origin"], origin)
                self.assertEqual(reply.headers["timing-allow-origin"], origin)
                self.assertIn("Origin", reply.headers["vary"].split(", "))
                exposed = reply.headers["access-control-expose-headers"].lower().split(", ")
                for name in ("x-request-id", "server-timing", "etag", "retry-after"):
                    self.assertIn(name, exposed)
                self.assertNotIn("access-control-allow-credentials", reply.headers)

    def test_other_origins(self):
        for origin in ("https://example.org", "https://ui.example.org:8443", "http://ui.example.org", "null", "",
                       PAGE + "/", PAGE.upper(), PAGE + ".evil.example"):  # fmt: skip
            reply = self.daemon.resolve(GOOD, origin=origin)
            self.assertEqual(reply.status, 200)
            self.assertEqual(allowed(reply), set(), origin)
            self.assertIn("Origin", reply.headers["vary"])
            self.assertEqual(allowed(self.preflight(self.daemon, "/v1/resolve", origin)), set())
        self.assertIn("Origin", self.daemon.get("/healthz").headers["vary"])

    def test_preflight(self):
        """The same for every path, and without a token: browsers send none."""
        for daemon in (self.daemon, self.guarded):
            for path in ("/v1/resolve", "/v1/rules", "/no/such/path", "*"):
                reply = self.preflight(daemon, path)
                self.assertEqual((reply.status, reply.body), (204, b""))
                self.assertEqual(reply.headers["access-control-allow-origin"], PAGE)
                self.assertEqual(reply.headers["access-control-allow-methods"], "GET, HEAD, POST")
                names = reply.headers["access-control-allow-headers"].lower().split(", ")
                for name in ("authorization", "content-type", "if-none-match", "x-request-id"):
                    self.assertIn(name, names)
                self.assertEqual(reply.headers["access-control-max-age"], "600")
                self.assertIn("Origin", reply.headers["vary"])
                told = daemon.request("OPTIONS", path) if daemon is self.daemon and path != "/no/such/path" else None
                if told:
                    self.assertEqual(reply.headers["allow"], told.headers["allow"])
                elif daemon is self.guarded:
                    self.assertNotIn("allow", reply.headers)
        self.assertEqual(self.preflight(self.guarded, "/v1/resolve", "https://example.org").status, 401)
        # Without the question it is an ordinary request.
        self.assertEqual(self.guarded.request("OPTIONS", "/v1/resolve", headers={"Origin": PAGE}).status, 401)
        self.assertEqual(self.preflight(self.daemon, "/v1/resolve", Host="example.org").status, 421)

    def test_off(self):
        with Daemon() as daemon:
            for reply in (daemon.resolve(GOOD, origin=PAGE), self.preflight(daemon, "/v1/resolve")):
                self.assertEqual(allowed(reply), set())
                self.assertNotIn("Origin", reply.headers.get("vary", ""))

    def test_what_is_no_origin(self):
        import subprocess

        from daemon import BUILD

        for origin, word in (
            ("*", "https://ui.example.org"),
            ("ui.example.org", "https://ui.example.org"),
            ("https://", "https://ui.example.org"),
            (PAGE + "/", "without a path"),
            (PAGE + "/app", "without a path"),
            (PAGE + ":", "without a path"),
            (PAGE + ":x", "without a path"),
            ("https://UI.example.org", "small letters"),
            (PAGE + ":443", "usual port"),
            ("http://ui.example.org:80", "usual port"),
            ("null", "https://ui.example.org"),
            ("", "https://ui.example.org"),
        ):
            ended = subprocess.run(
                [BUILD, "--check-config", "--cors-origin=" + origin], capture_output=True, text=True, check=False
            )
            self.assertEqual(ended.returncode, 1, origin)
            self.assertIn(word, ended.stderr)
        for origin in (PAGE, LOCAL, "https://[::1]:8443", "http://127.0.0.1", "https://ui.example.org:80",
                       "chrome-extension://abcdef"):  # fmt: skip
            ended = subprocess.run(
                [BUILD, "--check-config", "--cors-origin", origin], capture_output=True, text=True, check=False
            )
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), origin)


if __name__ == "__main__":
    unittest.main()
