"""quantconf migrate --in-place: what stays of the file that is replaced, and what comes between."""

import errno
import os
import resource
import signal
import stat
import struct
import subprocess
import time

from command import BUILD, CANONICAL, QLORA, CommandTest

ACCESS = "system.posix_acl_access"
OWNER, USER, GROUP, MASK, OTHERS = 1, 2, 4, 16, 32
NOBODY = 0xFFFFFFFF


def access_list(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


SHARED = access_list((OWNER, 6, NOBODY), (USER, 6, 65534), (GROUP, 4, NOBODY), (MASK, 6, NOBODY), (OTHERS, 0, NOBODY))


class Attributes(CommandTest):
    def set_attribute(self, name, attribute, value):
        try:
            os.setxattr(self.path(name), attribute, value)
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            self.skipTest("the file system of temporary files has no such attributes")

    def test_an_access_list_stays(self):
        """Its mask stands in the mode where the group's rights would: the mode alone would widen them."""
        self.write("a.yaml", QLORA)
        self.set_attribute("a.yaml", ACCESS, SHARED)
        self.assertEqual(self.run_it("migrate", "-i", "a.yaml").status, 0)
        self.assertEqual(self.read("a.yaml"), CANONICAL)
        self.assertEqual(os.getxattr(self.path("a.yaml"), ACCESS), SHARED)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("a.yaml")).st_mode), 0o660)

    def test_a_folders_default_list_is_not_put_on(self):
        self.write("f/a.yaml", QLORA)
        os.chmod(self.path("f/a.yaml"), 0o640)
        self.set_attribute("f", "system.posix_acl_default", SHARED)
        self.assertEqual(self.run_it("migrate", "-i", "f/a.yaml").status, 0)
        self.assertNotIn(ACCESS, os.listxattr(self.path("f/a.yaml")))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("f/a.yaml")).st_mode), 0o640)

    def test_others_stay(self):
        self.write("a.yaml", QLORA)
        self.set_attribute("a.yaml", "user.comment", b"of \0 mine")
        self.assertEqual(self.run_it("migrate", "-i", "a.yaml").status, 0)
        self.assertEqual(os.getxattr(self.path("a.yaml"), "user.comment"), b"of \0 mine")

    def test_an_owner_that_cannot_stay_is_named(self):
        if os.geteuid() != 0:
            self.skipTest("only root has files of others at hand")
        self.write("f/a.yaml", QLORA)
        os.chmod(self.path("f"), 0o777)
        os.chmod(self.path("f/a.yaml"), 0o644)
        outcome = self.run_without_privileges("migrate", "-i", "f/a.yaml")
        self.assertEqual(outcome.status, 3)
        self.assertIn("cannot replace f/a.yaml: its owner or group cannot be kept: ", outcome.stderr)
        self.assertEqual(self.read("f/a.yaml"), QLORA)
        self.assertEqual(os.listdir(self.path("f")), ["a.yaml"])


class Names(CommandTest):
    def test_the_longest_name(self):
        name = 250 * "n" + ".yaml"
        self.write(name, QLORA)
        self.assertEqual(self.run_it("migrate", "-i", name).stderr, "")
        self.assertEqual(self.read(name), CANONICAL)

    def test_a_pipe_stays_one(self):
        os.mkfifo(self.path("a.yaml"))
        with subprocess.Popen([BUILD, "migrate", "-i", "a.yaml"], cwd=self.folder, stderr=subprocess.PIPE) as process:
            with open(self.path("a.yaml"), "w", encoding="utf-8") as pipe:
                pipe.write(QLORA)
            self.assertIn(b"cannot replace a.yaml: it is no regular file", process.communicate()[1])
        self.assertEqual(process.returncode, 3)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("a.yaml")).st_mode))

    def test_no_name_steers_a_terminal(self):
        name = "a\x1b[31m\n.yaml"
        self.write(f"f/{name}", QLORA)
        for arguments in (["migrate", "--check", "f"], ["migrate", "-i", "f"], ["resolve", f"no/{name}"]):
            if arguments[1] == "-i":
                os.unlink(self.path(f"f/{name}"))
                os.symlink("../g.yaml", self.path(f"f/{name}"))
                self.write("g.yaml", QLORA)
            outcome = self.run_it(*arguments)
            self.assertIn("a\u241b[31m\u240a.yaml", outcome.stdout + outcome.stderr)
            self.assertNotIn("\x1b", outcome.stdout + outcome.stderr)


class Disturbed(CommandTest):
    LONG = QLORA + "# y\n" * 5000

    def test_a_file_that_may_grow_no_further(self):
        self.write("f/a.yaml", self.LONG)
        result = subprocess.run(
            [BUILD, "migrate", "-i", "f/a.yaml"],
            cwd=self.folder,
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
            check=False,
        )
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"cannot replace f/a.yaml: File too large", result.stderr)
        self.assertEqual(self.read("f/a.yaml"), self.LONG)
        self.assertEqual(os.listdir(self.path("f")), ["a.yaml"])

    def run_until(self, name, number):
        """The signal comes as soon as the first files are done; how far the command got then is left to chance."""
        folder = self.path(name)
        for i in range(60):
            self.write(f"{name}/{i:02}.yaml", self.LONG)
        first = os.stat(f"{folder}/00.yaml").st_ino
        with subprocess.Popen([BUILD, "migrate", "-qi", name], cwd=self.folder, stderr=subprocess.DEVNULL) as process:
            while os.stat(f"{folder}/00.yaml").st_ino == first and process.poll() is None:
                time.sleep(0.001)
            process.send_signal(number)
            process.wait()
        self.assertEqual(sorted(os.listdir(folder)), [f"{i:02}.yaml" for i in range(60)])
        for i in range(60):
            self.assertIn(len(self.read(f"{name}/{i:02}.yaml")), (len(self.LONG), len(self.LONG) - len(QLORA) + len(CANONICAL)))

    def test_signals_leave_nothing_behind(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            for turn in range(3):
                self.run_until(f"{number.name}{turn}", number)

    def stop_before_the_end(self):
        """The command, stopped while the new file stands beside the old one; None when it was faster."""
        self.write("a.yaml", self.LONG)
        inode = os.stat(self.path("a.yaml")).st_ino
        process = subprocess.Popen([BUILD, "migrate", "-i", "a.yaml"], cwd=self.folder, stderr=subprocess.PIPE)
        while len(os.listdir(self.folder)) == 1 and process.poll() is None:
            pass
        process.send_signal(signal.SIGSTOP)
        if process.poll() is None:
            os.waitpid(process.pid, os.WUNTRACED)
        if len(os.listdir(self.folder)) == 2 and os.stat(self.path("a.yaml")).st_ino == inode:
            return process
        process.send_signal(signal.SIGCONT)
        process.communicate()
        return None

    def test_what_others_wrote_meanwhile_stays(self):
        for _ in range(200):
            process = self.stop_before_the_end()
            if process:
                break
        else:
            self.skipTest("the command was never caught between reading and replacing")
        with open(self.path("a.yaml"), "a", encoding="utf-8") as other:
            other.write("lora_r: 8\n")
        process.send_signal(signal.SIGCONT)
        said = process.communicate()[1]
        self.assertIn(b"cannot replace a.yaml: it was changed while it was migrated", said)
        self.assertEqual(process.returncode, 3)
        self.assertEqual(self.read("a.yaml"), self.LONG + "lora_r: 8\n")
        self.assertEqual(os.listdir(self.folder), ["a.yaml"])
