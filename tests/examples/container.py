#!/usr/bin/env python3
"""examples/kubernetes in real containers: `make check-container`, after `make check-deb`, as root.

The image is built as Containerfile says, over a base made by debootstrap; then what the manifests run is run with their
users, rights and mounts, in a network without the world. Debian: podman, runc, debootstrap.
"""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

from kubernetes import FOLDER, manifests
from support import BAD, BAD_SAYS, BUILD, EXAMPLES, PATIENCE, UNREADABLE, main, needs, search_path

IMAGE = "quantconf:0.1.0"
BASE = "debian:bookworm-slim"
TOKEN = "secret"
# Without systemd and with the limits of whoever runs this.
SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def debian_mirror():
    """From which apt gets Debian 12 here."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Codename: bookworm"]
    sites = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return sites[0]


@needs("podman", "runc", "debootstrap")
@unittest.skipUnless(os.geteuid() == 0, "debootstrap needs root")
class Container(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="quantconf-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.write("containers.conf", SETTINGS)
        cls.env = {
            **os.environ,
            "PATH": search_path(),
            "CONTAINERS_CONF": cls.path("containers.conf"),
            "STORAGE_DRIVER": "vfs",
        }
        cls.make_base()
        cls.make_image()
        cls.prepare_mounts()
        cls.start_server()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def write(cls, name, text, mode=0o644):
        os.makedirs(os.path.dirname(cls.path(name)), exist_ok=True)
        with open(cls.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(cls.path(name), mode)

    @classmethod
    def run_it(cls, *command):
        return subprocess.run(
            command, cwd=cls.folder, env=cls.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    @classmethod
    def podman(cls, *words, works=True):
        store = ("--root", cls.path("store"), "--runroot", cls.path("run"), "--runtime", "runc")
        result = cls.run_it("podman", *store, *words)
        if works and result.returncode != 0:
            raise AssertionError(result.stdout + result.stderr)
        return result

    @classmethod
    def make_base(cls):
        result = cls.run_it("debootstrap", "--variant=minbase", "bookworm", cls.path("base"), debian_mirror())
        if result.returncode != 0:
            raise AssertionError(result.stdout[-3000:] + result.stderr)
        subprocess.run(["tar", "-C", cls.path("base"), "-cf", cls.path("base.tar"), "."], check=True)
        cls.podman("import", cls.path("base.tar"), BASE)

    @classmethod
    def make_image(cls):
        os.mkdir(cls.path("image"))
        packages = [name for name in os.listdir(os.path.join(BUILD, "deb")) if name.endswith(".deb")]
        for name in packages:
            if name.startswith(("quantconf_", "quantconfd_")):
                shutil.copy(os.path.join(BUILD, "deb", name), cls.path("image"))
        shutil.copy(os.path.join(EXAMPLES, "job.sh"), cls.path("image"))
        here = ("--isolation", "chroot", "--network", "host", "--pull=never")
        cls.podman("build", *here, "-t", IMAGE, "-f", os.path.join(FOLDER, "Containerfile"), cls.path("image"))

    @classmethod
    def prepare_mounts(cls):
        """What stands behind the volumes of both pods, by the name of the volume."""
        cls.objects = manifests()
        cls.server = cls.objects["Deployment", "quantconfd"]["spec"]["template"]["spec"]
        cls.job = cls.objects["Job", "finetune"]["spec"]["template"]["spec"]
        for name, text in cls.objects["ConfigMap", "quantconfd"]["data"].items():
            cls.write(f"config/{name}", text)
        cls.write("tokens/tokens", TOKEN, 0o440)
        group = cls.server["securityContext"]["fsGroup"]
        os.chown(cls.path("tokens/tokens"), 0, group)
        os.mkdir(cls.path("hub"))
        os.mkdir(cls.path("tmp"))
        os.chmod(cls.path("tmp"), 0o777)
        os.chmod(cls.folder, 0o755)

    @classmethod
    def rights(cls, pod, container, **places):
        """A container's users, rights and mounts, for podman."""
        given = {**pod.get("securityContext", {}), **container["securityContext"]}
        yield "--pull=never"
        yield f"--user={given['runAsUser']}:{given['runAsGroup']}"
        yield f"--read-only={str(given['readOnlyRootFilesystem']).lower()}"
        yield "--read-only-tmpfs=false"
        yield f"--security-opt=no-new-privileges={str(not given['allowPrivilegeEscalation']).lower()}"
        yield from (f"--cap-drop={name}" for name in given["capabilities"]["drop"])
        for mount in container["volumeMounts"]:
            place = cls.path(places.get(mount["name"], mount["name"]))
            yield f"--volume={place}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'}"

    @classmethod
    def start_server(cls):
        (container,) = cls.server["containers"]
        words = cls.rights(cls.server, container)
        cls.podman("run", "--detach", "--name=server", "--network=none", *words, IMAGE, *container["command"])
        cls.addClassCleanup(cls.podman, "rm", "--force", "--all")
        deadline = time.monotonic() + PATIENCE
        while cls.probe("readinessProbe") != "200":
            if time.monotonic() > deadline:
                raise AssertionError(cls.podman("logs", "server").stderr)
            time.sleep(0.2)

    @classmethod
    def ask(cls, path, *words):
        """The status of a reply, asked from inside."""
        curl = ("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}")
        return cls.podman("exec", "server", *curl, *words, f"http://127.0.0.1:8642{path}", works=False).stdout

    @classmethod
    def probe(cls, name):
        return cls.ask(cls.server["containers"][0][name]["httpGet"]["path"])

    def check_config(self, config):
        (container,) = self.job["initContainers"]
        self.write("training/config.yaml", config)
        env = {item["name"]: item.get("value", TOKEN) for item in container["env"]}
        env["QUANTCONF_URL"] = "http://127.0.0.1:8642"
        words = [f"--env={name}={value}" for name, value in env.items()]
        words += self.rights(self.job, container, config="training")
        return self.podman(
            "run", "--rm", "--network=container:server", *words, IMAGE, *container["command"], works=False
        )

    def test_the_probes_and_the_token(self):
        self.assertEqual(self.probe("livenessProbe"), "200")
        self.assertEqual(self.ask("/v1/rules"), "401")
        self.assertEqual(self.ask("/v1/rules", "--header", f"Authorization: Bearer {TOKEN}"), "200")

    def test_a_good_config_lets_the_training_start(self):
        result = self.check_config(self.objects["ConfigMap", "finetune"]["data"]["config.yaml"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("config.yaml: ok: ", result.stderr)

    def test_a_conflict_fails_the_job(self):
        with open(BAD, encoding="utf-8") as file:
            result = self.check_config(file.read())
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("config.yaml:" + BAD_SAYS, result.stderr)
        self.assertEqual(self.check_config(UNREADABLE).returncode, 2)

    def test_it_is_confined(self):
        status = self.podman("exec", "server", "cat", "/proc/1/status").stdout
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        self.assertEqual(fields["Name"], "quantconfd")
        self.assertEqual(fields["Uid"].split()[0], str(self.server["securityContext"]["runAsUser"]))
        self.assertEqual({fields[name] for name in ("CapPrm", "CapEff", "CapBnd")}, {"0" * 16})
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        self.assertNotEqual(self.podman("exec", "server", "touch", "/x", works=False).returncode, 0)

    def test_z_it_ends_when_told(self):
        """The last one: nothing is asked afterwards."""
        self.podman("stop", "--time", str(self.server["terminationGracePeriodSeconds"]), "server")
        state = self.podman("inspect", "--format", "{{.State.ExitCode}}", "server").stdout.strip()
        self.assertEqual(state, "0")


if __name__ == "__main__":
    main()
