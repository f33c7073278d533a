"""Daemons in the circumstances in which they refuse: each is started when it is first needed."""

import contextlib
import json
import os
import tempfile

from daemon import Daemon, read_reply

TOKEN = "0123456789abcdef0123456789abcdef"
# A head may have less.
HEAD = 20 * 1024
SMALL = ("--limit-config", "1KiB", "--limit-checkpoint", "1KiB", "--limit-batch", "1KiB")


class Stage:
    """Use it with `with`. `models` are name → config.json, below a model root."""

    def __init__(self, models):
        self.models = models
        self.daemons = {}
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        for name, config in self.models.items():
            folder = os.path.join(self.folder, "models", name)
            os.makedirs(folder)
            with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
                json.dump(config, file)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def options(self, circumstance):
        tokens = os.path.join(self.folder, "tokens")
        if circumstance == 401:
            with open(tokens, "w", encoding="utf-8") as file:
                file.write(TOKEN + "\n")
        return {
            401: ("--token-file", tokens),
            408: ("--request-timeout", "1"),
            413: SMALL,
            429: ("--limit-connections-per-address", "1"),
            503: ("--limit-memory-total", "0"),
        }.get(circumstance, ("--model-root", os.path.join(self.folder, "models")))

    def daemon(self, circumstance=None):
        options = self.options(circumstance)
        if options not in self.daemons:
            self.daemons[options] = self.stack.enter_context(Daemon("--log-level", "error", *options))
        return self.daemons[options]

    def request(self, *words):
        return self.daemon().request(*words)

    def get(self, target):
        return self.daemon().get(target)

    def provoke(self, circumstance, method, target, body=None, headers=None):
        """The reply to a request, where it is answered with this status (or while draining)."""
        daemon = self.daemon(circumstance)
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        if circumstance == "draining":
            return ask_draining(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        if circumstance == 408:
            return daemon.raw(f"{head}10\r\n\r\n".encode())
        if circumstance == 503:
            # Lines of one field are put together, again and again.
            lines = f"Accept: {'x' * 34}\r\n" * 115
            return daemon.raw(f"{head}{len(body or b'')}\r\n{lines}\r\n".encode() + (body or b""))
        if circumstance == 413:
            body = b"#" * 1025
        if circumstance == 414:
            target += ("&" if "?" in target else "?") + "x" * HEAD
        if circumstance == 431:
            headers = {**(headers or {}), "Cookie": "x" * HEAD}
        with contextlib.ExitStack() as stack:
            if circumstance == 429:
                taken = stack.enter_context(daemon.connect())
                taken.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                taken.recv(1)
            return daemon.request(method, target, body, headers)


def closed(daemon):
    """Whether the daemon accepts no more connections."""
    try:
        daemon.connect().close()
        return False
    except ConnectionError:
        return True


def ask_draining(request):
    """The reply of a daemon that was told to stop after the request had begun."""
    with Daemon() as daemon, daemon.connect() as busy, daemon.connect() as peer, peer.makefile("rb") as stream:
        busy.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\na:")
        peer.sendall(request[:-2])
        for _ in range(3):
            daemon.get("/healthz")  # by then, what came before has been read
        daemon.signal()
        while not closed(daemon):
            pass
        peer.sendall(request[-2:])
        reply = read_reply(stream)
        busy.sendall(b" 1")
        return reply
