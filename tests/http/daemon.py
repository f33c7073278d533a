"""Starts the built daemon and talks to it, byte for byte where that matters."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

BUILD = os.environ.get("QUANTCONFD", "./quantconfd")
# Sanitizers and loaded machines are slow; nothing here measures time.
PATIENCE = 20


# Every exchange whose request and reply are known: (method, target, reply). contract.py judges them.
exchanges = []


class Reply:
    """What came back: status, headers (lower-case names), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def slug(self):
        """Of a problem."""
        return self.json["type"].removeprefix("urn:quantconf:problem:")


def read_head(stream):
    line = stream.readline()
    if not line:
        raise EOFError("the connection was closed before a reply")
    status = int(line.split()[1])
    headers = {}
    while True:
        line = stream.readline().rstrip(b"\r\n").decode("latin-1")
        if not line:
            return status, headers
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), value.strip())


def read_chunks(stream):
    body = []
    while True:
        size = int(stream.readline(), 16)
        body.append(stream.read(size))
        stream.readline()
        if size == 0:
            return b"".join(body)


def read_reply(stream, head_only=False):
    """The next final reply on a buffered stream of a connection."""
    status, headers = read_head(stream)
    while status == 100:
        status, headers = read_head(stream)
    if head_only or status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding") == "chunked":
        body = read_chunks(stream)
    else:
        body = stream.read(int(headers.get("content-length", 0)))
    return Reply(status, headers, body)


def chunked(body, size=100000):
    """The bytes in chunks, as Transfer-Encoding has them."""
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


class Daemon:
    """A running daemon; use it with `with`."""

    def __init__(self, *options, listen="127.0.0.1:0", tls=None, program=BUILD, env=None):
        """`tls`: the clients' ssl.SSLContext, for a listener with tls:. `env`: variables for it beside those there are."""
        self.command = [program, "--listen", listen, *options]
        self.env = {**os.environ, **(env or {})}
        self.tls = tls

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=self.env
        )
        self.lines = []
        self.log_read = threading.Condition()
        first = self.process.stderr.readline().decode()
        while first and "listening on" not in first:
            self.lines.append(first)
            first = self.process.stderr.readline().decode()
        self.lines.append(first)
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        found = re.search(r"listening on (https?://(.*):(\d+)|unix:([^\"]*))(\"\}?)?$", first.strip())
        if not found:
            self.process.terminate()
            self.process.wait(PATIENCE)
            raise AssertionError("no listening line: " + "".join(self.lines))
        if found.group(4):
            self.path = found.group(4)
        else:
            self.path = None
            self.host = found.group(2).strip("[]")
            self.port = int(found.group(3))
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        assert code == 0, f"exit status {code}:\n{self.log()}"

    def _read_log(self):
        for line in self.process.stderr:
            with self.log_read:
                self.lines.append(line.decode())
                self.log_read.notify_all()

    def log(self):
        with self.log_read:
            return "".join(self.lines)

    def wait_for_log(self, pattern):
        """The first line of the log that matches, once it is there."""
        deadline = time.monotonic() + PATIENCE
        with self.log_read:
            while True:
                for line in self.lines:
                    if re.search(pattern, line):
                        return line
                if not self.log_read.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {pattern!r} in\n" + "".join(self.lines))

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def connect(self):
        if self.path:
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(PATIENCE)
            peer.connect(self.path)
            return peer
        peer = socket.create_connection((self.host, self.port), PATIENCE)
        return self.tls.wrap_socket(peer, server_hostname="localhost") if self.tls else peer

    def request(self, method, path, body=None, headers=None):
        """One request on a connection of its own, with the headers given and no others but Host."""
        sent = {"Host": "localhost"}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        sent.update(headers or {})
        if sent.get("Transfer-Encoding") == "chunked":
            sent["Content-Length"] = None
            body = chunked(body)
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in sent.items() if value is not None
        )
        return self.raw(head.encode("latin-1") + b"\r\n" + (body or b""), method == "HEAD")

    def raw(self, data, head_only=False):
        """Sends bytes, reads one reply."""
        with self.connect() as peer, peer.makefile("rb") as stream:
            try:
                peer.sendall(data)
            except ConnectionError:
                pass  # the reply may be there already
            reply = read_reply(stream, head_only)
        line = data.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(line) == 3:
            exchanges.append((line[0], line[1], reply))
        return reply

    def get(self, path, **headers):
        return self.request("GET", path, headers=named(headers))

    def post(self, path, body, content_type=None, **headers):
        sent = named(headers)
        if content_type:
            sent["Content-Type"] = content_type
        if isinstance(body, str):
            body = body.encode()
        return self.request("POST", path, body, sent)

    def resolve(self, body, query="", **headers):
        return self.post("/v1/resolve" + query, body, **headers)

    def envelope(self, value, query=""):
        return self.resolve(json.dumps(value), query, content_type="application/json")


def named(headers):
    """accept_encoding=… becomes Accept-Encoding: …"""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def multipart(*parts, boundary="x-boundary-x", end=True):
    """Parts are (name, contents) or (name, contents, filename); returns body and content type."""
    out = b""
    for name, contents, *filename in parts:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if filename:
            out += f'; filename="{filename[0]}"\r\nContent-Type: application/octet-stream'.encode()
        out += b"\r\n\r\n" + (contents.encode() if isinstance(contents, str) else contents)
        out += b"\r\n"
    if end:
        out += f"--{boundary}--\r\n".encode()
    return out, f"multipart/form-data; boundary={boundary}"


# A daemon that stops waits so long for a request on an open connection.
GRACE = 0.5


class Pace:
    """Of one client: a machine under load may let it pause so long that a daemon that stops gives it up."""

    def __init__(self):
        self.began = self.last = time.monotonic()
        self.pause = None

    def send(self, peer, data):
        self.last, self.began = self.began, time.monotonic()
        self.pause = None
        peer.sendall(data)
        self.pause = time.monotonic() - self.last

    @property
    def steady(self):
        """Whether what it tried to send last came in time, counted from before it sent what came before that."""
        pause = time.monotonic() - self.last if self.pause is None else self.pause
        return pause < GRACE


class Crowd:
    """Clients that never pause, each on one connection, until its reply says that the connection ends."""

    def __init__(self, daemon, data, count=8):
        self.daemon, self.data = daemon, data
        self.good = daemon.raw(data).body
        self.answered, self.lost = 0, []
        self.threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _run(self):
        pace = Pace()
        try:
            with self.daemon.connect() as peer, peer.makefile("rb") as stream:
                while True:
                    pace.send(peer, self.data)
                    reply = read_reply(stream)
                    self.answered += 1
                    if reply.body != self.good:
                        self.lost.append(reply.body)
                    if reply.headers.get("connection", "").lower() == "close":
                        return
        except (OSError, EOFError) as fault:
            if pace.steady:
                self.lost.append(fault)

    def start(self, answered):
        """Returns once so many replies have come."""
        for thread in self.threads:
            thread.start()
        while self.answered < answered and not self.lost:
            time.sleep(0.01)

    def join(self):
        for thread in self.threads:
            thread.join(PATIENCE)
