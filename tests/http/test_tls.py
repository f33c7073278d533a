"""HTTPS: certificates and their reload, handshakes that stall, clients that speak something else."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import certificates
from daemon import BUILD, PATIENCE, Crowd, Daemon, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
POST = f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(GOOD)}\r\n\r\n{GOOD}".encode()
TLS = "tls:127.0.0.1:0"


def check(*options):
    return subprocess.run(
        [BUILD, "--check-config", *options], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def hello(context):
    """The first bytes of a client's handshake."""
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class WithCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        certificates.needed()
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.one = certificates.Pair(cls.folder, "one")
        cls.other = certificates.Pair(cls.folder, "other", ("-newkey", "rsa:2048"))

    def raw(self, daemon):
        return socket.create_connection((daemon.host, daemon.port), PATIENCE)


class Serving(WithCertificates):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        options = (*cls.one.options, "--idle-timeout", "2", "--request-timeout", "2", "--workers", "2")
        cls.daemon = cls.enterClassContext(Daemon(*options, listen=TLS, tls=cls.one.context()))
        cls.good = cls.daemon.resolve(GOOD).body

    def tearDown(self):
        self.assertEqual(self.daemon.resolve(GOOD).body, self.good)

    def test_versions(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.one.context(version)
            with context.wrap_socket(self.raw(self.daemon), server_hostname="localhost") as peer:
                self.assertEqual(peer.version().replace("v", "v"), version.name.replace("_", "."))
                # AEAD, and keys that are forgotten.
                self.assertRegex(peer.cipher()[0], r"^(TLS_|ECDHE-).*(GCM|POLY1305)")
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = self.one.context(version)
            with self.raw(self.daemon) as peer, self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(peer, server_hostname="localhost")

    def test_protocol_is_agreed_on(self):
        context = self.one.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(self.raw(self.daemon), server_hostname="localhost") as peer:
            self.assertEqual(peer.selected_alpn_protocol(), "http/1.1")

    def test_keep_alive_and_pipelining(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            for count in (1, 20, 1):
                peer.sendall(POST * count)
                for _ in range(count):
                    self.assertEqual(read_reply(stream).body, self.good)

    def test_large_bodies(self):
        config = GOOD + "#" * (1024 * 1024 - len(GOOD))
        self.assertEqual(self.daemon.resolve(config).json["canonical"]["adapter"], "lora")
        self.assertEqual(self.daemon.resolve(config + "#").status, 413)
        self.assertGreater(len(self.daemon.get("/v1/rules").body), 65536)

    def test_client_that_speaks_plain_http(self):
        for request in (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000,
        ):
            with self.raw(self.daemon) as peer, peer.makefile("rb") as stream:
                peer.sendall(request)
                reply = read_reply(stream)
                self.assertEqual((reply.status, reply.slug), (400, "https-required"))
                self.assertEqual(stream.read(), b"")

    def test_client_that_speaks_nonsense(self):
        greeting = hello(self.one.context())
        for data in (b"\0", b"\x16", b"\x16\3\1\xff\xff" + b"x" * 70000, b"\x15\3\1\0\2\2\0", greeting[:50] + b"x" * 200):
            with self.raw(self.daemon) as peer:
                try:
                    peer.sendall(data)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(4096):
                        pass
                except OSError:
                    pass

    def test_clients_that_vanish(self):
        greeting = hello(self.one.context())
        for length in (0, 1, 5, 100, len(greeting)):
            for abort in (False, True):
                peer = self.raw(self.daemon)
                if abort:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.sendall(greeting[:length])
                peer.close()
        peer = self.daemon.connect()
        peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
        peer.close()

    def test_one_byte_at_a_time(self):
        """A handshake in the smallest pieces sleeps and wakes at each of them."""
        context = self.one.context()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.raw(self.daemon) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    for byte in outgoing.read():
                        peer.sendall(bytes([byte]))
                    incoming.write(peer.recv(4096))
            client.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for byte in outgoing.read():
                peer.sendall(bytes([byte]))
            reply = b""
            while not reply.endswith(b'{"status":"ok"}\n'):
                try:
                    reply += client.read()
                except ssl.SSLWantReadError:
                    incoming.write(peer.recv(4096))
            self.assertTrue(reply.startswith(b"HTTP/1.1 200 "))

    def test_slow_body_is_told(self):
        with self.daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n")
            # Until the reply is there; a byte that crosses it would reset the connection.
            for _ in range(10):
                peer.sendall(b"#")
                time.sleep(0.1)
            reply = read_reply(stream)
            self.assertEqual((reply.status, reply.slug), (408, "request-timeout"))
            self.assertEqual(stream.read(), b"")  # and a proper end of TLS

    def test_stalled_handshakes_are_cut(self):
        greeting = hello(self.one.context())
        peers = [self.raw(self.daemon) for _ in range(30)]
        for i, peer in enumerate(peers):
            peer.sendall(greeting[: (0, 3, 100, len(greeting))[i % 4]])
        time.sleep(0.2)
        before = processor_seconds(self.daemon.process)
        served = 0
        for peer in peers:
            with peer:
                while True:
                    served += self.daemon.get("/healthz").status == 200
                    try:
                        peer.settimeout(0.2)
                        if not peer.recv(65536):
                            break
                    except TimeoutError:
                        continue
                    except ConnectionError:
                        break
        self.assertGreaterEqual(served, 30)
        # To wait for a client takes no work; a worker that turns meanwhile takes all there is.
        self.assertLess(processor_seconds(self.daemon.process) - before, 1.5)

    def test_metrics(self):
        self.raw(self.daemon).close()
        deadline = time.monotonic() + PATIENCE
        while True:
            text = self.daemon.get("/metrics").body.decode()
            if 'handshakes_total{result="failed"} 0' not in text:
                break
            self.assertLess(time.monotonic(), deadline)
        self.assertRegex(text, r'quantconf_tls_handshakes_total\{result="established"\} [1-9]')
        line = next(line for line in text.splitlines() if line.startswith("quantconf_tls_certificate_not_after"))
        self.assertTrue(29 * 86400 < float(line.split()[1]) - time.time() < 31 * 86400)

    def test_curl(self):
        if not shutil.which("curl"):
            self.skipTest("there is no curl")
        url = f"https://localhost:{self.daemon.port}/healthz"
        done = subprocess.run(
            ["curl", "-sS", "--cacert", self.one.certificate, url], capture_output=True, check=False
        )
        self.assertEqual(done.stdout, b'{"status":"ok"}\n', done.stderr)


class Configuration(WithCertificates):
    def test_kinds_of_keys_and_chains(self):
        served, key, root = certificates.chain(self.folder)
        context = ssl.create_default_context(cafile=root)
        pairs = [(served, key, context)]
        for name, kind in (("ed", ("-newkey", "ed25519")), ("p384", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"))):
            pair = certificates.Pair(self.folder, name, kind)
            pairs.append((pair.certificate, pair.key, pair.context()))
        for certificate, key, context in pairs:
            with self.subTest(certificate):
                with Daemon("--tls-certificate", certificate, "--tls-key", key, listen=TLS, tls=context) as daemon:
                    self.assertEqual(daemon.get("/healthz").status, 200)

    def test_beside_other_listeners(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            options = (*self.one.options, "--listen", "127.0.0.1:0", "--listen", "unix:" + path)
            with Daemon(*options, listen=TLS, tls=self.one.context()) as daemon:
                plain = daemon.wait_for_log("listening on http://")
                daemon.wait_for_log("listening on unix:")
                self.assertEqual(daemon.get("/healthz").status, 200)
                daemon.tls = None
                daemon.port = int(plain.rpartition(":")[2])
                self.assertEqual(daemon.get("/healthz").status, 200)
                daemon.path = path
                self.assertEqual(daemon.get("/healthz").status, 200)

    def test_other_machines_need_a_token(self):
        refused = check(*self.one.options, "--listen", "tls:0.0.0.0:0")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--token-file", refused.stderr)
        self.assertEqual(check(*self.one.options, "--listen", "tls:0.0.0.0:0", "--insecure").returncode, 0)
        self.assertEqual(check(*self.one.options, "--listen", "tls:[::1]:0").returncode, 0)

    def test_faults(self):
        encrypted = os.path.join(self.folder, "encrypted.key")
        certificates.openssl("ec", "-in", self.one.key, "-aes256", "-passout", "pass:x", "-out", encrypted)
        empty = os.path.join(self.folder, "empty")
        open(empty, "w", encoding="ascii").close()
        one, other = self.one, self.other
        for options, words in (
            ((), ("--tls-certificate", "--tls-key", "tls:127.0.0.1:0")),
            (("--tls-certificate", one.certificate), ("tls-key is missing",)),
            (("--tls-key", one.key), ("tls-certificate is missing",)),
            (("--tls-certificate", one.certificate, "--tls-key", other.key), (other.key, one.certificate, "belong")),
            (("--tls-certificate", one.key, "--tls-key", one.key), (one.key, "certificate")),
            (("--tls-certificate", one.certificate, "--tls-key", one.certificate), (one.certificate, "private key")),
            (("--tls-certificate", one.certificate, "--tls-key", encrypted), (encrypted, "passphrase")),
            (("--tls-certificate", empty, "--tls-key", one.key), (empty, "certificate")),
            (("--tls-certificate", one.certificate, "--tls-key", empty), (empty, "private key")),
            (("--tls-certificate", "/nonexistent", "--tls-key", one.key), ("/nonexistent", "No such file")),
        ):
            with self.subTest(options):
                ended = check("--listen", TLS, *options)
                self.assertEqual(ended.returncode, 1)
                for word in words:
                    self.assertIn(word, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1)

    def test_validity_is_told(self):
        pair = certificates.Pair(self.folder, "dated")
        for begin, end, words in ((2001, 2002, "has expired"), (2090, 2091, "is not valid yet")):
            certificates.sign_for(self.folder, pair, begin, end)
            with Daemon(*pair.options, listen=TLS) as daemon:
                self.assertRegex(daemon.log(), f"level=warning .*{pair.certificate}.*{words}")


class Reloading(WithCertificates):
    def setUp(self):
        self.config = os.path.join(self.folder, "quantconfd.yaml")
        self.use(self.one)

    def use(self, pair, key=None):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"tls-certificate: {pair.certificate}\ntls-key: {key or pair.key}\n")

    def start(self):
        return Daemon("--config", self.config, "--workers", "2", listen=TLS, tls=self.one.context())

    def hup(self, daemon, pattern):
        before = len(daemon.lines)
        daemon.signal(signal.SIGHUP)
        with daemon.log_read:
            found = daemon.log_read.wait_for(
                lambda: any("event=reload" in line for line in daemon.lines[before:]), PATIENCE
            )
        self.assertTrue(found)
        self.assertRegex("".join(daemon.lines[before:]), pattern)

    def test_new_certificate(self):
        with self.start() as daemon, daemon.connect() as peer, peer.makefile("rb") as stream:
            stalled = [self.raw(daemon) for _ in range(4)]  # they began with the old one
            self.use(self.other)
            self.hup(daemon, "was read again")
            daemon.tls = self.other.context()
            for _ in range(8):  # on each worker
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(read_reply(stream).status, 200)
            for old in stalled:
                with self.one.context().wrap_socket(old, server_hostname="localhost") as through:
                    through.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertTrue(through.recv(100).startswith(b"HTTP/1.1 200"))

    def test_bad_pairs_change_nothing(self):
        with self.start() as daemon:
            self.use(self.one, self.other.key)
            self.hup(daemon, f"{self.other.key}: this key does not belong.*old configuration stays")
            self.assertEqual(daemon.get("/healthz").status, 200)
            with open(self.config, "w", encoding="utf-8") as file:
                file.write("log-level: debug\n")
            self.hup(daemon, "tls:127.0.0.1:0: TLS needs a certificate.*old configuration stays")
            self.assertEqual(daemon.get("/healthz").status, 200)

    def test_under_load(self):
        """Clients never pause while certificates change; each gets its reply, by one or the other."""
        bundle = os.path.join(self.folder, "both.crt")
        with open(bundle, "w", encoding="ascii") as out:
            for pair in (self.one, self.other):
                with open(pair.certificate, encoding="ascii") as file:
                    out.write(file.read())
        with self.start() as daemon:
            daemon.tls = ssl.create_default_context(cafile=bundle)
            good = daemon.resolve(GOOD).body
            failures, seen, stop = [], {"one": 0, "other": 0}, threading.Event()

            def keep_asking():
                while not stop.is_set():
                    try:
                        with daemon.connect() as peer, peer.makefile("rb") as stream:
                            subject = dict(pair[0] for pair in peer.getpeercert()["subject"])
                            seen[subject["commonName"]] += 1
                            for _ in range(3):
                                peer.sendall(POST)
                                if read_reply(stream).body != good:
                                    failures.append("another body")
                    except (OSError, EOFError) as fault:
                        failures.append(fault)

            threads = [threading.Thread(target=keep_asking) for _ in range(6)]
            for thread in threads:
                thread.start()
            for i in range(10):
                count = sum(seen.values())
                while sum(seen.values()) < count + 8 and not failures:
                    time.sleep(0.01)
                self.use((self.other, self.one)[i % 2])
                self.hup(daemon, "was read again")
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(failures, [])
            self.assertTrue(min(seen.values()) > 10, seen)


class Crowds(WithCertificates):
    def test_stalled_handshakes_make_room(self):
        options = (*self.one.options, "--limit-connections", "20", "--workers", "2")
        with Daemon(*options, listen=TLS, tls=self.one.context()) as daemon:
            greeting = hello(self.one.context())
            stalled = [self.raw(daemon) for _ in range(20)]
            for i, peer in enumerate(stalled):
                peer.sendall(greeting[: (0, 100, len(greeting))[i % 3]])
            time.sleep(1.2)
            for _ in range(10):
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            for peer in stalled:
                peer.close()

    def test_they_count(self):
        options = (*self.one.options, "--limit-connections-per-address", "3", "--workers", "1")
        with Daemon(*options, listen=TLS, tls=self.one.context()) as daemon:
            stalled = [self.raw(daemon) for _ in range(3)]
            with self.raw(daemon) as peer:  # nothing can be told before TLS is spoken
                self.assertEqual(peer.recv(1), b"")
            for peer in stalled:
                peer.close()

    def test_hellos_take_turns(self):
        """Handshakes that all begin at once hold up neither other requests nor another client's handshake."""
        slow = certificates.Pair(self.folder, "slow", ("-newkey", "rsa:3072"))
        options = (*slow.options, "--listen", "127.0.0.1:0", "--workers", "1")
        with contextlib.ExitStack() as held, Daemon(*options, listen=TLS) as daemon:
            port = daemon.port
            daemon.port = int(daemon.wait_for_log("listening on http://").rpartition(":")[2])

            def connect(source):
                return held.enter_context(socket.create_connection((daemon.host, port), PATIENCE, (source, 0)))

            def served():
                """Of the many; the daemon stands still meanwhile."""
                daemon.signal(signal.SIGSTOP)
                ready = len(select.select(many, [], [], 0)[0])
                daemon.signal(signal.SIGCONT)
                return ready

            many = [connect("127.0.0.2") for _ in range(200)]
            one = connect("127.0.0.3")
            with daemon.connect() as plain:
                deadline = time.monotonic() + PATIENCE
                while int(re.search(rb"(?m)^quantconf_connections (\d+)", daemon.get("/metrics").body)[1]) < 203:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                daemon.signal(signal.SIGSTOP)
                greeting = hello(slow.context())
                for peer in (*many, one):
                    peer.sendall(greeting)
                plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                daemon.signal(signal.SIGCONT)
                self.assertTrue(plain.recv(100).startswith(b"HTTP/1.1 200"))
                self.assertLess(served(), 100)
                one.recv(1)
                self.assertLess(served(), 100)
                for peer in many:
                    self.assertEqual(len(peer.recv(1)), 1)


class Stopping(WithCertificates):
    def test_none_is_lost(self):
        with Daemon(*self.one.options, "--workers", "2", listen=TLS, tls=self.one.context()) as daemon:
            crowd = Crowd(daemon, POST)
            crowd.start(200)
            with self.raw(daemon):  # a handshake that never begins
                daemon.signal()
                crowd.join()
                self.assertEqual(crowd.lost, [])
                self.assertEqual(daemon.process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
