#!/usr/bin/python3
"""The manual tells of the options and rules that there are, its examples work, and man(1) has no complaint."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("srcdir", ".")).resolve()
BUILD = pathlib.Path(os.environ.get("builddir", ".")).resolve()
failures = []


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


def page_options(page):
    """Options that begin a paragraph of OPTIONS."""
    section = re.search(r"^\.SH OPTIONS\n(.*?)^\.SH ", page, re.S | re.M).group(1)
    tags = re.findall(r"^\.TP\n(.*)$", section, re.M)
    return {re.search(r"--[a-z-]+", tag.replace("\\-", "-")).group() for tag in tags}


def check_options(program, page):
    told = set(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", run(BUILD / program, "--help").stdout, re.M))
    written = page_options((SOURCE / "man" / page).read_text())
    if not told or told != written:
        failures.append(f"{page}: options differ from {program} --help: {sorted(told ^ written)}")


def check_made_pages():
    for program, page in (("rules_page", "quantconf-rules.7"), ("dialects_page", "quantconf-dialects.7")):
        if run(BUILD / "man" / program).stdout != (SOURCE / "man" / page).read_text():
            failures.append(f"{page} is stale: make manual")


def check_option_pages():
    for page, program, *words in (("quantconfd.8", "options_page"), ("quantconfd.yaml.5", "options_page", "file"),
                                  ("quantconf.1", "command_page")):
        text = (SOURCE / "man" / page).read_text()
        made = subprocess.run([BUILD / "man" / program, *words], input=text, capture_output=True, text=True, check=True)
        if made.stdout != text or made.stdout.count(".TP") < 20:
            failures.append(f"{page} is stale: make manual")


def check_first_words():
    """A text does not begin with a value, which would be written as no value is."""
    for page in ("quantconfd.8", "quantconfd.yaml.5", "quantconf.1"):
        section = re.search(r"^\.SH OPTIONS\n(.*?)^\.SH ", (SOURCE / "man" / page).read_text(), re.S | re.M).group(1)
        for name, first in re.findall(r"^\.TP\n(.*)\n([A-Z][\w-]*(?:, | or ).*)", section, re.M):
            failures.append(f"{page}: {name} begins with a value: {first}")


def check_metrics():
    """The page tells of the metrics that there are."""
    table = (SOURCE / "src/service/daemon/exposition.c").read_text()
    there = set(re.findall(r'\.name = "(\w+)"', table))
    page = (SOURCE / "man/quantconfd.8").read_text()
    told = set(re.findall(r"\b(?:quantconf|process)_\w+", re.search(r"^\.SH METRICS\n(.*?)^\.SH ", page, re.S | re.M).group(1)))
    if not there or there != told:
        failures.append(f"quantconfd.8: metrics differ: {sorted(there ^ told)}")


def check_dialects():
    """The example below each dialect's heading is of that dialect, and has no errors."""
    page = (SOURCE / "man/quantconf-dialects.7").read_text().replace("\\-", "-")
    section = re.search(r"^\.SH DIALECTS\n(.*?)^\.SH ", page, re.S | re.M).group(1)
    found = re.findall(r"^\.SS (\S+)\n.*?^\.nf\n(.*?)^\.fi", section, re.S | re.M)
    for name, config in found:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(config)
            file.flush()
            reply = run(BUILD / "quantconf", "resolve", "--checkpoint", "none", file.name)
        if reply.returncode != 0 or f'"dialects":["{name}"]' not in reply.stdout:
            failures.append(f"quantconf-dialects.7: {name}: {reply.stdout[:200]}{reply.stderr}")
    if len(found) != 5:
        failures.append(f"quantconf-dialects.7: {len(found)} dialects")


def options_of(program):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", run(BUILD / program, "--help").stdout))


def check_readme():
    """The README's commands, options and defaults are those of --help."""
    readme = (SOURCE / "README.md").read_text()
    table = re.search(r"^## Options\n(.*?)^## ", readme, re.S | re.M).group(1)
    helps = run(BUILD / "quantconfd", "--help").stdout
    told = set(re.findall(r"^\| `(--[a-z-]+[a-z])[` ]", table, re.M))
    if not told or not told <= options_of("quantconfd"):
        failures.append(f"README.md: options that quantconfd has not: {sorted(told - options_of('quantconfd'))}")
    for option, default in re.findall(r"^\| `(--[a-z-]+)[^|]*\| `([^`|]+)` \|", table, re.M):
        row = re.search(rf"^  {option}\b.*", helps, re.M)
        if not row or f"(default {default})" not in row.group():
            failures.append(f"README.md: the default of {option} is not {default}")
    for program, words in re.findall(r"(?:`|^    (?:\$ )?)(quantconfd?) ([^`\n]*)", readme, re.M):
        unknown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", words)) - options_of(program)
        if unknown:
            failures.append(f"README.md: options that {program} has not: {sorted(unknown)}")
        command = re.match(r"[a-z]+", words)
        if program == "quantconf" and command and command.group() not in run(BUILD / "quantconf", "--help").stdout:
            failures.append(f"README.md: there is no command {command.group()}")


def check_form(path):
    commands = {
        "mandoc": ["mandoc", "-T", "lint", "-W", "warning", path],
        "groff": ["groff", "-man", "-Tutf8", "-ww", "-z", "-K", "utf8", path],
        "man": ["man", "--warnings", "-l", path],
    }
    for tool, command in commands.items():
        if shutil.which(tool):
            reply = run(*command)
            complaints = reply.stdout if tool == "mandoc" else reply.stderr
            if complaints.strip():
                failures.append(f"{tool}: {complaints[:500]}")


check_options("quantconfd", "quantconfd.8")
check_options("quantconf", "quantconf.1")
check_made_pages()
check_option_pages()
check_first_words()
check_metrics()
check_dialects()
check_readme()
if "(8)" in re.sub(r"(?m)^\.TH.*", "", (SOURCE / "man/quantconfd.8").read_text()):
    failures.append("quantconfd.8 refers to itself")
for manual in sorted((SOURCE / "man").glob("*.[1-9]")):
    check_form(manual)
print(*failures, sep="\n")
sys.exit(1 if failures else 0)
