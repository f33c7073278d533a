#!/usr/bin/env python3
"""Runs the README's console examples against the built daemon and compares their output."""
import os
import re
import shutil
import subprocess
import sys
import time

SOURCE = os.environ.get("srcdir", ".")
ADDRESS = "http://127.0.0.1:8642"


def examples(text):
    """(command, output) of each block marked as console; a command is a line that begins with "$ "."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def listening_port(pid):
    """The port on which a process listens, from /proc: the daemon picks a free one."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        match = re.fullmatch(r"socket:\[(\d+)\]", target)
        if match:
            inodes.add(match.group(1))
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            field = line.split()
            if field[3] == "0A" and field[9] in inodes:
                return int(field[1].split(":")[1], 16)
    return None


def start():
    daemon = subprocess.Popen(
        ["./quantconfd", "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL
    )
    for _ in range(100):
        if daemon.poll() is not None:
            sys.exit(f"quantconfd ended with {daemon.returncode}")
        port = listening_port(daemon.pid)
        if port:
            return daemon, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    daemon.kill()
    sys.exit("quantconfd does not listen")


def main():
    if not shutil.which("curl"):
        print("skipped: there is no curl")
        return 77
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        wanted = list(examples(file.read()))
    daemon, address = start()
    failures = 0
    try:
        for command, output in wanted:
            result = subprocess.run(
                command.replace(ADDRESS, address),
                shell=True,
                cwd=SOURCE,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if result.stdout.strip() != output.strip():
                failures += 1
                print(f"$ {command}\nREADME.md has:\n{output}\nnow:\n{result.stdout}{result.stderr}")
    finally:
        daemon.terminate()
        status = daemon.wait(timeout=60)
    if status != 0:
        failures += 1
        print(f"quantconfd ended with {status}")
    print(f"Checks: {len(wanted) + 1}, Failures: {failures}, Errors: 0")
    return 1 if failures or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
