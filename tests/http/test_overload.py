"""More than the daemon will take: who is told what, and that nobody else suffers."""

import os
import resource
import socket
import subprocess
import threading
import time
import unittest

from daemon import PATIENCE, Daemon, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(length=len(GOOD), body=GOOD, expect=""):
    return (
        f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\n{expect}Content-Length: {length}\r\n\r\n{body}"
    ).encode()


def more_descriptors():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most if most != resource.RLIM_INFINITY else 65536, most))


def counter(daemon, line):
    text = daemon.get("/metrics").body.decode()
    return int(text.partition(line + " ")[2].partition("\n")[0])


def memory(daemon, name):
    """VmRSS, or VmHWM for the most there ever was, in bytes."""
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(file.read().partition(name + ":")[2].split()[0]) * 1024


class Busy:
    """Connections each of which has a request under way, and a place: the daemon has said that it goes on."""

    def __init__(self, daemon, count):
        self.peers = []
        for _ in range(count):
            peer = daemon.connect()
            peer.sendall(post(len(GOOD), "", "Expect: 100-continue\r\n"))
            told = peer.recv(4096)
            if not told.startswith(b"HTTP/1.1 100 "):
                raise AssertionError(f"{told} instead of a place")
            peer.sendall(GOOD[:-10].encode())
            self.peers.append(peer)

    def finish(self):
        """What was begun is answered, whatever happened meanwhile."""
        statuses = []
        for peer in self.peers:
            with peer, peer.makefile("rb") as stream:
                peer.sendall(post()[-10:])
                statuses.append(read_reply(stream).status)
        return statuses


def wait_for(what):
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("it does not come")
        time.sleep(0.01)


class Connections(unittest.TestCase):
    def test_above_the_limit(self):
        with Daemon("--limit-connections", "8", "--workers", "2") as daemon:
            busy = Busy(daemon, 8)
            wait_for(lambda: daemon.resolve(GOOD).status == 503)
            for _ in range(5):
                reply = daemon.resolve(GOOD)
                self.assertEqual((reply.status, reply.slug), (503, "overloaded"))
                self.assertEqual(reply.headers["retry-after"], "1")
                self.assertEqual(reply.headers["connection"], "close")
                # Orchestrators are answered at all times.
                self.assertEqual(daemon.get("/healthz").status, 200)
                self.assertEqual(daemon.get("/readyz").json, {"status": "ready"})
                self.assertEqual(daemon.get("/metrics").status, 503)
            self.assertEqual(busy.finish(), [200] * 8)
            wait_for(lambda: daemon.resolve(GOOD).status == 200)
            # The log has it, but not each time.
            daemon.wait_for_log("level=warning event=overload .*limit-connections")
            self.assertLessEqual(daemon.log().count("event=overload"), 2)

    def test_far_above_the_limit(self):
        with Daemon("--limit-connections", "8", "--workers", "1") as daemon:
            busy = Busy(daemon, 8)
            wait_for(lambda: daemon.resolve(GOOD).status == 503)
            silent = [daemon.connect() for _ in range(40)]
            told = 0
            for peer in silent:  # those without a place at once, the others when they ask nothing
                with peer, peer.makefile("rb") as stream:
                    reply = read_reply(stream)
                    self.assertEqual((reply.status, reply.slug), (503, "overloaded"))
                    self.assertEqual(reply.headers["retry-after"], "1")
                    self.assertEqual(stream.read(), b"")
                    told += 1
            self.assertEqual(told, 40)
            self.assertEqual(busy.finish(), [200] * 8)
            wait_for(lambda: daemon.resolve(GOOD).status == 200)
            self.assertGreaterEqual(counter(daemon, 'quantconf_connections_refused_total{limit="total"}'), 8)

    def test_idle_ones_make_room(self):
        with Daemon("--limit-connections", "8", "--workers", "1") as daemon:
            idle = []
            for _ in range(8):
                peer = daemon.connect()
                peer.sendall(HEALTH)
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200"))
                idle.append(peer)
            time.sleep(1.2)
            held = []
            for _ in range(4):
                peer = daemon.connect()
                peer.sendall(post())
                self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 200"))
                held.append(peer)
            for peer in idle[:4]:  # the longest idle first
                self.assertEqual(peer.recv(1), b"")
            for peer in idle[4:]:
                peer.sendall(HEALTH)
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200"))
            for peer in idle + held:
                peer.close()

    def test_no_more_than_the_system_allows(self):
        daemon = Daemon("--limit-connections", "1000", "--workers", "1")
        command = " ".join(daemon.command)
        daemon.command = ["/bin/sh", "-c", f"ulimit -n 320; exec {command}"]
        with daemon:
            self.assertRegex(daemon.log(), "only 320 descriptors are allowed.*32 connections")
            busy = Busy(daemon, 32)
            wait_for(lambda: daemon.resolve(GOOD).status == 503)
            self.assertEqual(daemon.get("/healthz").status, 200)
            self.assertEqual(busy.finish(), [200] * 32)

    def test_a_thousand_idle_ones(self):
        more_descriptors()
        with Daemon("--workers", "2", "--idle-timeout", "600") as daemon:
            good = daemon.resolve(GOOD).body
            idle = [daemon.connect() for _ in range(1000)]
            for peer in idle[:500]:
                peer.sendall(HEALTH)
            for peer in idle[:500]:
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200"))
            wait_for(lambda: counter(daemon, "\nquantconf_connections") > 1000)
            with daemon.connect() as peer, peer.makefile("rb") as stream:
                for _ in range(300):
                    peer.sendall(post())
                    self.assertEqual(read_reply(stream).body, good)
            for _ in range(20):
                self.assertEqual(daemon.resolve(GOOD).body, good)
            for peer in idle[::100]:  # and they are still there
                peer.sendall(HEALTH)
                self.assertIn(b"HTTP/1.1 200", peer.recv(4096))
            for peer in idle:
                peer.close()

    def test_one_client_does_not_starve_another(self):
        """Two hundred connections that never pause against one: each is served in its turn."""
        more_descriptors()
        with Daemon("--workers", "2") as daemon:
            stop = threading.Event()
            counts = [0] * 200

            def hammer(first):
                mine = []
                for _ in range(first, first + 50):
                    peer = socket.create_connection(
                        (daemon.host, daemon.port), PATIENCE, source_address=("127.0.0.2", 0)
                    )
                    mine.append((peer, peer.makefile("rb")))
                while not stop.is_set():
                    for peer, _ in mine:
                        peer.sendall(post())
                    for i, (_, stream) in enumerate(mine):
                        read_reply(stream)
                        counts[first + i] += 1
                for peer, stream in mine:
                    stream.close()
                    peer.close()

            threads = [threading.Thread(target=hammer, args=(first,)) for first in range(0, 200, 50)]
            for thread in threads:
                thread.start()
            wait_for(lambda: min(counts) > 2)
            before = list(counts)
            with daemon.connect() as peer, peer.makefile("rb") as stream:
                for _ in range(100):
                    peer.sendall(post())
                    self.assertEqual(read_reply(stream).status, 200)
            most = max(after - began for after, began in zip(counts, before))
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            # No connection of the crowd got more than a small multiple of what the other one got.
            self.assertLess(most, 400)

    def test_idle_crowd_of_one_client(self):
        """All places are taken by connections that say nothing; others come in nevertheless."""
        with Daemon("--limit-connections", "50", "--workers", "2") as daemon:
            crowd = [daemon.connect() for _ in range(50)]
            for peer in crowd[::2]:
                peer.sendall(b"GET /healthz HTTP/1.1\r\nHost")  # or not all
            time.sleep(1.2)
            for _ in range(10):
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            for peer in crowd:
                peer.close()


class Memory(unittest.TestCase):
    def test_total(self):
        """Large requests share what there is; small ones do not need it."""
        options = ("--limit-memory-total", "16MiB", "--limit-config", "8MiB", "--workers", "2")
        with Daemon(*options) as daemon:
            length = 6 << 20
            held = []
            for _ in range(4):
                peer = daemon.connect()
                peer.sendall(post(length, "#" * (length - 100)))
                held.append(peer)
            for _ in range(5):
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            statuses = []
            for peer in held:
                with peer, peer.makefile("rb") as stream:
                    peer.sendall(b"#" * 100)
                    reply = read_reply(stream)
                    statuses.append(reply.status)
                    if reply.status == 503:
                        self.assertEqual(reply.slug, "no-memory")
                        self.assertIn("retry-after", reply.headers)
            self.assertIn(503, statuses)
            # All was given back.
            for _ in range(3):
                reply = daemon.resolve(GOOD + "#" * (3 << 20))
                self.assertEqual(reply.status, 200)

    def test_a_burst_is_given_back(self):
        """What a crowd of large requests takes is bounded by the limit, and gone soon after."""
        limit = 64 << 20
        with Daemon("--limit-memory-total", str(limit), "--workers", "2") as daemon:
            if "sanitize" in daemon.get("/version").json["build"]["flags"]:
                self.skipTest("sanitizers keep what was freed")
            body = b"base_model: example/model\nvalues: [" + b"1," * 45000 + b"1]\n"
            head = f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            self.assertEqual(daemon.resolve(GOOD).status, 200)
            before = memory(daemon, "VmRSS")
            for _ in range(3):
                peers = [daemon.connect() for _ in range(60)]
                for peer in peers:
                    peer.sendall(head + body)
                for peer in peers:
                    with peer, peer.makefile("rb") as stream:
                        self.assertIn(read_reply(stream).status, (200, 503))
            most = memory(daemon, "VmHWM")
            self.assertGreater(most, before + (8 << 20))  # or this tests nothing
            # Beside the limit: 256 KiB for each request, and what the library has for each connection.
            self.assertLess(most, before + limit + (32 << 20))
            wait_for(lambda: memory(daemon, "VmRSS") < before + (8 << 20))
            self.assertEqual(counter(daemon, "\nquantconf_request_memory_bytes"), 0)

    def test_the_system_has_none(self):
        options = ("--workers", "1", "--limit-config", "128MiB", "--limit-memory", "256MiB")
        with Daemon(*options) as daemon:
            if "sanitize" in daemon.get("/version").json["build"]["flags"]:
                self.skipTest("sanitizers need all addresses there are")
            self.assertEqual(daemon.resolve(GOOD).status, 200)
            pid = daemon.process.pid
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.prlimit(pid, resource.RLIMIT_AS, (used + (8 << 20), resource.RLIM_INFINITY))
            large = GOOD + "#" * (70 << 20)  # more than the allocator has reserved
            for _ in range(2):
                reply = daemon.resolve(large)
                self.assertEqual((reply.status, reply.slug), (503, "no-memory"))
                self.assertEqual(reply.headers["retry-after"], "5")
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.assertEqual(daemon.resolve(large).status, 200)


if __name__ == "__main__":
    unittest.main()
