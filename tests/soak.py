#!/usr/bin/python3
"""A million mixed requests (`make soak`, by hand): memory, descriptors and threads afterwards as after the first ten thousand.

QUANTCONF_SOAK_COUNT says how many in all, QUANTCONF_SOAK_SEED which. Clients run in processes of their own: they resolve,
inspect, send batches and nonsense, drip, break off, speak TLS and what is none, while the daemon reloads again and again.
"""
import json
import multiprocessing
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(os.environ.get("srcdir", ".")).resolve()
sys.path.insert(0, str(SOURCE / "tests" / "http"))

import certificates  # noqa: E402
from daemon import Daemon, multipart, read_head, read_reply  # noqa: E402

COUNT = int(os.environ.get("QUANTCONF_SOAK_COUNT", "1000000"))
SEED = int(os.environ.get("QUANTCONF_SOAK_SEED", "1"))
FIRST = min(10000, COUNT // 2)
ROUNDS = 10
CLIENTS = 2 * (os.cpu_count() or 1)
MODEL = {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
CONFIGS = [path.read_bytes() for path in sorted(SOURCE.glob("examples/*.yaml"))]
# What goes to the computing threads.
LARGE = b"base_model: org/model\nadapter: lora\nvalues: [" + b"1, " * 15000 + b"1]\n"
BAD = [b"a: [1\n", b"", b"\xff", b"- a\n", b"a: " + b"[" * 500, b"load_in_4bit: true\nload_in_8bit: true\n", b"adapter: " + b"x" * 3000]


def request(method, path, body=None, headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def resolving(chance):
    query = chance.choice(("", "?target=flat", "?include=migrated,diff", "?checkpoint=org/model", "?on_invalid=200"))
    accept = chance.choice(("*/*", "application/yaml", "text/plain", "text/x-diff", "application/sarif+json"))
    body = chance.choice(CONFIGS if chance.random() < 0.7 else BAD)
    if chance.random() < 0.005:
        body = LARGE
    return request("POST", "/v1/resolve" + query, body, ("Accept: " + accept,)), {200, 400, 422}


def forms(chance):
    config = chance.choice(CONFIGS)
    if chance.random() < 0.5:
        body, kind = multipart(("config", config), ("checkpoint", json.dumps(MODEL)))
    else:
        body, kind = json.dumps({"config": config.decode(), "checkpoint": MODEL}).encode(), "application/json"
    return request("POST", "/v1/resolve", body, ("Content-Type: " + kind,)), {200, 422}


def inspecting(chance):
    if chance.random() < 0.5:
        name = chance.choice(("org/model", "org/other", "org/none", "../x"))
        return request("GET", "/v1/inspect?model=" + name), {200, 400, 404}
    return request("POST", "/v1/inspect", json.dumps(MODEL).encode()), {200}


def reading(chance):
    path = chance.choice(("/v1/rules", "/v1/rules/torchao-with-gptq", "/v1/backends", "/v1/schema", "/version", "/healthz",
                          "/readyz?verbose", "/openapi.json", "/metrics"))  # fmt: skip
    headers = ("If-None-Match: *",) if chance.random() < 0.6 else ()
    return request("GET", path, headers=headers), {200, 304}


def refused(chance):
    word = "%x" % chance.getrandbits(64)
    return chance.choice((
        (request("GET", "/" + word), {404}),
        (request("GET", "/v1/rules/" + word), {404}),
        (request("X" + word[:6].upper(), "/v1/resolve"), {405}),
        (request("POST", "/v1/resolve", b"x", ("Content-Type: image/" + word[:5],)), {415}),
        (request("GET", "/v1/rules?" + word + "=1"), {400}),
        (request("POST", "/v1/resolve", b"#" * 2000000), {413}) if chance.random() < 0.02 else
        (request("OPTIONS", "/v1/resolve"), {204}),
    ))  # fmt: skip


KINDS = [(resolving, 40), (forms, 10), (inspecting, 15), (reading, 20), (refused, 15)]


class Client:
    def __init__(self, ports, bundle, chance):
        self.plain, self.secure = ports
        self.context = ssl.create_default_context(cafile=bundle)
        self.chance = chance
        self.wrong = []

    def raw(self, port):
        return socket.create_connection(("127.0.0.1", port), 60)

    def connect(self):
        if self.chance.random() < 0.8:
            return self.raw(self.plain)
        return self.context.wrap_socket(self.raw(self.secure), server_hostname="localhost")

    def pipeline(self):
        """Some requests at once on one connection, and their replies in order."""
        asked = []
        with self.connect() as peer, peer.makefile("rb") as stream:
            for _ in range(self.chance.choice((1, 1, 5, 20))):
                wanted = []
                for _ in range(self.chance.choice((1, 10, 20))):
                    (kind,) = self.chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])
                    wanted.append(kind(self.chance))
                peer.sendall(b"".join(data for data, _ in wanted))
                for data, statuses in wanted:
                    reply = read_reply(stream)
                    asked.append(data)
                    if reply.status not in statuses:
                        self.wrong.append((data[:200], reply.status, reply.body[:200]))
                    if reply.headers.get("connection", "").lower() == "close":
                        return len(asked)
        return len(asked)

    def batch(self):
        count = self.chance.choice((1, 5, 50))
        body = b"---\n".join(self.chance.choice(CONFIGS + BAD[:1]) for _ in range(count))
        if self.chance.random() < 0.01:
            body += b"---\n" + LARGE
        with self.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(request("POST", "/v1/batch", body, ("Connection: close",)))
            status, _ = read_head(stream)
            if status != 200 or b'"unreadable":' not in stream.read()[-200:]:
                self.wrong.append(("batch", status))
        return 1

    def break_off(self):
        """Somewhere in the middle, politely or not; or when all is said."""
        data, _ = resolving(self.chance)
        end = self.chance.randrange(len(data))
        if self.chance.random() < 0.02:
            data = request("POST", "/v1/resolve", LARGE)
            end = len(data)
        peer = self.raw(self.chance.choice((self.plain, self.secure)))
        if self.chance.random() < 0.5:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.sendall(data[:end])
        peer.close()
        return 1

    def misspeak(self):
        """Plain HTTP to TLS, nonsense to both, lengths that are none."""
        port = self.chance.choice((self.plain, self.secure))
        data = self.chance.choice((
            request("GET", "/healthz"), b"\x16\x03\x01\x00\x05hello", b"hello\r\n\r\n", request("GET", "/" + "x" * 20000),
            request("POST", "/v1/resolve", headers=("Content-Length: x",)),
            request("POST", "/v1/resolve", headers=("Transfer-Encoding: gzip",)),
            request("GET", "/healthz", headers=("Host: example.org",)),
        ))  # fmt: skip
        with self.raw(port) as peer:
            try:
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except OSError:
                pass
        return 1

    def drip(self):
        """Until the daemon has enough of it."""
        with self.raw(self.plain) as peer:
            peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
            try:
                for _ in range(40):
                    peer.sendall(b"#")
                    time.sleep(0.1)
            except OSError:
                pass
        return 1

    def run(self, count):
        done = 0
        ways = [(self.pipeline, 90), (self.batch, 10), (self.break_off, 10), (self.misspeak, 10)]
        dripping = threading.Thread(target=self.drip)
        dripping.start()
        while done < count:
            (way,) = self.chance.choices([way for way, _ in ways], [weight for _, weight in ways])
            try:
                done += way()
            except (OSError, EOFError) as fault:
                self.wrong.append((way.__name__, repr(fault)))
        dripping.join()
        return self.wrong


def run_client(ports, bundle, seed, count):
    return Client(ports, bundle, random.Random(seed)).run(count)


def measure(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    figure = {name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M).group(1)) for name in ("VmRSS", "VmHWM", "Threads")}
    figure["descriptors"] = len(os.listdir(f"/proc/{process.pid}/fd"))
    return figure


def settle(daemon):
    """Until all connections but the asking one are gone."""
    while b"\nquantconf_connections 1\n" not in daemon.get("/metrics").body:
        time.sleep(0.1)
    time.sleep(0.5)


class Reloads:
    """Another certificate and another limit each second, and now and then a fault."""

    def __init__(self, daemon, config, pairs):
        self.daemon, self.config, self.pairs = daemon, config, pairs
        self.ended = threading.Event()
        self.count = 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(1):
            self.count += 1
            write_config(self.config, self.pairs[self.count % 2], self.count % 7 == 0)
            self.daemon.signal(signal.SIGHUP)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def write_config(path, pair, faulty):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(f"tls-certificate: {pair.certificate}\ntls-key: {pair.key}\nlog-level: error\n")
        file.write("limit-batch-items: 1000\nrequest-timeout: 2\n" + ("wrong: 1\n" if faulty else ""))
    os.replace(path + ".new", path)


def write_models(folder):
    for name in ("org/model", "org/other"):
        model = pathlib.Path(folder, "models", name)
        model.mkdir(parents=True)
        (model / "config.json").write_text(json.dumps(MODEL))


def soak(daemon, folder, pairs, config):
    bundle = os.path.join(folder, "bundle")
    pathlib.Path(bundle).write_text("".join(pathlib.Path(pair.certificate).read_text() for pair in pairs))
    secure = int(daemon.wait_for_log("listening on https:").rpartition(":")[2])
    sizes = [FIRST] + [(COUNT - FIRST) // ROUNDS] * ROUNDS
    figures, served, wrong = [], 0, []
    with multiprocessing.Pool(CLIENTS) as pool:
        for number, size in enumerate(sizes):
            began = time.monotonic()
            jobs = [((daemon.port, secure), bundle, f"{SEED}.{number}.{i}", size // CLIENTS) for i in range(CLIENTS)]
            with Reloads(daemon, config, pairs):
                for found in pool.starmap(run_client, jobs, 1):
                    wrong += found
            served += size
            settle(daemon)
            figures.append(measure(daemon.process))
            rate = size / (time.monotonic() - began)
            print(f"{served:8} requests  {figures[-1]}  {rate:.0f}/s  {len(wrong)} wrong", flush=True)
    return figures, wrong


def main():
    with tempfile.TemporaryDirectory() as folder:
        pairs = [certificates.Pair(folder, name) for name in ("one", "other")]
        config = os.path.join(folder, "quantconfd.yaml")
        write_config(config, pairs[0], False)
        write_models(folder)
        options = ("--config", config, "--listen", "tls:127.0.0.1:0", "--model-root", os.path.join(folder, "models"))
        with Daemon(*options) as daemon:
            figures, wrong = soak(daemon, folder, pairs, config)
    first, last = figures[0], figures[-1]
    for fault in wrong[:20]:
        print("wrong:", *fault)
    same = all(first[name] == last[name] for name in ("Threads", "descriptors"))
    # Within the noise of an allocator that several threads share.
    flat = last["VmRSS"] <= first["VmRSS"] * 1.1 + 2048
    print("passed" if same and flat and not wrong else "FAILED")
    sys.exit(0 if same and flat and not wrong else 1)


if __name__ == "__main__":
    main()
