"""Every limit there is: what lies at it is served, what lies past it is refused by its own name, and all else goes on."""

import json
import re
import subprocess
import time
import unittest

from daemon import BUILD, Daemon, read_reply

GOOD = "adapter: lora\n"


def padded(text, length, filler="#"):
    return text + filler * (length - len(text))


def config(daemon, over):
    return daemon.resolve(padded(GOOD, 2048 + over))


def checkpoint(daemon, over):
    return daemon.post("/v1/inspect", padded('{"model_type": "llama"}', 2048 + over, " "))


def batch(daemon, over):
    return daemon.post("/v1/batch", padded(GOOD, 2048 + over))


def batch_items(daemon, over):
    return daemon.post("/v1/batch", "---\n".join([GOOD] * (3 + over)))


def depth(daemon, over):
    """The mapping is one."""
    return daemon.resolve("a: " + "[" * (4 - 1 + over) + "]" * (4 - 1 + over) + "\n")


def nodes(daemon, over):
    """The mapping and its list are two."""
    return daemon.resolve("a: [" + ", ".join(["x"] * (16 - 2 + over)) + "]\n")


def checkpoint_nodes(daemon, over):
    return daemon.post("/v1/inspect", json.dumps({"a": ["x"] * (16 - 2 + over)}))


def memory(daemon, over):
    return daemon.resolve(padded(GOOD, 400000 if over else 1000))


def drop(daemon, over):
    """Refused before its body has come, which is dropped then; more is not waited for."""
    length = (1 << 20) + over
    head = f"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    with daemon.connect() as peer, peer.makefile("rb") as stream:
        peer.sendall(head.encode())
        if over:
            reply = read_reply(stream)
            return reply if stream.read() == b"" else None
        peer.sendall(b"#" * length)
        reply = read_reply(stream)
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return read_reply(stream)


def last_words(daemon):
    """Metrics from a connection that the daemon ends: afterwards it is gone for certain."""
    with daemon.connect() as peer, peer.makefile("rb") as stream:
        peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return stream.read()


class Held:
    """So many connections that have a request under way, and one more."""

    def __init__(self, count):
        self.count = count

    def __call__(self, daemon, over):
        peers = []
        while b"\nquantconf_connections 1\n" not in last_words(daemon):
            time.sleep(0.01)  # others are still being closed
        for _ in range(self.count - 1 + over):
            peer = daemon.connect()
            peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\nadapter")
            peers.append(peer)
        time.sleep(0.2)  # until the last one is taken, too: on loopback at once
        try:
            with daemon.connect() as peer, peer.makefile("rb") as stream:
                try:
                    peer.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")
                except ConnectionError:
                    pass
                return read_reply(stream)
        finally:
            for peer in peers:
                with peer, peer.makefile("rb") as stream:
                    peer.sendall(b": lora\n")
                    assert read_reply(stream).status == 200


class Pace:
    """A body in two halves: soon after each other, or late."""

    def __call__(self, daemon, over):
        with daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\nadapter")
            if over:
                return read_reply(stream)
            time.sleep(0.2)
            peer.sendall(b": lora\n")
            return read_reply(stream)


# Option: its value, what to do, the status past it and the name of the problem or finding.
LIMITS = {
    "limit-config": ("2KiB", config, 413, "body-too-large"),
    "limit-checkpoint": ("2KiB", checkpoint, 413, "body-too-large"),
    "limit-batch": ("2KiB", batch, 413, "body-too-large"),
    "limit-batch-items": ("3", batch_items, 413, "body-too-large"),
    "limit-depth": ("4", depth, 400, "yaml-limit"),
    "limit-nodes": ("16", nodes, 400, "yaml-limit"),
    "limit-checkpoint-nodes": ("16", checkpoint_nodes, 400, "bad-checkpoint"),
    "limit-memory": ("256KiB", memory, 413, "too-much-memory"),
    "limit-memory-total": ("0", memory, 503, "no-memory"),
    "limit-drop": ("1MiB", drop, 404, "unknown-path"),
    "limit-connections": ("4", Held(4), 503, "overloaded"),
    "limit-connections-per-address": ("4", Held(4), 429, "too-many-connections"),
    "idle-timeout": ("1", Pace(), 408, "request-timeout"),
    "request-timeout": ("1", Pace(), 408, "request-timeout"),
}
# test_lifecycle.py and test_waiting.py have these.
ELSEWHERE = {"drain-timeout", "limit-waiting"}


class Limits(unittest.TestCase):
    def test_none_is_missing(self):
        shown = subprocess.run([BUILD, "--help"], capture_output=True, text=True, check=True).stdout
        there = set(re.findall(r"^  --(limit-[a-z-]+|[a-z]+-timeout)=", shown, re.M))
        self.assertEqual(there, set(LIMITS) | ELSEWHERE)

    def test_each(self):
        for name, (value, ask, status, slug) in LIMITS.items():
            with self.subTest(name), Daemon(f"--{name}", value, "--workers", "1") as daemon:
                self.assertEqual(ask(daemon, 0).status, 200)
                reply = ask(daemon, 1)
                self.assertEqual(reply.status, status, reply.body[:300])
                if slug == "yaml-limit":
                    self.assertIn(slug, [finding["rule"] for finding in reply.json["errors"]])
                else:
                    self.assertEqual(reply.slug, slug)
                # Nothing stays behind.
                self.assertEqual(ask(daemon, 0).status, 200)

    def test_values(self):
        """The least and the most that --help and the manual name are taken; what lies beyond is not."""
        shown = subprocess.run([BUILD, "--limit-depth=x"], capture_output=True, text=True, check=False).stderr
        self.assertIn("from 4 to 1024", shown)
        for name in LIMITS:
            told = subprocess.run([BUILD, f"--{name}=x"], capture_output=True, text=True, check=False).stderr
            least, most = (int(number) for number in re.search(r"from (\d+) to (\d+)", told).groups())
            for value, code in ((least, 0), (most, 0), (least - 1, 1), (most + 1, 1), ("", 1), (f"{least}x", 1)):
                ended = subprocess.run(
                    [BUILD, "--check-config", f"--{name}={value}"], capture_output=True, check=False
                )
                self.assertEqual(ended.returncode, code, (name, value, ended.stderr))


if __name__ == "__main__":
    unittest.main()
