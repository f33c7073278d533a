"""Options, listeners, and how the daemon stops."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import certificates
from daemon import BUILD, PATIENCE, Crowd, Daemon, Pace, read_reply

GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
POST = (
    f"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(GOOD)}\r\n\r\n{GOOD}"
).encode()


def run(*options):
    return subprocess.run(
        [BUILD, *options], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Options(unittest.TestCase):
    def test_help_and_version(self):
        shown = run("--help")
        self.assertEqual(shown.returncode, 0)
        for option in ("--listen=", "--workers=", "--limit-memory=", "--insecure "):
            self.assertIn(option, shown.stdout)
        shown = run("--version")
        self.assertEqual(shown.returncode, 0)
        self.assertRegex(shown.stdout, r"^quantconfd \d+\.\d+")

    def test_wrong_options(self):
        for options, word in (
            (("--nonsense",), "--help"),
            (("stray",), "--help"),
            (("-x",), "--help"),
            (("--workers",), "value"),
            (("--workers", "many"), "0 to 1024"),
            (("--workers", "-1"), "0 to 1024"),
            (("--workers=2K",), "0 to 1024"),
            (("--insecure=yes",), "no value"),
            (("--limit-config", "99999999999999999999"), "number"),
            (("--limit-config", "1"), "1024"),
            (("--default-target", "nested"), "canonical"),
            (("--log-level", "loud"), "debug"),
            (("--idle-timeout", "0"), "1 to 86400"),
        ):
            with self.subTest(options):
                ended = run(*options)
                self.assertEqual(ended.returncode, 2)
                self.assertIn(word, ended.stderr)
                self.assertEqual(ended.stdout, "")

    def test_addresses_that_cannot_be_listened_on(self):
        for address, word in (
            ("0.0.0.0:0", "--insecure"),
            ("[::]:0", "--insecure"),
            ("127.0.0.1", "ADDR:PORT"),
            ("127.0.0.1:65536", "ADDR:PORT"),
            ("127.0.0.1:http", "ADDR:PORT"),
            ("::1:80", "ADDR:PORT"),
            (":80", "ADDR:PORT"),
            ("unix:", "path"),
            ("unix:" + "x" * 108, "path"),
            ("unix:/nonexistent/dir/socket", "No such file"),
            ("192.0.2.1:0", "--insecure"),
        ):
            with self.subTest(address):
                ended = run("--listen", address)
                self.assertEqual(ended.returncode, 1 if word.startswith("No such") else 2)
                self.assertIn(word, ended.stderr)
                self.assertIn(address[:100], ended.stderr)

    def test_port_in_use(self):
        with Daemon() as daemon:
            ended = run("--listen", f"127.0.0.1:{daemon.port}")
            self.assertEqual(ended.returncode, 1)
            self.assertIn("in use", ended.stderr)

    def test_open_to_the_world(self):
        with Daemon("--insecure", listen="0.0.0.0:0") as daemon:
            daemon.host = "127.0.0.1"
            self.assertEqual(daemon.get("/healthz", host="example.org").status, 200)

    def test_ipv6(self):
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                pass
        except OSError:
            self.skipTest("there is no IPv6 here")
        with Daemon(listen="[::1]:0") as daemon:
            self.assertIn("http://[::1]:", daemon.log())
            self.assertEqual(daemon.get("/healthz", host="[::1]").status, 200)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with Daemon(listen="unix:" + path) as daemon:
                self.assertEqual(daemon.get("/healthz", host="anything").status, 200)
                self.assertEqual(daemon.resolve(GOOD).status, 200)
                ended = run("--listen", "unix:" + path)
                self.assertIn("in use", ended.stderr)
                told = daemon.get("/readyz?verbose").json["confinement"]
                confined = bool(told["landlock_abi"] or told["seccomp"])
            # A confined daemon removes nothing; what it or a crash leaves behind is in nobody's way.
            self.assertEqual(os.path.exists(path), confined)
            if not confined:
                with socket.socket(socket.AF_UNIX) as stale:
                    stale.bind(path)
            with socket.socket(socket.AF_UNIX) as peer:
                self.assertRaises(ConnectionRefusedError, peer.connect, path)
            with Daemon("--confine=off", listen="unix:" + path) as daemon:
                self.assertEqual(daemon.get("/healthz").status, 200)
            self.assertFalse(os.path.exists(path))

    def test_unix_socket_that_another_took(self):
        """Which it does once the file is gone; the first one leaves it there when it stops."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with Daemon("--confine=off", listen="unix:" + path):
                os.unlink(path)
                other = self.enterContext(Daemon("--confine=off", listen="unix:" + path))
            self.assertEqual(other.get("/healthz").status, 200)

    def with_descriptors(self, limit, *options):
        """A start that may have so many: the process, and what it said until it listened or ended."""
        script = f'ulimit -n {limit}; exec "$0" --listen=127.0.0.1:0 --workers=2 "$@"'
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, BUILD, *options], stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        said = []
        while "listening" not in "".join(said[-1:]) and (line := process.stderr.readline()):
            said.append(line)
        return process, said

    def test_few_descriptors(self):
        with tempfile.TemporaryDirectory() as folder:
            pair = certificates.Pair(folder, "one") if shutil.which("openssl") else None
            for options in ((), ("--listen=tls:127.0.0.1:0", *pair.options) if pair else ()):
                for limit in (10, 16, 60):
                    process, said = self.with_descriptors(limit, *options)
                    self.assertEqual(process.wait(PATIENCE), 1, said)
                    self.assertEqual(len(said), 1, said)
                    self.assertIn("ulimit -n", said[0])
                need = int(re.search(r"at least (\d+)", said[0])[1])
                process, said = self.with_descriptors(need - 1, *options)
                self.assertEqual(process.wait(PATIENCE), 1, said)
                process, said = self.with_descriptors(need, *options)
                self.assertIn("listening", said[-1])
                # The rest is for connections.
                self.assertLessEqual(len(os.listdir(f"/proc/{process.pid}/fd")) + 60, need)
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)

    def test_closed_descriptors(self):
        """Not even standard error is open: nothing else takes its number."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            script = f'exec "$0" --listen=unix:{path} 0<&- 1>&- 2>&-'
            process = subprocess.Popen(["/bin/sh", "-c", script, BUILD])
            self.addCleanup(process.kill)
            deadline = time.monotonic() + PATIENCE
            while True:
                with socket.socket(socket.AF_UNIX) as peer:
                    try:
                        peer.connect(path)
                        break
                    except OSError:
                        self.assertLess(time.monotonic(), deadline)
                        time.sleep(0.01)
            for number in range(3):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/dev/null")
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)

    def test_socket_mode(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            for mode in ("0660", "666", "0600"):
                with Daemon("--socket-mode", mode, listen="unix:" + path) as daemon:
                    self.assertEqual(os.stat(path).st_mode & 0o777, int(mode, 8))
                    self.assertEqual(daemon.get("/healthz").status, 200)
        for mode in ("0066", "1666", "0", "rw", "06660", "0668", ""):
            ended = run("--check-config", "--socket-mode=" + mode)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("such as 0660", ended.stderr)

    def test_several_listeners(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            with Daemon("--listen", "unix:" + path) as daemon:
                daemon.wait_for_log("listening on unix:")
                self.assertEqual(daemon.get("/healthz").status, 200)
                daemon.path = path
                self.assertEqual(daemon.get("/healthz").status, 200)

    def test_log_levels(self):
        with Daemon("--log-level", "warning") as daemon:
            daemon.get("/healthz", x_request_id="quiet")
        self.assertNotIn("quiet", daemon.log())
        with Daemon("--log-level", "debug") as daemon:
            daemon.get("/healthz", x_request_id="loud")
        self.assertIn("loud", daemon.log())


class Stopping(unittest.TestCase):
    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = Daemon()
            with daemon:
                daemon.get("/healthz")
                daemon.signal(number)
                self.assertEqual(daemon.process.wait(PATIENCE), 0)
            self.assertIn("event=stop", daemon.log())

    def test_what_runs_is_finished(self):
        with Daemon() as daemon, daemon.connect() as peer, peer.makefile("rb") as stream:
            peer.sendall(POST[:-10])
            self.settle(daemon)
            daemon.signal()
            daemon.wait_for_log("event=stop")
            self.wait_until_refused(daemon)
            peer.sendall(POST[-10:])
            reply = read_reply(stream)
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.headers["connection"].lower(), "close")
            self.assertEqual(stream.read(), b"")
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_not_ready_while_draining(self):
        with Daemon() as daemon, daemon.connect() as busy, daemon.connect() as probe:
            busy.sendall(POST[:-10])
            probe.sendall(b"GET /readyz?verbose HTTP/1.1\r\nHost: localhost\r\n")
            self.settle(daemon)
            daemon.signal()
            self.wait_until_refused(daemon)
            probe.sendall(b"\r\n")
            with probe.makefile("rb") as stream:
                reply = read_reply(stream)
            self.assertEqual(reply.status, 503)
            self.assertEqual(reply.json["status"], "draining")
            self.assertFalse(reply.json["checks"]["accepting"])
            busy.sendall(POST[-10:])

    def test_drain_is_bounded(self):
        with Daemon("--drain-timeout", "1") as daemon, daemon.connect() as peer:
            peer.sendall(POST[:-10])
            self.settle(daemon)
            daemon.signal()
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_second_signal_hurries(self):
        with Daemon() as daemon, daemon.connect() as peer:
            peer.sendall(POST[:-10])
            self.settle(daemon)
            daemon.signal()
            daemon.wait_for_log("event=stop")
            daemon.signal()
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_none_is_lost(self):
        """Clients that never pause: each request that a connection was made for is answered."""
        with Daemon("--workers", "2") as daemon:
            good = daemon.resolve(GOOD).body
            lost = []
            answered = []

            def keep_asking():
                while True:
                    pace = Pace()
                    try:
                        peer = daemon.connect()
                    except OSError:
                        return  # the listener is closed: this is no accepted request
                    try:
                        with peer, peer.makefile("rb") as stream:
                            pace.send(peer, POST)
                            reply = read_reply(stream)
                        answered.append(reply.status)
                        if reply.body != good:
                            lost.append(reply.body)
                    except (OSError, EOFError) as fault:
                        if pace.steady:
                            lost.append(fault)
                        return

            threads = [threading.Thread(target=keep_asking) for _ in range(8)]
            for thread in threads:
                thread.start()
            while len(answered) < 200:
                time.sleep(0.01)
            daemon.signal()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(lost, [])
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_none_is_lost_on_open_connections(self):
        with Daemon("--workers", "2") as daemon:
            crowd = Crowd(daemon, POST)
            crowd.start(200)
            daemon.signal()
            crowd.join()
            self.assertEqual(crowd.lost, [])
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_wrk(self):
        """A client that others measure with sees no broken connection, whatever the daemon is told meanwhile."""
        wrk = shutil.which("wrk")
        if not wrk:
            self.skipTest("there is no wrk")
        with Daemon("--workers", "2", "--log-level", "warning") as daemon:

            def start(seconds):
                url = f"http://127.0.0.1:{daemon.port}/v1/backends"
                command = [wrk, "-t2", "-c40", f"-d{seconds}s", url]
                return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

            client = start(2)
            for _ in range(15):
                time.sleep(0.1)
                daemon.signal(signal.SIGHUP)
            report, _ = client.communicate(timeout=PATIENCE)
            self.assertGreater(int(re.search(r"(\d+) requests in", report).group(1)), 100)
            self.assertNotIn("Socket errors", report)
            self.assertNotIn("Non-2xx", report)
            client = start(3)
            time.sleep(1)
            daemon.signal()
            report, _ = client.communicate(timeout=PATIENCE)
            self.assertGreater(int(re.search(r"(\d+) requests in", report).group(1)), 100)
            # Once the listener is closed nothing can be written; what was written is answered.
            errors = re.search(r"read (\d+), write \d+, timeout (\d+)", report)
            self.assertTrue(errors is None or errors.groups() == ("0", "0"), report)
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def settle(self, daemon):
        """By the time that another request was served, what came before has been read."""
        for _ in range(3):
            self.assertEqual(daemon.get("/healthz").status, 200)

    def wait_until_refused(self, daemon):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                peer = socket.create_connection((daemon.host, daemon.port), 0.2)
            except ConnectionRefusedError:
                return
            except OSError:
                continue
            peer.close()
        self.fail("the listener stays open")


if __name__ == "__main__":
    unittest.main()
