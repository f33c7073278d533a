"""What passes between the daemon and a service manager."""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import certificates
from daemon import BUILD, PATIENCE, Daemon
from test_waiting import Held, Models


class Notify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "notify")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(self.path)
        self.manager.settimeout(PATIENCE)

    def start(self, *options, **environment):
        os.environ.update(NOTIFY_SOCKET=self.path, **environment)
        try:
            daemon = Daemon("--workers", "2", *options).__enter__()
            self.addCleanup(daemon.process.kill)  # for a test that fails
            return daemon
        finally:
            for name in ("NOTIFY_SOCKET", *environment):
                del os.environ[name]

    def told(self):
        return dict(line.split("=", 1) for line in self.manager.recv(4096).decode().split("\n"))

    def test_states(self):
        daemon = self.start()
        first = self.told()
        self.assertEqual(first["READY"], "1")
        self.assertIn("http://127.0.0.1:", first["STATUS"])
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.signal(signal.SIGHUP)
        reloading = self.told()
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertGreaterEqual(int(reloading["MONOTONIC_USEC"]), before)
        again = self.told()
        self.assertEqual(again["READY"], "1")
        self.assertNotIn("fault", again["STATUS"])
        daemon.signal()
        self.assertEqual(self.told()["STOPPING"], "1")
        daemon.__exit__()

    def test_reload_with_a_fault(self):
        config = self.path + ".yaml"
        with open(config, "w", encoding="ascii") as file:
            file.write("workers: 2\n")
        daemon = self.start("--config", config)
        self.told()
        with open(config, "w", encoding="ascii") as file:
            file.write("wrokers: 2\n")
        daemon.signal(signal.SIGHUP)
        self.assertEqual(self.told()["RELOADING"], "1")
        again = self.told()
        self.assertEqual(again["READY"], "1")
        self.assertIn("the last reload found a fault", again["STATUS"])
        daemon.__exit__()

    def test_stopping_takes_its_time(self):
        """The manager is told to wait for the drain, and nothing else afterwards."""
        daemon = self.start("--drain-timeout", "300")
        self.told()
        with daemon.connect() as peer:
            peer.sendall(b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n")
            daemon.get("/healthz")
            daemon.signal()
            told = self.told()
            self.assertEqual(told["STOPPING"], "1")
            self.assertGreaterEqual(int(told["EXTEND_TIMEOUT_USEC"]), 300 * 1000000)
            self.assertIn("Finishing what runs", told["STATUS"])
            daemon.signal(signal.SIGHUP)  # too late
            peer.sendall(b"adapter: lora\n")
            self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 200"))
        daemon.__exit__()
        self.manager.settimeout(0.1)
        self.assertRaises(TimeoutError, self.told)

    def test_watchdog(self):
        daemon = self.start(WATCHDOG_USEC="400000")
        self.assertEqual(self.told()["READY"], "1")
        for _ in range(3):  # while nothing else happens
            self.assertEqual(self.told(), {"WATCHDOG": "1"})
        daemon.__exit__()

    def test_a_manager_that_does_not_read(self):
        """Its queue is full after some ten datagrams, and a signal is obeyed all the same."""
        daemon = self.start(WATCHDOG_USEC="40000")
        for _ in range(5):
            time.sleep(0.1)
            self.assertEqual(daemon.get("/healthz").status, 200)
        daemon.signal()
        self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_a_computing_thread_that_hangs_starves_it(self):
        daemon = self.start(WATCHDOG_USEC="400000")
        self.told()
        with Held(daemon, 1):
            self.manager.settimeout(0.1)
            with self.assertRaises(TimeoutError):
                for _ in range(20):
                    self.told()
            self.assertEqual(daemon.get("/healthz").status, 200)  # by a worker, which does not hang
        self.manager.settimeout(PATIENCE)
        self.assertEqual(self.told(), {"WATCHDOG": "1"})
        daemon.__exit__()

    def test_slow_storage_does_not_starve_it(self):
        """A model that takes longer to read than the watchdog waits, but of which something comes all the time."""
        with Models("slow") as models:
            models.add_shards("slow", 20)
            environment = models.slow(SLOW_READ=100)
            daemon = self.start(*models.options, WATCHDOG_USEC="1000000", **environment)
            self.told()
            request = b"GET /v1/inspect?model=org/slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
            with daemon.connect() as peer:
                peer.sendall(request)
                peer.setblocking(False)
                told = 0
                while told < 5:
                    self.assertEqual(self.told(), {"WATCHDOG": "1"})
                    self.assertRaises(BlockingIOError, peer.recv, 1)
                    told += 1
                peer.settimeout(PATIENCE)
                self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 200"))
            daemon.__exit__()

    def test_a_daemon_that_stands_still_starves_it(self):
        daemon = self.start(WATCHDOG_USEC="400000")
        self.told()
        self.told()
        daemon.signal(signal.SIGSTOP)
        self.manager.settimeout(0.1)
        with self.assertRaises(TimeoutError):
            for _ in range(20):
                self.told()
        daemon.signal(signal.SIGCONT)
        self.manager.settimeout(PATIENCE)
        self.assertEqual(self.told(), {"WATCHDOG": "1"})
        daemon.__exit__()


    def test_a_worker_that_stands_still_starves_it(self):
        """One thread alone is stopped; the main thread and the other worker go on."""
        daemon = self.start(WATCHDOG_USEC="400000")
        self.told()
        self.told()
        pid = daemon.process.pid
        worker = max(int(name) for name in os.listdir(f"/proc/{pid}/task"))
        self.assertNotEqual(worker, pid)
        with Stopped(worker):
            self.manager.settimeout(0.8)
            with self.assertRaises(TimeoutError):
                for _ in range(20):
                    self.told()
        self.manager.settimeout(PATIENCE)
        self.assertEqual(self.told(), {"WATCHDOG": "1"})
        daemon.__exit__()


class Unit(unittest.TestCase):
    """What the unit allows is enough for what the options do."""

    def test_tasks(self):
        unit = os.path.join(os.path.dirname(__file__), "../../systemd/quantconfd.service.in")
        with open(unit, encoding="utf-8") as file:
            allowed = int(re.search(r"(?m)^TasksMax=(\d+)$", file.read())[1])
        refused = subprocess.run(
            [BUILD, "--check-config", "--workers=1000000"], capture_output=True, text=True, check=False
        )
        most = int(re.search(r"0 to (\d+)", refused.stderr)[1])
        threads = []
        for workers in (1, 4):
            with Daemon("--workers", str(workers)) as daemon:
                threads.append(len(os.listdir(f"/proc/{daemon.process.pid}/task")))
        each = (threads[1] - threads[0]) // 3
        # What ExecReload= starts runs beside it.
        self.assertLessEqual(threads[0] + each * (most - 1) + 16, allowed)


class Stopped:
    """A thread that a debugger holds."""

    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)

    def __enter__(self):
        if self.ptrace(self.SEIZE, self.thread, None, None) != 0:
            raise unittest.SkipTest("no thread can be stopped: " + os.strerror(ctypes.get_errno()))
        self.ptrace(self.INTERRUPT, self.thread, None, None)
        os.waitpid(self.thread, self.WALL)

    def __exit__(self, *_):
        self.ptrace(self.DETACH, self.thread, None, None)


class Activation(unittest.TestCase):
    """The sockets come as descriptors 3 and up, as systemd passes them."""

    def start(self, *sockets, names="", options=()):
        script = 'export LISTEN_PID=$$; exec "$0" "$@"'
        moved = {3 + i: fd.fileno() for i, fd in enumerate(sockets)}

        def pass_them():
            high = {target: os.dup2(fd, 100 + target) for target, fd in moved.items()}
            for target, fd in high.items():
                os.dup2(fd, target)

        process = subprocess.Popen(
            ["/bin/sh", "-c", script, BUILD, *options],
            stderr=subprocess.PIPE,
            text=True,
            close_fds=False,
            preexec_fn=pass_them,
            env={**os.environ, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names},
        )
        self.addCleanup(process.kill)  # for a test that fails
        return process

    def ask(self, peer):
        with peer:
            peer.settimeout(PATIENCE)
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return peer.recv(4096)

    def test_sockets(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(
            ("127.0.0.1", 0)
        ) as tcp, socket.socket(socket.AF_UNIX) as local:
            path = os.path.join(folder, "socket")
            local.bind(path)
            local.listen()
            for _ in range(2):  # the sockets outlive the daemon
                process = self.start(tcp, local, names="http:local")
                answer = self.ask(socket.create_connection(tcp.getsockname(), PATIENCE))
                self.assertTrue(answer.startswith(b"HTTP/1.1 200"))
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
                self.assertTrue(self.ask(peer).startswith(b"HTTP/1.1 200"))
                process.terminate()
                _, log = process.communicate(timeout=PATIENCE)
                self.assertEqual(process.returncode, 0, log)
                self.assertIn(f"listening on http://127.0.0.1:{tcp.getsockname()[1]}", log)
                self.assertTrue(os.path.exists(path))

    def test_both_families_by_one_socket(self):
        """As ListenStream=8642 makes it: clients of IPv4 count by their own addresses, and are named so."""
        try:
            both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        except (OSError, ValueError):
            self.skipTest("there is no IPv6 here")
        with both, contextlib.ExitStack() as held:
            process = self.start(both, options=("--insecure", "--limit-connections-per-address=3"))
            port = both.getsockname()[1]

            def connect(source):
                peer = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
                return held.enter_context(peer)

            for _ in range(3):
                peer = connect("127.0.0.9")
                peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b" 200 ", peer.recv(4096)[:20])
            self.assertIn(b" 429 ", self.ask(connect("127.0.0.9"))[:20])
            self.assertIn(b" 200 ", self.ask(connect("127.0.0.10"))[:20])
            self.assertIn(b" 200 ", self.ask(socket.create_connection(("::1", port), PATIENCE))[:20])
            process.terminate()
            _, log = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0, log)
            self.assertIn('message="127.0.0.9 has more connections', log)

    def test_a_reload_opens_no_door(self):
        """Whether others can reach it is a question to the socket, not to `listen`."""
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("0.0.0.0", 0)) as door:
            with open(f"{folder}/tokens", "w", encoding="utf-8") as file:
                file.write("one\n")
            with open(f"{folder}/c.yaml", "w", encoding="utf-8") as file:
                file.write(f"token-file: {folder}/tokens\n")
            process = self.start(door, options=("--config", f"{folder}/c.yaml"))
            address = ("127.0.0.1", door.getsockname()[1])
            self.ask(socket.create_connection(address, PATIENCE))
            with open(f"{folder}/c.yaml", "w", encoding="utf-8") as file:
                file.write("log-level: debug\n")
            process.send_signal(signal.SIGHUP)
            while "event=reload" not in (line := process.stderr.readline()):
                self.assertTrue(line)
            self.assertIn("cannot go on listening on http://0.0.0.0:", line)
            with socket.create_connection(address, PATIENCE) as peer:
                peer.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 401"))
            process.terminate()
            process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0)

    def connected(self, path):
        """Once the socket is there and listened on, which are two steps."""
        deadline = time.monotonic() + PATIENCE
        while True:
            peer = socket.socket(socket.AF_UNIX)
            try:
                peer.connect(path)
                return peer
            except (FileNotFoundError, ConnectionRefusedError):
                peer.close()
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)

    def test_socket_for_https(self):
        """Its name says what it speaks, as systemd's own tool passes it."""
        certificates.needed()
        activate = shutil.which("systemd-socket-activate")
        if not activate:
            self.skipTest("there is no systemd-socket-activate")
        with tempfile.TemporaryDirectory() as folder:
            pair = certificates.Pair(folder, "one")
            paths = [os.path.join(folder, name) for name in ("secure", "plain")]
            listen = [word for path in paths for word in ("-l", path)]
            process = subprocess.Popen(
                [activate, *listen, "--fdname=https:http", BUILD, *pair.options], stderr=subprocess.PIPE, text=True
            )
            for path, context in zip(paths, (pair.context(), None)):
                peer = self.connected(path)
                if context:
                    peer = context.wrap_socket(peer, server_hostname="localhost")
                self.assertTrue(self.ask(peer).startswith(b"HTTP/1.1 200"))
            process.terminate()
            _, log = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0, log)

    def test_too_many(self):
        with socket.create_server(("127.0.0.1", 0)) as one:
            process = self.start(*[one] * 17)
            _, log = process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 1)
            self.assertIn("17 sockets are passed (LISTEN_FDS), at most 16", log)

    def test_unusable(self):
        with socket.socket(socket.AF_INET) as deaf, socket.create_server(("0.0.0.0", 0)) as open_one:
            for one, word in ((deaf, "no stream socket"), (open_one, "--token-file")):
                process = self.start(one, names="mine")
                _, log = process.communicate(timeout=PATIENCE)
                self.assertEqual(process.returncode, 2)
                self.assertIn(word, log)
                self.assertIn('"mine"', log)


if __name__ == "__main__":
    unittest.main()
