#!/usr/bin/env python3
"""Runs the README's console examples against the built daemon and compares their output."""

import json
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ.get("srcdir", ".")
sys.path.insert(0, os.path.join(SOURCE, "tests", "http"))

from daemon import Daemon  # noqa: E402

ADDRESS = "http://127.0.0.1:8642"


def examples(text):
    """(command, output) of the blocks marked as console; a command is a line that begins with "$ "."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def comparable(output):
    """JSON may be wrapped in the README; its members must come in the same order all the same."""
    if output.lstrip().startswith("{"):
        return json.loads(output, object_pairs_hook=list, parse_float=str)
    return output.strip()


def run(command, address):
    return subprocess.run(
        command.replace(ADDRESS, address),
        shell=True,
        cwd=SOURCE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def main():
    for tool in ("curl", "jq"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            return 77
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        wanted = list(examples(file.read()))
    failures = 0
    with Daemon() as daemon:
        for command, output in wanted:
            result = run(command, f"http://127.0.0.1:{daemon.port}")
            if comparable(result.stdout) != comparable(output):
                failures += 1
                print(f"$ {command}\nREADME.md has:\n{output}\nnow:\n{result.stdout}{result.stderr}")
    print(f"Checks: {len(wanted)}, Failures: {failures}, Errors: 0")
    return 1 if failures or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
