#!/usr/bin/env python3
"""The hooks with the real pre-commit, in a git repository of its own: what may be committed, and what is said."""

import os
import shutil

from support import BAD, EXAMPLES, GOOD, SOURCE, ExampleTest, main, needs

QLORA = os.path.join(EXAMPLES, "qlora.yaml")


@needs("git", "pre-commit")
class PreCommit(ExampleTest):
    def setUp(self):
        super().setUp()
        self.repository("configs")

    def run_ok(self, *command):
        result = self.run_it(*command)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result

    def run_it(self, *command, **env):
        person = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        home = {"HOME": self.folder, "PRE_COMMIT_HOME": self.path(".cache"), "GIT_CONFIG_NOSYSTEM": "1"}
        return super().run_it(*command, **person, **home, **env)

    def git(self, *words):
        return self.run_ok("git", "-C", self.path("configs"), *words)

    def repository(self, name):
        self.run_ok("git", "init", "--quiet", "--initial-branch=main", self.path(name))

    def install(self, config):
        """As a person does it."""
        self.write("configs/.pre-commit-config.yaml", config)
        self.git("add", ".pre-commit-config.yaml")
        self.run_ok("sh", "-c", "cd configs && pre-commit install")

    def commit(self, source, name="configs/a.yaml"):
        target = self.path("configs/" + name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target)
        self.git("add", name)
        return self.run_it("git", "-C", self.path("configs"), "commit", "--quiet", "-m", "Add it")

    def test_the_example(self):
        with open(os.path.join(EXAMPLES, "pre-commit", ".pre-commit-config.yaml"), encoding="utf-8") as file:
            self.install(file.read())
        result = self.commit(GOOD)
        self.assertEqual(result.returncode, 0, result.stderr)
        result = self.commit(QLORA)
        self.assertEqual(result.returncode, 1)
        self.assertIn("Axolotl configs are canonical", result.stderr)
        self.assertIn("configs/a.yaml", result.stderr)
        result = self.commit(BAD)
        self.assertEqual(result.returncode, 1)
        self.assertIn("configs/a.yaml:7:1: error: gptq: true", result.stderr)
        self.git("reset", "--quiet", "--hard")
        self.assertEqual(self.commit(BAD, "elsewhere/a.yaml").returncode, 0, "only `files` are looked at")

    def use(self, hook):
        """A hook of ours by its id, from a repository that has our table of hooks."""
        self.repository("quantconf")
        shutil.copy(os.path.join(SOURCE, ".pre-commit-hooks.yaml"), self.path("quantconf"))
        self.run_ok("git", "-C", self.path("quantconf"), "add", ".")
        self.run_ok("git", "-C", self.path("quantconf"), "commit", "--quiet", "-m", "Hooks")
        commit = self.run_ok("git", "-C", self.path("quantconf"), "rev-parse", "HEAD").stdout.strip()
        lines = [
            "repos:",
            f"  - repo: {self.path('quantconf')}",
            f"    rev: {commit}",
            "    hooks:",
            f"      - id: {hook}",
            "        files: ^configs/",
        ]
        self.install("\n".join(lines) + "\n")

    def test_check_refuses_an_old_spelling(self):
        self.use("quantconf-check")
        self.assertEqual(self.commit(QLORA).returncode, 1)
        self.assertEqual(self.commit(GOOD).returncode, 0)

    def test_resolve_refuses_errors_only(self):
        self.use("quantconf-resolve")
        self.assertEqual(self.commit(BAD).returncode, 1)
        result = self.commit(QLORA)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_migrate_rewrites_and_lets_the_second_try_pass(self):
        self.use("quantconf-migrate")
        result = self.commit(QLORA)
        self.assertEqual(result.returncode, 1)
        self.assertIn("files were modified by this hook", result.stderr)
        self.assertIn("weight_dtype: nf4", self.read("configs/configs/a.yaml"))
        self.git("add", "configs/a.yaml")
        result = self.run_it("git", "-C", self.path("configs"), "commit", "--quiet", "-m", "Add it migrated")
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    main()
