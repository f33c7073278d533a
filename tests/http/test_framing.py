"""Where a request ends: shapes on which two programs in a row could disagree are refused at once."""

import unittest

from daemon import Daemon, read_reply

GOOD = "adapter: lora\n"
HIDDEN = "GET /v1/backends HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: hidden\r\n\r\n"


def head(*fields, version="1.1", method="POST"):
    lines = "".join(field + "\r\n" for field in ("Host: localhost", *fields))
    return f"{method} /v1/resolve HTTP/{version}\r\n{lines}\r\n".encode()


class Framing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Whoever waits for something that never comes would be cut by these, with another status.
        cls.daemon = cls.enterClassContext(Daemon("--workers", "1", "--idle-timeout", "600", "--request-timeout", "600"))

    def tearDown(self):
        self.assertNotIn("id=hidden", self.daemon.log())
        self.assertEqual(self.daemon.resolve(GOOD).status, 200)

    def refuse(self, data, *statuses):
        """The reply to what comes first is the only one, and the connection ends with it."""
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(data)
            try:
                reply = read_reply(stream)
                self.assertIn(reply.status, statuses)
                self.assertEqual(stream.read(), b"")
            except ConnectionError:
                return None
        return reply

    def test_two_lengths(self):
        for fields in (
            ("Content-Length: 4", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 4"),
            ("Content-Length: 14", "Content-Length: 14"),
            ("Content-Length: 14", "Content-Length: 0"),
            ("Content-Length: 0", "content-length: 14"),
        ):
            with self.subTest(fields):
                reply = self.refuse(head(*fields) + b"0\r\n\r\n" + HIDDEN.encode(), 400)
                self.assertEqual(reply.slug, "bad-header")

    def test_names_that_are_none(self):
        for field in ("Transfer-Encoding : chunked", "Content-Length\t: 3", "Content Length: 3", "X\x0b: 1", "(x): 1"):
            with self.subTest(field):
                reply = self.refuse(head("Content-Length: 0", field) + HIDDEN.encode(), 400)
                self.assertEqual(reply.slug, "bad-header")

    def test_codings(self):
        for coding in ("gzip", "gzip, chunked", "chunked, gzip", "identity", "chunked, chunked", "xchunked", "chunked;q=1", ""):
            with self.subTest(coding):
                reply = self.refuse(head("Transfer-Encoding: " + coding) + b"0\r\n\r\n" + HIDDEN.encode(), 501)
                self.assertEqual(reply.slug, "unsupported-coding")
        reply = self.refuse(head("Transfer-Encoding: chunked", "Transfer-Encoding: gzip") + HIDDEN.encode(), 501)
        self.assertEqual(reply.slug, "unsupported-coding")
        reply = self.refuse(head("Transfer-Encoding: chunked", version="1.0") + b"0\r\n\r\n" + HIDDEN.encode(), 400)
        self.assertEqual(reply.slug, "bad-header")
        self.assertEqual(self.daemon.raw(head("Transfer-Encoding: CHUNKED") + b"e\r\nadapter: lora\n\r\n0\r\n\r\n").status, 200)

    def test_lengths_that_are_none(self):
        for length in ("+14", "-1", "0x0e", "14, 14", "14a", "a", "", "99999999999999999999999"):
            with self.subTest(length):
                reply = self.refuse(head("Content-Length: " + length) + GOOD.encode() + HIDDEN.encode(), 400, 413)
                self.assertEqual(reply.slug, "body-too-large" if length.isdigit() else "bad-header")

    def test_chunks_that_are_none(self):
        for size in ("x", "-1", "0x1", "ffffffffffffffff1", "5 5"):
            with self.subTest(size):
                self.refuse(head("Transfer-Encoding: chunked") + size.encode() + b"\r\nabcde\r\n0\r\n\r\n" + HIDDEN.encode(), 400, 413)

    def test_heads_that_are_too_large(self):
        """Whatever the size, and whatever it is made of, there is an answer."""
        for size in (*range(15000, 26000, 250), 100000):
            long = "x" * size
            for target, field, normal, refused in (
                ("/healthz", long, 200, (431,)),
                ("/" + long, "", 404, (414, 431)),
                ("/healthz?" + long, "", 400, (414, 431)),
            ):
                reply = self.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX: {field}\r\n\r\n")
                if size <= 16384:
                    self.assertEqual(reply.status, normal)
                elif size >= 20500:
                    self.assertIn(reply.status, refused)
                if reply.status in refused and size < 23000:
                    self.assertIn(reply.slug, ("head-too-large", "target-too-long"))
        for count in (*range(100, 400, 10), 3000):
            fields = "".join(f"X-{i}: {i}\r\n" for i in range(count))
            reply = self.ask(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
            self.assertIn(reply.status, (200,) if count <= 200 else (200, 431) if count <= 300 else (431,))
            query = "&".join(f"a{i}={i}" for i in range(count))
            reply = self.ask(f"GET /healthz?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(reply.status, (400,) if count <= 200 else (400, 414, 431) if count <= 320 else (414,))

    def test_cookies_that_are_too_large(self):
        """The library takes them apart, for which it needs their room once more."""
        for size in (*range(8000, 26000, 250), 100000):
            for cookie in ("x" * size, "a=" + "x" * size, "; ".join(f"c{i}={i}" for i in range(size // 8))):
                reply = self.ask(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n")
                self.assertIn(reply.status, (200, 431) if size < 11000 else (431,), size)
                if reply.status == 431 and len(cookie) < 23000:
                    self.assertEqual(reply.slug, "head-too-large")

    def test_cookies_that_are_none(self):
        for cookie in ("", ";;=;", "a=b c=d", "\x7f", "=", "a=1,2", 'a="'):
            with self.subTest(cookie):
                reply = self.ask(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n")
                # The last one is more than some versions of the library can take.
                self.assertTrue(reply.status == 200 or (cookie[-1:] == '"' and reply.slug == "bad-header"), reply.body)

    def ask(self, data):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            try:
                peer.sendall(data.encode())
            except ConnectionError:
                pass
            return read_reply(stream)

    def test_targets_with_a_nul(self):
        """None is taken for what stands before it."""
        for target in ("/healthz\0", "/healthz\0x", "/healthz\0?a=b", "/version?\0", "\0", "/%68ealthz\0/x"):
            with self.subTest(target):
                reply = self.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual((reply.status, reply.slug), (400, "bad-header"))
        for target in ("/%68ealthz", "/healthz?", "http://localhost/healthz", "/readyz?verbose"):
            with self.subTest(target):
                self.assertEqual(self.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)
        self.assertEqual(self.ask("GET /healthz HTTP/1.0\r\n\r\n").status, 200)

    def test_requests_that_are_none(self):
        for data in (b"hello\r\n\r\n", b"GET\r\n\r\n", b"GET /healthz\r\n\r\n", b"GET /healthz HTTP/2.0\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /healthz HTTP/1.1x\r\nHost: x\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"):  # fmt: skip
            with self.subTest(data), self.daemon.connect() as peer, peer.makefile("rb") as stream:
                peer.sendall(data)
                answer = stream.read()
                self.assertTrue(answer == b"" or answer.split()[1] in (b"400", b"505"), answer)


if __name__ == "__main__":
    unittest.main()
