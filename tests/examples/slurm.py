#!/usr/bin/env python3
"""examples/slurm with a real Slurm on loopback, below a folder of its own: `make check-slurm`.

Debian: munge, slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins.
"""

import getpass
import os
import re
import shutil
import socket
import subprocess
import time

from support import BAD, BAD_SAYS, EXAMPLES, GOOD, PATIENCE, UNREADABLE, ExampleTest, main, needs, url

CONF = """
ClusterName=example
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SchedulerType=sched/builtin
MinJobAge=3600
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
DebugFlags=NO_CONF_HASH
GresTypes=gpu
NodeName=here NodeHostname=localhost NodeAddr=127.0.0.1 Port={node_port} CPUs=1 Gres=gpu:1 State=UNKNOWN
PartitionName=all Nodes=here Default=YES MaxTime=INFINITE State=UP
{filter}
"""
FILTER = "CliFilterPlugins=cli_filter/lua"


def free_ports():
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


@needs("munged", "slurmctld", "slurmd", "sbatch", "curl")
class Slurm(ExampleTest):
    """A cluster of one node for each test, and a user's folder in it with what the examples say to copy."""

    def setUp(self):
        super().setUp()
        self.configure()
        for program, *words in (
            ("munged", "--foreground", "--force", *self.munge_files()),
            ("slurmctld", "-D"),
            ("slurmd", "-D", "-N", "here"),
        ):
            self.begin(program, *words)
        self.wait_until(lambda: "idle" in self.run_it("sinfo", "--noheader", "--format=%T").stdout, "no idle node")
        shutil.copy(os.path.join(EXAMPLES, "job.sh"), self.path("home"))
        shutil.copy(os.path.join(EXAMPLES, "slurm", "train.sbatch"), self.path("home"))
        shutil.copy(GOOD, self.path("home/good.yaml"))
        shutil.copy(BAD, self.path("home/bad.yaml"))
        self.write("bin/axolotl", '#!/bin/sh\necho "axolotl $*" >>"$PAYLOAD"\n', 0o755)

    def configure(self):
        for folder in "state", "spool", "home", "without":
            os.mkdir(self.path(folder))
        controller_port, node_port = free_ports()
        values = {
            "controller_port": controller_port,
            "node_port": node_port,
            "folder": self.folder,
            "user": getpass.getuser(),
        }
        for name, line in ("slurm.conf", FILTER), ("without/slurm.conf", ""):
            self.write(name, CONF.format(filter=line, **values))
        for folder in "", "without/":
            self.write(folder + "gres.conf", "AutoDetect=off\nName=gpu File=/dev/null\n")
        with open(os.path.join(EXAMPLES, "slurm", "cli_filter.lua"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(FILTER, text)
        self.write("cli_filter.lua", text)
        with open(self.path("munge.key"), "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(self.path("munge.key"), 0o400)
        self.daemon = self.start()

    def munge_files(self):
        for option, name in ("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"):
            yield f"--{option}={self.path('munge.' + name)}"
        yield f"--seed-file={self.path('munge.seed')}"

    def environment(self, **changes):
        mine = {
            "SLURM_CONF": self.path("slurm.conf"),
            "QUANTCONF_URL": url(self.daemon),
            "PAYLOAD": self.path("payload"),
        }
        mine |= changes
        given = super().environment(**mine)
        return {**given, "PATH": self.path("bin") + os.pathsep + given["PATH"]}

    def begin(self, *command):
        with open(self.path(command[0] + ".out"), "wb") as log:
            process = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        if command[0] == "munged":
            self.wait_until(lambda: os.path.exists(self.path("munge.socket")), "munged does not listen")

    def wait_until(self, there, otherwise):
        deadline = time.monotonic() + PATIENCE
        while not there():
            if time.monotonic() > deadline:
                logs = [self.read(name) for name in sorted(os.listdir(self.folder)) if name.endswith((".out", ".log"))]
                self.fail("\n".join([otherwise, *logs]))
            time.sleep(0.1)

    def sbatch(self, *words, **env):
        """From the user's folder; waits for the job."""
        return self.run_it("sh", "-c", 'cd home && exec sbatch --wait "$@"', "sh", *words, **env)

    def payload(self):
        """What the training was started with, or None."""
        return self.read("payload") if os.path.exists(self.path("payload")) else None

    def jobs(self):
        return self.run_it("squeue", "--noheader", "--all", "--states=all", "--format=%T").stdout.split()

    def output(self):
        (name,) = [name for name in os.listdir(self.path("home")) if re.fullmatch(r"finetune-\d+\.out", name)]
        return self.read("home/" + name)

    def test_a_good_config_trains(self):
        result = self.sbatch("train.sbatch", "good.yaml")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.payload(), "axolotl train good.yaml\n")
        self.assertIn("good.yaml: ok: ", self.output())
        self.assertEqual(self.jobs(), ["COMPLETED"])

    def test_a_conflict_is_refused_by_sbatch(self):
        result = self.sbatch("train.sbatch", "bad.yaml")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("bad.yaml:" + BAD_SAYS, result.stderr)
        self.assertIn("help: Remove gptq", result.stderr)
        self.assertEqual((self.payload(), self.jobs()), (None, []))
        print(f"\n$ sbatch train.sbatch bad.yaml\n{result.stderr}", end="")

    def test_what_is_no_yaml_is_refused_by_sbatch(self):
        self.write("home/a.yml", UNREADABLE)
        result = self.sbatch("train.sbatch", "a.yml")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("a.yml:2:1: error: The config cannot be read as YAML", result.stderr)
        self.assertEqual((self.payload(), self.jobs()), (None, []))

    def test_a_conflict_fails_the_job_before_its_payload(self):
        """On a cluster without the filter."""
        result = self.sbatch("train.sbatch", "bad.yaml", SLURM_CONF=self.path("without/slurm.conf"))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("bad.yaml:" + BAD_SAYS, self.output())
        self.assertIn("help: Remove gptq", self.output())
        self.assertEqual((self.payload(), self.jobs()), (None, ["FAILED"]))
        print(f"\nthe job's output:\n{self.output()}", end="")

    def test_a_job_is_not_lost_without_the_checkers(self):
        self.write("bin/quantconf", "#!/bin/sh\nexit 127\n", 0o755)
        self.daemon.signal()
        self.daemon.process.wait(PATIENCE)
        result = self.sbatch("train.sbatch", "bad.yaml", QUANTCONF_RETRIES="0")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("sbatch: bad.yaml was not checked", result.stderr)
        self.assertIn("bad.yaml was not checked", self.output())
        self.assertEqual(self.payload(), "axolotl train bad.yaml\n")

    def test_odd_names_and_other_folders(self):
        os.mkdir(self.path("else where"))
        shutil.copy(BAD, self.path("else where/it's $HOME.yaml"))
        result = self.sbatch("--chdir", self.path("else where"), "train.sbatch", "it's $HOME.yaml")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("it's $HOME.yaml:" + BAD_SAYS, result.stderr)
        self.assertEqual(self.jobs(), [])

    def test_other_jobs_are_left_alone(self):
        result = self.sbatch("--wrap", 'echo other >"$PAYLOAD"')
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.payload(), "other\n")


if __name__ == "__main__":
    main()
