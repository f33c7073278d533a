"""Connections: keep-alive, pipelining, 100-continue, slow and vanishing clients, crowds."""

import signal
import socket
import tempfile
import threading
import time
import unittest

from daemon import PATIENCE, Daemon, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"


def post(body, *headers, length=None):
    lines = "".join(line + "\r\n" for line in headers)
    length = len(body) if length is None else length
    return (
        f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\n{lines}"
        f"Content-Length: {length}\r\n\r\n{body}"
    ).encode()


class Transport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon("--workers", "1"))
        cls.good = cls.daemon.resolve(GOOD).body

    def test_keep_alive(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            for _ in range(20):
                peer.sendall(post(GOOD))
                self.assertEqual(read_reply(stream).body, self.good)

    def test_pipelining(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(b"".join(post(GOOD, f"X-Request-Id: p{i}") for i in range(50)))
            for i in range(50):
                reply = read_reply(stream)
                self.assertEqual(reply.body, self.good)
                self.assertEqual(reply.headers["x-request-id"], f"p{i}")

    def test_old_protocol(self):
        with self.daemon.connect() as peer:
            peer.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            with peer.makefile("rb") as stream:
                reply = stream.read()
        self.assertRegex(reply, rb"^HTTP/1\.[01] 200 ")
        self.assertTrue(reply.endswith(b'{"status":"ok"}\n'))

    def test_continue(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(post("", "Expect: 100-continue", length=len(GOOD)))
            self.assertEqual(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
            self.assertEqual(stream.readline(), b"\r\n")
            peer.sendall(GOOD.encode())
            self.assertEqual(read_reply(stream).body, self.good)

    def test_refusal_instead_of_continue(self):
        for headers, length, status in (
            ((), 2 * 1024 * 1024, 413),
            (("Content-Type: image/png",), 10, 415),
            (("Content-Encoding: gzip",), 10, 415),
        ):
            with self.daemon.connect() as peer, peer.makefile("rb") as stream:
                peer.sendall(post("", "Expect: 100-continue", *headers, length=length))
                self.assertEqual(stream.readline().split()[1], b"%d" % status)

    def test_body_in_many_pieces(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in post(GOOD):
                peer.sendall(bytes([byte]))
            self.assertEqual(read_reply(stream).body, self.good)

    def test_clients_that_vanish(self):
        whole = post(GOOD, "X-Request-Id: vanished")
        for length in (1, 20, 60, len(whole) - 30, len(whole) - 1, len(whole)):
            for abort in (False, True):
                peer = self.daemon.connect()
                if abort:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.sendall(whole[:length])
                peer.close()
        self.daemon.wait_for_log("id=vanished .*ended=client-gone")
        self.assertEqual(self.daemon.resolve(GOOD).body, self.good)

    def test_one_request_does_not_wait_for_another(self):
        with self.daemon.connect() as slow, slow.makefile("rb") as stream:
            slow.sendall(post(GOOD)[:-5])
            for _ in range(5):
                self.assertEqual(self.daemon.resolve(GOOD).body, self.good)
            slow.sendall(GOOD[-5:].encode())
            self.assertEqual(read_reply(stream).body, self.good)

    def test_crowds_on_one_worker(self):
        """Connections that are all ready at once, in numbers of which libraries know a stall."""
        for count in (128, 256, 384):
            with self.subTest(count):
                self.crowd(count, 3)

    def crowd(self, count, rounds):
        peers = [self.daemon.connect() for _ in range(count)]
        streams = [peer.makefile("rb") for peer in peers]
        deadline = time.monotonic() + 2 * PATIENCE
        for _ in range(rounds):
            for peer in peers:
                peer.sendall(post(GOOD))
            for stream in streams:
                self.assertEqual(read_reply(stream).body, self.good)
                self.assertLess(time.monotonic(), deadline)
        for end in streams + peers:
            end.close()


class Crowds(unittest.TestCase):
    def test_many_threads_on_many_workers(self):
        with Daemon("--workers", "4") as daemon:
            good = daemon.resolve(GOOD).body
            failures = []

            def run():
                with daemon.connect() as peer, peer.makefile("rb") as stream:
                    for _ in range(30):
                        peer.sendall(post(GOOD))
                        if read_reply(stream).body != good:
                            failures.append("another body")

            threads = [threading.Thread(target=run) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(failures, [])
            self.assertFalse([thread for thread in threads if thread.is_alive()])


class Local(unittest.TestCase):
    def test_quick_clients_are_not_gone(self):
        """They close as soon as they have their reply."""
        with tempfile.TemporaryDirectory() as folder, Daemon(
            "--workers", "2", listen=f"unix:{folder}/socket"
        ) as daemon:
            data = post(GOOD, "Connection: close")
            end = daemon.raw(data).body[-20:]

            def ask():
                for _ in range(100):
                    with daemon.connect() as peer:
                        peer.sendall(data[:50])
                        time.sleep(0.001)
                        peer.sendall(data[50:])
                        while not peer.recv(65536).endswith(end):
                            pass

            threads = [threading.Thread(target=ask) for _ in range(24)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            daemon.get("/healthz", x_request_id="last")
            daemon.wait_for_log("id=last ")
        self.assertEqual([line for line in daemon.lines if "ended=" in line], [])
        self.assertEqual(daemon.log().count("event=request"), 24 * 100 + 2)


class Deadlines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon("--idle-timeout", "2", "--request-timeout", "1"))

    def drip(self, begin, data, step):
        """Sends the beginning, then byte by byte until the peer closes; returns what came back."""
        with self.daemon.connect() as peer:
            peer.sendall(begin)
            got = b""
            for i in range(len(data)):
                peer.settimeout(step)
                try:
                    peer.send(data[i : i + 1])
                    piece = peer.recv(4096)
                    if not piece:
                        return got
                    got += piece
                except TimeoutError:
                    continue
                except ConnectionError:
                    return got
            raise AssertionError("nobody cut the connection")

    def test_dripping_body_is_cut(self):
        got = self.drip(post("", length=1000), b"#" * 1000, 0.03)
        self.assertRegex(got, rb"^HTTP/1\.1 408 ")
        self.assertIn(b"urn:quantconf:problem:request-timeout", got)
        self.daemon.wait_for_log("status=408 .*ended=cut")

    def test_dripping_head_is_cut(self):
        for begin in (b"", b"GET /healthz HTTP/1.1\r\nX: "):
            got = self.drip(begin, b"GET /" + b"x" * 1000, 0.03)
            self.assertRegex(got, rb"^HTTP/1\.1 408 ")

    def test_head_that_stands_still_is_told(self):
        with Daemon("--workers", "1", "--idle-timeout", "1", "--request-timeout", "600") as daemon:
            for begin in (b"GET", b"GET /healthz HTTP/1.1\r\nX: x", post(GOOD)[:-1]):
                with daemon.connect() as peer, peer.makefile("rb") as stream:
                    peer.sendall(begin[:1])
                    self.assertEqual(daemon.get("/healthz").status, 200)
                    # What comes while the library still runs is read before an event tells of it.
                    time.sleep(0.1)
                    peer.sendall(begin[1:])
                    self.assertEqual(read_reply(stream).slug, "request-timeout")

    def test_what_came_while_the_process_stood_still(self):
        """Is answered, though by the clock its connection has been idle for too long."""
        with Daemon("--workers", "2", "--idle-timeout", "1") as daemon:
            request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            with daemon.connect() as kept, daemon.connect() as upload, kept.makefile("rb") as stream:
                upload.sendall(post(GOOD)[:-5])
                kept.sendall(request)
                self.assertEqual(read_reply(stream).status, 200)
                daemon.signal(signal.SIGSTOP)
                time.sleep(0.1)
                kept.sendall(request)
                upload.sendall(post(GOOD)[-5:])
                time.sleep(3)
                daemon.signal(signal.SIGCONT)
                self.assertEqual(read_reply(stream).status, 200)
                with upload.makefile("rb") as replies:
                    self.assertEqual(read_reply(replies).status, 200)

    def test_idle_connection_is_closed(self):
        """In silence: who has begun nothing gets no reply, which could be taken for that to a later request."""
        with self.daemon.connect() as peer:
            self.assertEqual(peer.recv(1), b"")
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            for _ in range(2):
                peer.sendall(post(GOOD))
                self.assertEqual(read_reply(stream).status, 200)
            self.assertEqual(stream.read(), b"")
        self.assertEqual(self.daemon.get("/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
