"""What passes between the daemon and a service manager."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from daemon import BUILD, PATIENCE, Daemon


class Notify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "notify")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(self.path)
        self.manager.settimeout(PATIENCE)

    def start(self, **environment):
        os.environ.update(NOTIFY_SOCKET=self.path, **environment)
        try:
            return Daemon("--workers", "2").__enter__()
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
        self.assertEqual(self.told()["READY"], "1")
        daemon.signal()
        self.assertEqual(self.told()["STOPPING"], "1")
        daemon.__exit__()

    def test_watchdog(self):
        daemon = self.start(WATCHDOG_USEC="400000")
        self.assertEqual(self.told()["READY"], "1")
        for _ in range(3):  # while nothing else happens
            self.assertEqual(self.told(), {"WATCHDOG": "1"})
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


class Activation(unittest.TestCase):
    """The sockets come as descriptors 3 and up, as systemd passes them."""

    def start(self, *sockets, names="", options=()):
        script = 'export LISTEN_PID=$$; exec "$0" "$@"'
        moved = {3 + i: fd.fileno() for i, fd in enumerate(sockets)}

        def pass_them():
            high = {target: os.dup2(fd, 100 + target) for target, fd in moved.items()}
            for target, fd in high.items():
                os.dup2(fd, target)

        return subprocess.Popen(
            ["/bin/sh", "-c", script, BUILD, *options],
            stderr=subprocess.PIPE,
            text=True,
            close_fds=False,
            preexec_fn=pass_them,
            env={**os.environ, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names},
        )

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
