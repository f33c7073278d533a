"""A log that nobody reads, or that has no room, holds up neither requests nor signals."""

import os
import resource
import select
import signal
import socket
import subprocess
import tempfile
import unittest

from daemon import BUILD, PATIENCE, Daemon

PATH = "/" + "x" * 60


class Unread(Daemon):
    """A daemon whose stderr is `end`; `started` reads the other one up to the line that names the port."""

    def __init__(self, end, started, *options):
        super().__init__("--workers=2", "--drain-timeout=1", *options)
        self.end, self.started = end, started

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=self.end, stdout=subprocess.DEVNULL)
        text = b""
        while b"event=confine" not in text:
            piece = self.started()
            assert piece, text
            text += piece
        self.path, self.host = None, "127.0.0.1"
        self.port = int(text.partition(b"listening on http://127.0.0.1:")[2].split()[0])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE)

    def dropped(self):
        text = self.get("/metrics").body.decode()
        return int(text.partition("\nquantconf_log_lines_dropped_total ")[2].split()[0])

    def fill(self):
        for _ in range(5000):
            if self.get(PATH).status != 404:
                raise AssertionError("no reply")
            if self.dropped():
                return
        raise AssertionError("nothing is dropped")


class Full(unittest.TestCase):
    def stops(self, daemon):
        daemon.signal()
        self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def read_all(self, read, fd):
        text = b""
        while select.select([fd], [], [], 0.5)[0] and (piece := read()):
            text += piece
        return text.decode()

    def goes_on(self, daemon, read, fd):
        """Once somebody reads, he is told how much he missed, and no line is glued to another."""
        daemon.fill()
        for _ in range(100):
            self.assertEqual(daemon.get("/healthz").status, 200)
        text = self.read_all(read, fd)
        daemon.get("/version", x_request_id="afterwards")
        daemon.get("/version")
        text += self.read_all(read, fd)
        self.assertRegex(text, r"(?m)^time=\S+ level=info event=request id=afterwards .*warnings=0$")
        self.assertRegex(text, r"(?m)^time=\S+ level=warning event=log dropped=[1-9]\d* message=")

    def test_pipe(self):
        out, end = os.pipe()
        with os.fdopen(out, "rb"), Unread(end, lambda: os.read(out, 65536)) as daemon:
            os.close(end)
            self.goes_on(daemon, lambda: os.read(out, 65536), out)
            daemon.fill()
            self.stops(daemon)

    def test_shared_pipe(self):
        """Who writes to it beside the daemon still waits for room there."""
        out, end = os.pipe()
        with os.fdopen(out, "rb"), os.fdopen(end, "wb"):
            with Unread(end, lambda: os.read(out, 65536), "--confine=off") as daemon:
                self.assertTrue(os.get_blocking(end))
                daemon.fill()
                daemon.signal(signal.SIGHUP)
                self.assertEqual(daemon.get("/healthz").status, 200)
                self.stops(daemon)

    def test_journal(self):
        ours, theirs = socket.socketpair()
        with ours, Unread(theirs, lambda: ours.recv(65536)) as daemon:
            theirs.close()
            self.goes_on(daemon, lambda: ours.recv(65536), ours)
            daemon.fill()
            self.stops(daemon)

    def test_reader_that_is_gone(self):
        out, end = os.pipe()
        with Unread(end, lambda: os.read(out, 65536)) as daemon:
            os.close(end)
            os.close(out)
            daemon.fill()
            self.stops(daemon)

    def test_full_disk(self):
        """A limit on the file's size stands for one; then there is room again."""

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))

        with tempfile.TemporaryFile() as log:
            daemon = Daemon()
            daemon.process = subprocess.Popen(
                [BUILD, "--listen=127.0.0.1:0"], stderr=log, preexec_fn=limit, restore_signals=False
            )
            self.addCleanup(daemon.process.kill)
            text = b""
            while b"event=confine" not in text:
                text = os.pread(log.fileno(), 65536, 0)
            daemon.path, daemon.host = None, "127.0.0.1"
            daemon.port = int(text.partition(b"listening on http://127.0.0.1:")[2].split()[0])
            for _ in range(40):
                self.assertEqual(daemon.get(PATH).status, 404)
            self.assertEqual(os.fstat(log.fileno()).st_size, 4000)
            infinity = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, infinity)
            daemon.get("/version", x_request_id="afterwards")
            self.stops(daemon)
            text = os.pread(log.fileno(), 65536, 0).decode()
        self.assertRegex(text, r"(?m)^time=\S+ level=info event=request id=afterwards ")
        self.assertRegex(text, r"(?m)^time=\S+ level=warning event=log dropped=[1-9]\d* message=")

    def test_levels(self):
        """Who asks for too much, or too early, is told so; to the administrator that is no error."""
        with tempfile.TemporaryDirectory() as folder:
            options = ("--model-root", f"{folder}/later", "--confine=off")
            for level, words in (("info", "level=warning event=request .*status=503"), ("warning", "status=503"), ("error", None)):
                with Daemon("--log-level", level, *options) as daemon:
                    self.assertEqual(daemon.get("/readyz").status, 503)
                    refused = daemon.post("/v1/resolve", b"", content_length=None, transfer_encoding="gzip, chunked")
                    self.assertEqual(refused.status, 501)
                    self.assertEqual(daemon.get("/healthz").status, 200)
                    daemon.signal()
                    self.assertEqual(daemon.process.wait(PATIENCE), 0)
                    log = daemon.log()
                self.assertNotIn("level=error", log)
                self.assertEqual("status=501" in log, level == "info", log)
                self.assertEqual("status=200" in log, level == "info", log)
                if words:
                    self.assertRegex(log, words)
                else:
                    self.assertNotIn("status=", log)


if __name__ == "__main__":
    unittest.main()
