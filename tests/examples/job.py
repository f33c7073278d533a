#!/usr/bin/env python3
"""examples/job.sh: what it says, when it starts the command, and its exit statuses."""

import os
import shutil
import socket
import subprocess
import time

from support import (
    BAD,
    BAD_SAYS,
    EXAMPLES,
    GOOD,
    PATIENCE,
    UNREADABLE,
    Daemon,
    ExampleTest,
    address_of_nobody,
    main,
    needs,
    search_path,
    stranger,
    url,
)

from certificates import Pair, needed  # support says where

SCRIPT = os.path.join(EXAMPLES, "job.sh")
TOKEN = "a-token-of-sixteen-bytes-or-more"


@needs("curl")
class Job(ExampleTest):
    def job(self, address, *words, **env):
        return self.run_it("sh", SCRIPT, *words, QUANTCONF_URL=address, **env)

    def train(self, address, config, **env):
        """With a payload behind it; it ran when its folder is there."""
        result = self.job(address, config, "mkdir", "the payload", **env)
        result.ran = os.path.isdir(self.path("the payload"))
        return result

    def test_starts_the_command_of_a_good_config(self):
        result = self.train(url(self.start()), GOOD)
        self.assertEqual((result.returncode, result.ran), (0, True), result.stderr)
        self.assertIn("canonical.yaml: ok: ", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_the_status_is_that_of_the_command(self):
        address = url(self.start())
        self.assertEqual(self.job(address, GOOD, "sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(self.job(address, GOOD).returncode, 0)

    def test_refuses_a_conflict_before_the_payload(self):
        result = self.train(url(self.start()), BAD)
        self.assertEqual((result.returncode, result.ran), (1, False))
        self.assertIn("conflict.yaml:" + BAD_SAYS, result.stderr)
        self.assertIn("help: Remove gptq", result.stderr)

    def test_tells_an_unreadable_config_from_a_rejected_one(self):
        config = self.write("odd \"name\"; type=x,.yaml", UNREADABLE)
        result = self.train(url(self.start()), config)
        self.assertEqual((result.returncode, result.ran), (2, False))
        self.assertIn("cannot be read as YAML", result.stderr)

    def test_tells_a_config_that_is_not_there(self):
        result = self.train(url(self.start()), "none.yaml")
        self.assertEqual((result.returncode, result.ran), (2, False))
        self.assertIn("cannot read none.yaml", result.stderr)

    def test_goes_on_without_the_service(self):
        with address_of_nobody() as address:
            result = self.train(address, BAD, QUANTCONF_RETRIES="0")
        self.assertEqual((result.returncode, result.ran), (0, True))
        self.assertIn("was not checked", result.stderr)

    def test_stops_without_the_service_when_told(self):
        with address_of_nobody() as address:
            result = self.train(address, GOOD, QUANTCONF_RETRIES="0", QUANTCONF_REQUIRED="yes")
        self.assertEqual((result.returncode, result.ran), (3, False))
        self.assertIn("was not checked", result.stderr)

    def begin(self, address):
        """A check of BAD that runs beside the test; curl writes what happens to the file `trace`."""
        curl = shutil.which("curl", path=search_path())
        self.write("bin/curl", f'#!/bin/sh\nexec {curl} --verbose "$@" 2>trace\n', 0o755)
        path = os.pathsep.join([self.path("bin"), search_path()])
        job = subprocess.Popen(
            ["sh", SCRIPT, BAD],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(PATH=path, QUANTCONF_URL=address, QUANTCONF_REQUIRED="yes"),
        )
        self.addCleanup(job.communicate)
        self.addCleanup(job.kill)
        return job

    def wait_for_trace(self, word):
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(self.path("trace")) or word not in self.read("trace"):
            self.assertLess(time.monotonic(), deadline, f"no {word!r} in curl's trace")
            time.sleep(0.05)

    def expect_refusal(self, job):
        _, said = job.communicate(timeout=4 * PATIENCE)
        self.assertEqual(job.returncode, 1, said)
        self.assertIn(BAD_SAYS, said)

    def test_waits_for_an_overloaded_service(self):
        daemon = self.start("--limit-connections-per-address", "1")
        with daemon.connect():
            job = self.begin(url(daemon))
            self.wait_for_trace("< HTTP/1.1 429 ")
            self.assertIn("< Retry-After: 1", self.read("trace"))
        self.expect_refusal(job)

    def test_waits_for_a_service_that_starts(self):
        with address_of_nobody() as address:
            job = self.begin(address)
            self.wait_for_trace("Connection refused")
        self.start(listen=address.removeprefix("http://"))
        self.expect_refusal(job)

    def test_does_not_wait_for_a_service_that_stays_silent(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            result = self.train(address, GOOD, QUANTCONF_TIMEOUT="1", QUANTCONF_RETRIES="0")
            self.assertEqual((result.returncode, result.ran), (0, True))
            self.assertIn("cannot answer now", result.stderr)
            result = self.job(address, GOOD, QUANTCONF_TIMEOUT="1", QUANTCONF_RETRIES="0", QUANTCONF_REQUIRED="yes")
            self.assertEqual(result.returncode, 3, result.stderr)

    def test_believes_no_stranger(self):
        for status in 200, 422, 400, 302, 404:
            for kind, body in ("text/html", "<p>Welcome: ok: come in"), ("text/plain", "healthy\n"), ("", ""):
                with self.subTest(status=status, kind=kind), stranger(status, kind, body) as address:
                    result = self.train(address, GOOD)
                    self.assertEqual((result.returncode, result.ran), (4, False), result.stderr)
                    self.assertIn(f"was not checked: {address} ", result.stderr)
                    self.assertNotIn("Welcome", result.stderr)

    def test_http_where_https_is_spoken(self):
        needed()
        daemon = Daemon(*(pair := Pair(self.folder, "one")).options, listen="tls:127.0.0.1:0", tls=pair.context())
        result = self.train(url(self.enterContext(daemon)), GOOD)
        self.assertEqual((result.returncode, result.ran), (4, False), result.stderr)
        self.assertIn("https", result.stderr)

    def test_without_a_place_for_temporary_files(self):
        address = url(self.start())
        result = self.train(address, BAD, TMPDIR="/nonexistent")
        self.assertEqual((result.returncode, result.ran), (0, True), result.stderr)
        self.assertIn("conflict.yaml was not checked: there is no place", result.stderr)
        self.assertEqual(self.job(address, GOOD, TMPDIR="/nonexistent", QUANTCONF_REQUIRED="yes").returncode, 3)

    def test_names_the_file_as_it_was_given(self):
        address = url(self.start())
        with open(BAD, encoding="utf-8") as file:
            text = file.read()
        for name in "configs/sub folder/a.yaml", "größe; \"100%\" & more?.yaml":
            self.write(name, text)
            self.assertIn(f"\n{name}:" + BAD_SAYS, "\n" + self.job(address, name).stderr)

    def test_the_address_may_end_with_a_slash(self):
        self.assertEqual(self.job(url(self.start()) + "/", GOOD).returncode, 0)

    def test_a_whole_token_file_may_be_given(self):
        tokens = f"\n # of the cluster, until June\r\n\t{TOKEN} \r\nthe-next-one\n"
        daemon = self.start("--token-file", self.write("tokens", tokens, 0o600))
        result = self.train(url(daemon), GOOD, QUANTCONF_TOKEN=tokens)
        self.assertEqual((result.returncode, result.ran), (0, True), result.stderr)

    def test_sends_the_token(self):
        daemon = self.start("--token-file", self.write("tokens", TOKEN + "\n", 0o600))
        result = self.train(url(daemon), BAD, QUANTCONF_TOKEN=TOKEN)
        self.assertEqual((result.returncode, result.ran), (1, False), result.stderr)
        self.assertIn(BAD_SAYS, result.stderr)
        result = self.train(url(daemon), GOOD, QUANTCONF_TOKEN="another")
        self.assertEqual((result.returncode, result.ran), (4, False), result.stderr)
        self.assertIn("refuses the request (status 401)", result.stderr)

    def test_is_used_with_a_config(self):
        result = self.job("http://127.0.0.1:1")
        self.assertEqual(result.returncode, 64)
        self.assertIn("usage: ", result.stderr)

    def test_leaves_no_file_behind(self):
        os.mkdir(self.path("temporary"))
        address = url(self.start())
        for config in GOOD, BAD:
            self.job(address, config, "true", TMPDIR=self.path("temporary"))
        self.assertEqual(os.listdir(self.path("temporary")), [])


class Shell(ExampleTest):
    scripts = (SCRIPT, os.path.join(EXAMPLES, "slurm", "train.sbatch"))

    @needs("shellcheck")
    def test_shellcheck_finds_nothing(self):
        result = self.run_it("shellcheck", *self.scripts)
        self.assertEqual(result.returncode, 0, result.stdout)

    @needs("dash")
    def test_they_are_posix(self):
        for script in self.scripts:
            self.assertEqual(self.run_it("dash", "-n", script).returncode, 0, script)


if __name__ == "__main__":
    main()
