"""What the daemon forbids itself once it serves, and what a reload can still do then."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import certificates
from daemon import BUILD, PATIENCE, Daemon

GOOD = "base_model: org/model\nadapter: lora\n"
PRELOADED = pathlib.Path(BUILD).resolve().parent / "tests/breakout"


def confinement():
    with Daemon() as daemon:
        return daemon.get("/readyz?verbose").json["confinement"]


HERE = confinement()
needs_landlock = unittest.skipUnless(HERE["landlock_abi"], f"not confined here: {HERE['missing']}")
needs_all = unittest.skipIf(HERE["missing"], f"not confined here: {HERE['missing']}")


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.root = self.make_model("models")

    def make_model(self, root):
        model = os.path.join(self.folder, root, "org/model")
        os.makedirs(model)
        pathlib.Path(model, "config.json").write_text('{"model_type": "llama"}')
        return os.path.join(self.folder, root)

    def write(self, name, text):
        """A new file that takes the place of the old one, as editors and deployments do it."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pathlib.Path(path + ".new").write_text(text)
        os.replace(path + ".new", path)
        return path

    def preload(self, name):
        """A link without blanks to it: these separate the names in LD_PRELOAD."""
        path, link = PRELOADED / name, os.path.join(self.folder, name)
        if not path.exists():
            self.skipTest(f"{path} is not built: make check builds it")
        os.symlink(path, link)
        return link

    def start(self, *options, **environment):
        os.environ.update(environment)
        try:
            return self.enterContext(Daemon(*options))
        finally:
            for name in environment:
                del os.environ[name]

    def hup(self, daemon, pattern):
        """The lines that a reload writes; the last one tells how it ended."""
        before = len(daemon.lines)
        daemon.signal(signal.SIGHUP)
        with daemon.log_read:
            self.assertTrue(
                daemon.log_read.wait_for(
                    lambda: re.search(
                        "event=reload.*(old configuration|read again)", "".join(daemon.lines[before:])
                    ),
                    PATIENCE,
                ),
                daemon.lines,
            )
            self.assertRegex("".join(daemon.lines[before:]), pattern)

    def finds_model(self, daemon):
        return daemon.resolve(GOOD).json["checkpoint"] is not None


class BreakingOut(WithFolder):
    """The attempts of tests/breakout, made by the daemon's own threads."""

    @needs_all
    def test_from_inside(self):
        os.makedirs(f"{self.root}/empty")
        pathlib.Path(f"{self.root}/file").write_text("some text\n")
        self.write("sibling/secret", "secret\n")
        os.symlink("../sibling/secret", f"{self.root}/out")
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(
            socket.AF_UNIX
        ) as local, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            local.bind("\0quantconf-breakout-%d" % os.getpid())
            local.listen()
            manager.bind(f"{self.folder}/manager")
            daemon = self.start(
                "--model-root",
                self.root,
                "--workers=2",
                LD_PRELOAD=self.preload("preload.so"),
                NOTIFY_SOCKET=f"{self.folder}/manager",
                BREAKOUT_FOLDER=self.folder,
                BREAKOUT_PORT=str(tcp.getsockname()[1]),
                BREAKOUT_ABSTRACT=local.getsockname()[1:].decode(),
            )
            self.assertTrue(self.finds_model(daemon))
            daemon.wait_for_log("breakout: worker: done")
            self.assertTrue(self.finds_model(daemon))
            daemon.signal()
            daemon.wait_for_log("breakout: main: done")
            self.assertEqual(daemon.process.wait(PATIENCE), 0)
        outcomes = re.findall(r"^breakout: (worker|main): (.*): (\d+)$", daemon.log(), re.M)
        self.assertGreater(len(outcomes), 100)
        self.assertEqual([attempt for attempt in outcomes if attempt[2] in ("0", "9")], [])  # EBADF
        self.assertEqual(sorted(os.listdir(self.root)), ["empty", "file", "org", "out"])

    def test_nothing_is_inherited(self):
        """But for standard input, output and error, and what a shell's <(...) is read from at the start."""
        with open(self.write("outside", "text"), "r+", encoding="utf-8") as held:
            options, end = os.pipe()
            os.write(end, b"log-level: debug\n")
            os.close(end)
            process = subprocess.Popen(
                [BUILD, "--listen=127.0.0.1:0", f"--config=/dev/fd/{options}"],
                pass_fds=(held.fileno(), options),
                stderr=subprocess.PIPE,
                text=True,
            )
            os.close(options)
            self.addCleanup(process.kill)
            self.assertIn("listening", process.stderr.readline())
            folder = pathlib.Path(f"/proc/{process.pid}/fd")
            targets = [os.readlink(link) for link in folder.iterdir()]
            self.assertNotIn(held.name, targets)
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            process.stderr.close()

    @needs_all
    def test_every_thread_is_confined(self):
        daemon = self.start("--workers=3")
        for status in pathlib.Path(f"/proc/{daemon.process.pid}/task").glob("*/status"):
            text = status.read_text()
            self.assertRegex(text, r"NoNewPrivs:\s+1\n")
            self.assertRegex(text, r"Seccomp:\s+2\n")


class Telling(WithFolder):
    @needs_all
    def test_in_force(self):
        daemon = self.start("--confine=required")
        told = daemon.get("/readyz?verbose").json["confinement"]
        self.assertEqual((told["confine"], told["seccomp"], told["missing"]), ("required", True, None))
        self.assertGreaterEqual(told["landlock_abi"], 1)
        daemon.wait_for_log("event=confine message=\"confined by landlock .* and seccomp")
        self.assertIn('quantconf_confined{by="landlock"} 1\n', daemon.get("/metrics").body.decode())
        self.assertNotIn("confinement", daemon.get("/readyz").json)

    def test_off(self):
        daemon = self.start("--confine=off")
        told = daemon.get("/readyz?verbose").json["confinement"]
        self.assertEqual((told["confine"], told["seccomp"], told["landlock_abi"]), ("off", False, 0))
        self.assertEqual(told["missing"], "it is turned off")
        daemon.wait_for_log("level=info event=confine .*it is turned off")
        self.assertIn('quantconf_confined{by="seccomp"} 0\n', daemon.get("/metrics").body.decode())

    @needs_all
    def test_a_kernel_without_landlock(self):
        library = self.preload("older_kernel.so")
        environment = {**os.environ, "LD_PRELOAD": library, "OLDER_LANDLOCK": "0"}
        for options in (["--listen=127.0.0.1:0"], ["--check-config"]):
            ended = subprocess.run(
                [BUILD, "--confine=required", *options],
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            self.assertEqual(ended.returncode, 1)
            self.assertIn("landlock: this kernel does not have it", ended.stderr)
        daemon = self.start(LD_PRELOAD=library, OLDER_LANDLOCK="0")
        daemon.wait_for_log("level=warning event=confine .*not confined in full: landlock: this kernel")
        told = daemon.get("/readyz?verbose").json["confinement"]
        self.assertEqual((told["landlock_abi"], told["seccomp"]), (0, True))

    @needs_all
    def test_kernels_with_an_older_landlock(self):
        library = self.preload("older_kernel.so")
        for abi in range(1, HERE["landlock_abi"] + 1):
            daemon = self.start(
                "--confine=required",
                "--model-root",
                self.root,
                LD_PRELOAD=library,
                OLDER_LANDLOCK=str(abi),
            )
            self.assertEqual(daemon.get("/readyz?verbose").json["confinement"]["landlock_abi"], abi)
            self.assertTrue(self.finds_model(daemon))

    @unittest.skipUnless("sanitizers" in (HERE["missing"] or ""), "no build with sanitizers")
    def test_sanitizers(self):
        ended = subprocess.run(
            [BUILD, "--confine=required"], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        self.assertEqual(ended.returncode, 1)
        self.assertIn("sanitizers", ended.stderr)


class Reloading(WithFolder):
    def config(self, *lines, name="etc/quantconfd.yaml"):
        return self.write(name, "".join(line + "\n" for line in lines))

    def test_files_that_take_the_place_of_others(self):
        tokens = self.write("secret/tokens", "one\n")
        path = self.config(f"token-file: {tokens}")
        daemon = self.start("--config", path)
        self.write("secret/tokens", "two\n")
        self.config(f"token-file: {tokens}", "default-target: flat")
        self.hup(daemon, "was read again")
        self.assertEqual(daemon.resolve(GOOD, authorization="Bearer one").status, 401)
        reply = daemon.resolve(GOOD, authorization="Bearer two")
        self.assertEqual(reply.json["target"], "flat")

    def test_certificates_that_take_the_place_of_others(self):
        """The key is a link into another folder, as certificate tools leave it."""
        certificates.needed()
        for name in ("live", "archive", "new"):
            os.makedirs(f"{self.folder}/{name}")
        one = certificates.Pair(f"{self.folder}/archive", "one")
        other = certificates.Pair(f"{self.folder}/new", "other")
        newer = other.context()
        os.symlink(one.key, f"{self.folder}/live/key")
        os.rename(one.certificate, f"{self.folder}/live/certificate")
        options = (f"--tls-certificate={self.folder}/live/certificate", f"--tls-key={self.folder}/live/key")
        with Daemon(*options, listen="tls:127.0.0.1:0") as daemon:
            os.rename(other.certificate, f"{self.folder}/live/certificate")
            self.hup(daemon, "does not belong to the certificate.*old configuration stays")
            os.rename(other.key, f"{self.folder}/archive/other")
            os.symlink("../archive/other", f"{self.folder}/live/link")
            os.rename(f"{self.folder}/live/link", f"{self.folder}/live/key")
            self.hup(daemon, "was read again")
            daemon.tls = newer
            self.assertEqual(daemon.get("/healthz").status, 200)

    def test_links_that_lead_elsewhere(self):
        """As a volume of Kubernetes is laid out: all files change when one link is replaced."""
        mount = os.path.join(self.folder, "mount")
        for version in ("flat", "released"):
            self.config(f"default-target: {version}", name=f"mount/..{version}/quantconfd.yaml")
        os.symlink("..flat", f"{mount}/..data")
        os.symlink("..data/quantconfd.yaml", f"{mount}/quantconfd.yaml")
        outside = self.write("elsewhere/tokens", "one\n")
        os.symlink(outside, f"{mount}/tokens")
        daemon = self.start("--config", f"{mount}/quantconfd.yaml", "--token-file", f"{mount}/tokens")
        headers = {"authorization": "Bearer one"}
        self.assertEqual(daemon.resolve(GOOD, **headers).json["target"], "flat")
        os.symlink("..released", f"{mount}/..new")
        os.replace(f"{mount}/..new", f"{mount}/..data")
        self.write("elsewhere/tokens", "two\n")
        self.hup(daemon, "was read again")
        self.assertEqual(
            daemon.resolve(GOOD, authorization="Bearer two").json["target"], "released"
        )

    def test_relative_paths(self):
        path = os.path.relpath(self.config("default-target: flat"))
        daemon = self.start("--config", path)
        self.config("default-target: released")
        self.hup(daemon, "was read again")
        self.assertEqual(daemon.resolve(GOOD).json["target"], "released")

    @needs_landlock
    def test_a_file_elsewhere(self):
        path = self.config("default-target: flat")
        tokens = self.write("secret/tokens", "one\n")
        daemon = self.start("--config", path)
        self.config(f"token-file: {tokens}", "default-target: released")
        self.hup(daemon, "tokens: permission denied, which needs a restart: .*old configuration stays")
        self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")

    @needs_landlock
    def test_a_root_elsewhere(self):
        other = self.make_model("other")
        path = self.config(f"model-root: {self.root}")
        daemon = self.start("--config", path)
        self.config(f"model-root: [{other}]", "default-target: flat")
        self.hup(daemon, "other cannot be read, which needs a restart: .*old model roots stay")
        daemon.wait_for_log("was read again")
        self.assertEqual(daemon.resolve(GOOD).json["target"], "flat")
        self.assertTrue(self.finds_model(daemon))
        self.assertEqual(daemon.get("/readyz").status, 200)
        # Without any root there is none to keep.
        self.config("default-target: flat")
        self.hup(daemon, "was read again")
        self.assertFalse(self.finds_model(daemon))

    def test_a_root_below_a_folder_that_stays_readable(self):
        other = self.make_model("shelf/other")
        for options in (("--confine-read", os.path.dirname(other)), ("--confine=off",)):
            path = self.config("default-target: flat")
            daemon = self.start("--config", path, *options)
            os.makedirs(f"{self.folder}/shelf/hub", exist_ok=True)
            self.config(f"hf-cache: {self.folder}/shelf/hub", f"model-root: {other}")
            self.hup(daemon, "was read again")
            self.assertTrue(self.finds_model(daemon))

    def test_what_needs_a_restart(self):
        path = self.config(f"confine-read: {self.folder}")
        daemon = self.start("--config", path)
        self.config("confine-read: /srv", "workers: 7")
        self.hup(daemon, "workers has changed, which needs a restart")
        daemon.wait_for_log("confine-read has changed, which needs a restart")
        self.config("confine: off", f"confine-read: {self.folder}")
        self.hup(daemon, "confine has changed, which needs a restart")

    @needs_landlock
    def test_a_file_in_a_folder_of_many_things(self):
        """Nobody wants all of a home readable, so only the file itself is."""
        path = self.config("default-target: flat")
        daemon = self.start("--config", path, HOME=os.path.dirname(path))
        daemon.wait_for_log("quantconfd.yaml lies in a folder of many things")
        pathlib.Path(path).write_text("default-target: released\n")
        self.hup(daemon, "was read again")
        self.assertEqual(daemon.resolve(GOOD).json["target"], "released")
        self.config("default-target: flat")
        self.hup(daemon, "permission denied, which needs a restart: .*old configuration stays")

    def test_names_of_hosts(self):
        """A reload looks none up; that of a listener is known."""
        path = self.config("default-target: flat")
        daemon = Daemon("--config", path, listen="localhost:0")
        with daemon:
            self.config("default-target: released")
            self.hup(daemon, "was read again")
            self.assertEqual(daemon.resolve(GOOD).json["target"], "released")


class Roots(WithFolder):
    def ready(self, daemon):
        reply = daemon.get("/readyz?verbose")
        return reply.status, reply.json["checks"]["restart_needed"]

    @needs_landlock
    def test_one_that_comes_later(self):
        late = os.path.join(self.folder, "late")
        daemon = self.start("--model-root", late)
        daemon.wait_for_log("late does not exist")
        self.assertEqual(self.ready(daemon), (503, False))
        daemon.wait_for_log("level=warning event=ready .*late cannot be opened")
        self.make_model("late")
        self.assertEqual(self.ready(daemon), (503, True))
        self.assertFalse(self.finds_model(daemon))

    @needs_landlock
    def test_one_that_is_replaced(self):
        daemon = self.start("--model-root", self.root)
        self.assertEqual(self.ready(daemon), (200, False))
        os.rename(self.root, self.root + ".old")
        self.make_model("models")
        self.assertEqual(self.ready(daemon), (503, True))
        daemon.wait_for_log("event=ready .*models cannot be opened, which needs a restart")
        os.rename(self.root, self.root + ".new")
        os.rename(self.root + ".old", self.root)
        self.assertEqual(self.ready(daemon), (200, False))
        daemon.wait_for_log("level=info event=ready")

    def test_models_that_come_and_go(self):
        """Below the root everything may change."""
        daemon = self.start("--model-root", self.root)
        os.rename(f"{self.root}/org", f"{self.root}/old")
        self.assertFalse(self.finds_model(daemon))
        os.makedirs(f"{self.root}/org")
        os.rename(f"{self.root}/old/model", f"{self.root}/org/model")
        self.assertTrue(self.finds_model(daemon))

    def test_a_root_that_is_a_link(self):
        os.symlink(self.root, f"{self.folder}/link")
        daemon = self.start("--model-root", f"{self.folder}/link")
        self.assertTrue(self.finds_model(daemon))


class Sockets(WithFolder):
    def test_stays_behind(self):
        """A confined daemon may remove nothing: the socket stays, and the next start replaces it."""
        path = os.path.join(self.folder, "socket")
        for _ in range(2):
            with Daemon(listen="unix:" + path) as daemon:
                self.assertEqual(daemon.get("/healthz").status, 200)
            self.assertEqual(os.path.exists(path), bool(HERE["landlock_abi"] or HERE["seccomp"]))
            with socket.socket(socket.AF_UNIX) as peer, self.assertRaises(OSError):
                peer.connect(path)

    def test_none_is_lost(self):
        """Who finds the socket while the daemon stops is served or refused, never cut off."""
        path = os.path.join(self.folder, "socket")
        for confine in ("auto", "off"):
            daemon = Daemon("--workers=2", "--confine", confine, listen="unix:" + path).__enter__()
            daemon.signal()
            answered, deadline = 0, time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                try:
                    peer = daemon.connect()
                except OSError:
                    break
                with peer:
                    peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertTrue(peer.recv(4096).startswith(b"HTTP/1.1 "))
                    answered += 1
            daemon.__exit__()

    def test_an_abstract_manager(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("\0quantconf-manager-%d" % os.getpid())
            manager.settimeout(PATIENCE)
            daemon = self.start(NOTIFY_SOCKET="@quantconf-manager-%d" % os.getpid())
            self.assertIn(b"READY=1", manager.recv(4096))
            daemon.signal(signal.SIGHUP)
            self.assertIn(b"RELOADING=1", manager.recv(4096))
            self.assertIn(b"READY=1", manager.recv(4096))
            daemon.signal()
            self.assertIn(b"STOPPING=1", manager.recv(4096))


if __name__ == "__main__":
    unittest.main()
