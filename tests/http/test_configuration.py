"""Tokens, the configuration file, reloading, and the form of the log."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from daemon import BUILD, PATIENCE, Daemon, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
TOKEN = "first-token.of~many+chars/0123456789=="
OTHER = "a-second-one"


def check(*options):
    return subprocess.run(
        [BUILD, "--check-config", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Tokens(WithFolder):
    def bearer(self, daemon, path, value):
        return daemon.get(path, authorization=value).status

    def test_tokens(self):
        path = self.write("tokens", f"# ours\n\n{TOKEN}\n  {OTHER}  \r\n")
        with Daemon("--token-file", path, "--log-level", "debug") as daemon:
            for value in (f"Bearer {TOKEN}", f"bearer {OTHER}", f"BEARER  {OTHER} "):
                self.assertEqual(self.bearer(daemon, "/version", value), 200, value)
            for value in (
                "Bearer",
                "Bearer ",
                f"Bearer {TOKEN[:-1]}",
                f"Bearer {TOKEN}x",
                f"Bearer {OTHER}{OTHER}",
                "Bearer # ours",
                f"Basic {TOKEN}",
                TOKEN,
                "Bearer " + "x" * 4000,
            ):
                self.assertEqual(self.bearer(daemon, "/version", value), 401, value)
            reply = daemon.resolve(GOOD)
            self.assertEqual(reply.status, 401)
            self.assertEqual(reply.slug, "unauthorized")
            self.assertTrue(reply.headers["www-authenticate"].startswith("Bearer"))
            self.assertEqual(daemon.resolve(GOOD, authorization=f"Bearer {TOKEN}").status, 200)
            self.assertEqual(daemon.get("/metrics").status, 401)
            # Who has no token learns nothing of what there is.
            self.assertEqual(daemon.get("/no/such/path").status, 401)
            self.assertEqual(daemon.request("OPTIONS", "*").status, 401)
            for open_path in ("/healthz", "/readyz"):
                self.assertEqual(daemon.get(open_path).status, 200)
                self.assertEqual(daemon.request("HEAD", open_path).status, 200)
        for secret in (TOKEN, OTHER):
            self.assertNotIn(secret, daemon.log())

    def test_token_opens_the_door(self):
        path = self.write("tokens", TOKEN + "\n")
        with Daemon("--token-file", path, listen="0.0.0.0:0") as daemon:
            daemon.host = "127.0.0.1"
            headers = {"host": "example.org", "authorization": f"Bearer {TOKEN}"}
            self.assertEqual(daemon.get("/version", **headers).status, 200)
            self.assertEqual(daemon.get("/version", host="example.org").status, 401)

    def test_files_that_cannot_be_used(self):
        for text, word in (
            ("", "no token"),
            ("# only this\n", "no token"),
            ("fine\ntwo words\n", ":2:"),
            ("sécret\n", ":1:"),
            ("x" * 513 + "\n", ":1:"),
        ):
            with self.subTest(text):
                ended = check("--token-file", self.write("tokens", text))
                self.assertEqual(ended.returncode, 1)
                self.assertIn(word, ended.stderr)
                self.assertNotIn("words", ended.stderr)
        self.assertIn("No such file", check("--token-file", "/nonexistent").stderr)


class ConfigurationFile(WithFolder):
    def test_good(self):
        for name in ("models", "hub"):
            os.mkdir(f"{self.folder}/{name}")
        path = self.write(
            "quantconfd.yaml",
            "# all of these\n"
            "listen: ['127.0.0.1:0', 'unix:" + self.folder + "/socket']\n"
            "default-target: flat\nworkers: 2\nlimit-config: 2KiB\ninsecure: false\n"
            f"model-root: {self.folder}/models\nhf-cache:\n  - {self.folder}/hub\n"
            "idle-timeout: 7\nlog-level: debug\n",
        )
        ended = check("--config", path)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        command = [BUILD, "--config", path]
        daemon = Daemon()
        daemon.command = command
        with daemon:
            daemon.wait_for_log("listening on unix:")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")
            self.assertEqual(daemon.resolve(GOOD + "#" * 2048).status, 413)
            self.assertIn("workers 2\n", daemon.get("/metrics").body.decode())

    def test_flags_win(self):
        path = self.write(
            "c.yaml", "listen: 203.0.113.1:1\ndefault-target: flat\nlimit-config: 2048\n"
        )
        with Daemon("--config", path, "--default-target", "released") as daemon:
            self.assertEqual(daemon.resolve(GOOD).json["target"], "released")
            self.assertEqual(daemon.resolve(GOOD + "#" * 2048).status, 413)

    def test_empty_means_defaults(self):
        self.assertEqual(check("--config", self.write("c.yaml", "# nothing\n")).returncode, 0)

    def test_bad(self):
        for text, words in (
            ("limit-dpth: 3\n", (":1:1:", "limit-dpth", "did you mean limit-depth")),
            ("workers: 2\nlimit-depth: many\n", (":2:14:", "limit-depth", "4 to 1024")),
            ("workers: 2\nworkers: 3\n", (":2:1:", "twice")),
            ("workers: [1]\n", (":1:10:", "workers")),
            ("workers:\n", (":1:", "workers")),
            ("insecure: 1\n", (":1:11:", "true or false")),
            ("log-level: loud\n", (":1:12:", "error, warning, info or debug")),
            ("listen:\n  - 127.0.0.1:0\n  - {a: b}\n", (":3:5:", "listen")),
            ("workers: [\n", ("c.yaml:",)),
            ("- workers\n", (":1:1:", "name: value")),
            ("config: other.yaml\n", (":1:1:", "no such option")),
            ("help: true\n", (":1:1:", "no such option")),
            ("listen: 0.0.0.0:80\n", ("c.yaml:1:9:", "--token-file", "--insecure")),
            ("listen: [127.0.0.1:1, nowhere]\n", ("c.yaml:1:23:", "ADDR:PORT")),
            ("token-file: /nonexistent\n", ("c.yaml:1:13:", "/nonexistent", "No such file")),
            ("tls-key: a.pem\n", ("c.yaml:1:10:", "tls-certificate is missing")),
            ("model-root: /nonexistent/models\n", ("c.yaml:1:13:", "cannot be opened: No such file")),
            ("hf-cache:\n  - /etc/passwd\n", ("c.yaml:2:5:", "/etc/passwd is no folder")),
            ("workers: 1\n---\nworkers: 2\n", (":2:1:", "second document")),
        ):
            with self.subTest(text):
                ended = check("--config", self.write("c.yaml", text))
                self.assertEqual(ended.returncode, 1)
                for word in words:
                    self.assertIn(word, ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1)
                for word in ("second document", "is no folder"):
                    self.assertLess(ended.stderr.count(word), 2)
        self.assertEqual(check("--config", "/nonexistent").returncode, 1)
        self.assertEqual(check("--workers=x").returncode, 1)
        # What a flag overrides is checked nevertheless.
        path = self.write("c.yaml", "workers: none\n")
        self.assertEqual(check("--config", path, "--workers", "1").returncode, 1)


    def test_all_faults_at_once(self):
        text = "insecure: 2\nlog-lvl: x\nworkers: 1\nworkers: 1\nlisten: [127.0.0.1:x, {}]\ntoken-file: /nonexistent\n"
        path = self.write("c.yaml", text)
        ended = check("--config", path, "--limit-depth=x", "--limit-nodes=x")
        self.assertEqual(ended.returncode, 1)
        lines = ended.stderr.splitlines()
        self.assertEqual(len(lines), 8, ended.stderr)
        # The command line's, then the file's as they stand there.
        for line, words in zip(lines, ("--limit-depth=x", "--limit-nodes=x")):
            self.assertIn(f"{words} is not usable", line)
        for line, place in zip(lines[2:], ("1:11", "2:1", "4:1", "5:10", "5:23", "6:13")):
            self.assertIn(f"c.yaml:{place}: ", line)
        # What a fault leaves open is no further fault.
        path = self.write("c.yaml", "listen: 0.0.0.0:1\ntoken-file: /nonexistent\n")
        self.assertEqual(check("--config", path).stderr.count("\n"), 1)
        path = self.write("c.yaml", "".join(f"a{i}: 1\n" for i in range(30)))
        ended = check("--config", path)
        self.assertEqual(ended.stderr.count("\n"), 17)
        self.assertIn("and 14 faults more", ended.stderr)
        # Those that are found last may stand first; lines are numbers.
        text = "listen: nowhere\n" + "".join(f"a{i}: 1\n" for i in range(30)) + "workers: 1\nworkers: 1\n"
        lines = check("--config", self.write("c.yaml", text)).stderr.splitlines()
        found = [line.split("c.yaml:")[1].split(": ")[0] for line in lines[:-1]]
        self.assertEqual(found, ["1:9", *(f"{i + 2}:1" for i in range(15))])

    def test_exit_statuses(self):
        """2 is for a command line that is wrong, 1 for what it names."""
        bad = self.write("c.yaml", "workers: x\n")
        for options, status in (
            (("--workers=x",), 2),
            (("--listen=nowhere",), 2),
            (("--config", bad), 1),
            (("--config", "/nonexistent"), 1),
            (("--token-file", "/nonexistent"), 1),
            (("--tls-certificate", bad, "--tls-key", bad), 1),
            (("--model-root", bad), 1),
        ):
            with self.subTest(options):
                ended = subprocess.run(
                    [BUILD, *options], capture_output=True, text=True, timeout=PATIENCE, check=False
                )
                self.assertEqual(ended.returncode, status, ended.stderr)

    def test_folders_that_come_later(self):
        """Below a folder of confine-read they may; elsewhere a name that is not there is taken for a slip."""
        path = self.write("c.yaml", f"model-root: {self.folder}/later\n")
        self.assertIn("cannot be opened", check("--config", path).stderr)
        self.assertEqual(check("--config", path, "--confine-read", self.folder).returncode, 0)
        # At the start a mount may still be under way.
        with Daemon("--config", path) as daemon:
            self.assertEqual(daemon.get("/readyz").status, 503)


class Reload(WithFolder):
    def test_reload(self):
        path = self.write("c.yaml", "default-target: flat\n")
        tokens = self.write("tokens", "one\n")
        with Daemon("--config", path, "--workers", "3") as daemon:
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")
            self.write(
                "c.yaml", f"default-target: released\ntoken-file: {tokens}\nlimit-config: 1024\n"
            )
            self.hup(daemon, "was read again")
            headers = {"authorization": "Bearer one"}
            for _ in range(6):
                self.assertEqual(daemon.resolve(GOOD).status, 401)
                reply = daemon.resolve(GOOD, **headers)
                self.assertEqual(reply.json["target"], "released")
                self.assertEqual(daemon.resolve(GOOD + "#" * 1024, **headers).status, 413)
            self.write("tokens", "two\n")
            self.hup(daemon, "was read again")
            self.assertEqual(daemon.resolve(GOOD, **headers).status, 401)
            self.assertEqual(daemon.resolve(GOOD, authorization="Bearer two").status, 200)

    def test_faults_change_nothing(self):
        path = self.write("c.yaml", "default-target: flat\n")
        with Daemon("--config", path) as daemon:
            self.write("c.yaml", "default-target: released\nlog-level: loud\n")
            self.hup(daemon, "c.yaml:2:12: .*old configuration stays")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")
            os.unlink(path)
            self.hup(daemon, "No such file.*old configuration stays")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")

    def test_all_faults_are_told(self):
        path = self.write("c.yaml", "default-target: flat\n")
        with Daemon("--config", path) as daemon:
            self.write("c.yaml", "workers: x\ntoken-file: /nonexistent\n")
            self.hup(daemon, "c.yaml:1:10: .*old configuration stays")
            daemon.wait_for_log("c.yaml:2:13: .*No such file.*old configuration stays")
            os.unlink(path)
            os.mkdir(path)
            self.hup(daemon, "c.yaml: (it is a folder|Is a directory).*old configuration stays")

    def test_a_slip_takes_no_models_away(self):
        models = os.path.join(self.folder, "models")
        os.mkdir(models)
        path = self.write("c.yaml", f"model-root: {models}\n")
        with Daemon("--config", path) as daemon:
            self.write("c.yaml", f"model-root: {models}s\n")
            self.hup(daemon, "c.yaml:1:13: the folder of models .*modelss cannot be opened: .*old configuration stays")
            self.assertEqual(daemon.get("/readyz").status, 200)
            # One that was there before holds up nothing else.
            os.rmdir(models)
            self.write("c.yaml", f"model-root: {models}\ndefault-target: flat\n")
            self.hup(daemon, "was read again")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")

    def test_tokens_that_go_away(self):
        tokens = self.write("tokens", "one\n")
        path = self.write("c.yaml", f"token-file: {tokens}\n")
        with Daemon("--config", path) as daemon:
            self.assertEqual(daemon.get("/version").status, 401)
            self.write("c.yaml", "")
            self.hup(daemon, "level=warning event=reload .*no request needs a token")
            daemon.wait_for_log("was read again")
            self.assertEqual(daemon.get("/version").status, 200)

    def test_what_needs_a_restart(self):
        path = self.write("c.yaml", "workers: 1\n")
        with Daemon("--config", path) as daemon:
            self.write("c.yaml", "workers: 2\ndefault-target: flat\n")
            for _ in range(2):  # as long as what runs differs
                self.hup(daemon, "workers has changed, which needs a restart")
                daemon.wait_for_log("was read again")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")
            before = len(daemon.lines)
            self.write("c.yaml", "workers: 1\n")
            self.hup(daemon, "was read again")
            self.assertNotIn("needs a restart", "".join(daemon.lines[before:]))

    def test_a_request_keeps_what_it_began_with(self):
        path = self.write("c.yaml", "default-target: flat\n")
        with Daemon("--config", path, "--workers", "1") as daemon, daemon.connect() as peer:
            head = f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(GOOD)}\r\n\r\n"
            peer.sendall(head.encode() + GOOD[:10].encode())
            daemon.get("/healthz")
            self.write("c.yaml", "default-target: released\n")
            self.hup(daemon, "was read again")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "released")
            peer.sendall(GOOD[10:].encode())
            self.assertIn(b'"target":"flat"', peer.recv(65536))

    def test_under_load(self):
        """Clients never pause while limits change: none loses a reply, and what begins later is held to the new ones."""
        path = self.write("c.yaml", "limit-config: 4KiB\n")
        with Daemon("--config", path, "--workers", "2") as daemon:
            failures, count, stop = [], [0], threading.Event()
            length = 2000
            data = (
                f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
                + GOOD.ljust(length, "#")
            ).encode()

            def keep_asking(kept):
                try:
                    while not stop.is_set():
                        with daemon.connect() as peer, peer.makefile("rb") as stream:
                            for _ in range(100 if kept else 1):
                                peer.sendall(data)
                                if read_reply(stream).status not in (200, 413):
                                    failures.append("another status")
                                count[0] += 1
                except (OSError, EOFError) as fault:
                    failures.append(fault)

            threads = [threading.Thread(target=keep_asking, args=(i % 2,)) for i in range(6)]
            for thread in threads:
                thread.start()
            for i in range(12):
                before = count[0]
                while count[0] < before + 20 and not failures:
                    time.sleep(0.005)
                self.write("c.yaml", f"limit-config: {(1, 4)[i % 2]}KiB\n")
                self.hup(daemon, "was read again")
                for _ in range(4):
                    self.assertEqual(daemon.raw(data).status, (413, 200)[i % 2])
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(failures, [])

    def hup(self, daemon, pattern):
        before = len(daemon.lines)
        daemon.signal(signal.SIGHUP)
        with daemon.log_read:
            self.assertTrue(
                daemon.log_read.wait_for(
                    lambda: any("event=reload" in line for line in daemon.lines[before:]),
                    PATIENCE,
                )
            )
        self.assertRegex("".join(daemon.lines[before:]), pattern)


class Addresses(WithFolder):
    def test_limit_of_one_address(self):
        path = self.write("c.yaml", "limit-connections-per-address: 3\n")
        with Daemon("--config", path, "--listen", f"unix:{self.folder}/socket") as daemon:
            held = [daemon.connect() for _ in range(3)]
            for peer in held:
                peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 200"))
            with daemon.connect() as peer, peer.makefile("rb") as stream:
                reply = read_reply(stream)
            self.assertEqual(reply.status, 429)
            self.assertRegex(reply.headers["x-request-id"], r"^[0-9a-f]{16}$")
            self.assertIn("server-timing", reply.headers)
            self.assertEqual(reply.slug, "too-many-connections")
            self.assertEqual(reply.headers["retry-after"], "1")
            # Others are not concerned.
            with socket.socket(socket.AF_UNIX) as other:
                other.connect(f"{self.folder}/socket")
                other.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                other.settimeout(PATIENCE)
                text = b""
                while b'quantconf_connections_refused_total{limit="address"} 1\n' not in text:
                    piece = other.recv(65536)
                    self.assertTrue(piece)
                    text += piece
            held.pop().close()
            deadline = time.monotonic() + PATIENCE
            while True:
                with daemon.connect() as peer, peer.makefile("rb") as stream:
                    try:
                        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        if read_reply(stream).status == 200:
                            break
                    except OSError:
                        pass
                self.assertLess(time.monotonic(), deadline)
            for peer in held:
                peer.close()
            daemon.wait_for_log('event=overload message="127.0.0.1 has more connections')


class Log(WithFolder):
    def lines(self, *options, environment=None):
        daemon = Daemon("--log-format", "json", *options)
        with daemon:
            daemon.get("/healthz", x_request_id="known-id")
            daemon.get('/x"\\%01%ff' + "\u00e9" * 100)
            daemon.resolve(GOOD)
        return [line for line in daemon.log().splitlines() if line]

    def test_json(self):
        parsed = [json.loads(line) for line in self.lines("--log-priority", "never")]
        first = next(line for line in parsed if line.get("id") == "known-id")
        self.assertEqual(first["event"], "request")
        self.assertEqual(first["route"], "/healthz")
        self.assertEqual(first["status"], 200)
        self.assertIsInstance(first["us"], int)
        self.assertRegex(first["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn(404, [line.get("status") for line in parsed])
        self.assertTrue(parsed[0]["message"].startswith("listening on"))
        self.assertEqual(parsed[-1]["event"], "stop")

    def test_priorities(self):
        for line in self.lines("--log-priority", "always"):
            self.assertEqual(line[:3], "<6>")
            json.loads(line[3:])

    def test_journal(self):
        """JOURNAL_STREAM names stderr; here both are a file."""
        path = os.path.join(self.folder, "journal")
        with open(path, "w", encoding="utf-8") as stream:
            status = os.fstat(stream.fileno())
            for journal, prefixed in (
                (f"{status.st_dev}:{status.st_ino}", True),
                ("1:1", False),
            ):
                stream.truncate(0)
                process = subprocess.Popen(
                    [BUILD, "--listen", "127.0.0.1:0", "--log-level", "info"],
                    stderr=stream,
                    env={**os.environ, "JOURNAL_STREAM": journal},
                )
                while b"listening" not in pathlib.Path(path).read_bytes():
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
                with open(path, encoding="utf-8") as written:
                    text = written.read().lstrip("\0")
                self.assertEqual(text.startswith("<6>"), prefixed, text)
                self.assertEqual("<6>time=" in text, prefixed, text)


if __name__ == "__main__":
    unittest.main()
