#!/usr/bin/python3
"""What can be read as YAML is what PyYAML's safe loader reads, tabs above all: libyaml lets them stand between tokens.

Over small texts with tabs in all places, QUANTCONF_FUZZ_COUNT (default 4000) of them from QUANTCONF_FUZZ_SEED (default 1) on, and the
real configs below QUANTCONF_CORPUS. Needs PyYAML (Debian: python3-yaml); skipped without it.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

COMMAND = pathlib.Path(os.environ.get("builddir", ".")).resolve() / "quantconf"
PIECES = ["\t", " ", "  ", "\n", "\r\n", "a", "b: ", "c:", "- ", "-", "#x", " # y", "'q'", '"d"', "'q\tr'", '"d\te"', "{", "}"]
PIECES += ["[", "]", ",", ", ", "&n ", "*n", "!!str ", "|\n", ">-\n", "\n  ", "\n\t", "\n  \t", "? ", ": ", "---", "..."]
PIECES += ["k: v\n", "k2: 'v'\n", "k3: |\n  t\n", "k4: [1, 2]\n", "k5: {a: 1}\n", "k6: \u00e9 \U0001f999\n"]
READABLE = [
    "a: 1\nb:\n  c: 'x y' # z\n  d: [1, {e: f}]\nt: |\n  x\n  y\n",
    "adapter: lora\nx: &a {b: 1}\ny: *a\n",
    "a:\n- b\n- c: d\n  e: >-\n    f\n    g\nh: \"i\n  j\"\n",
    "---\na: b c d\n...\n",
    "{a: 1, 'b': [2, 3], \"c\": d}\n",
    "\u00e9: '\U0001f999 x' # \u20ac\nb: c\n",
]
# Without regard to tabs between tokens, libyaml alone refuses these two, and takes the third.
LIBYAML = (
    "a tab character where an indentation space is expected",  # at the beginning of a block scalar's first line
    "unexpected ':' while scanning a plain scalar",  # as in `[a:]`
    "chomping or indentation indicators, but found '#'",  # as in `|# comment`
)


def made(chance):
    if chance.random() < 0.4:
        return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 9)))
    text = chance.choice(READABLE)
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + "\t" + text[at:]
    return text


def pyyaml_fault(text):
    """What PyYAML says against the text; None when it reads it."""
    try:
        list(yaml.load_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, TypeError, ValueError) as error:
        return str(error)
    return None


def our_faults(folder):
    """The first fault of each file, by name, and its rule; None when there is none."""
    replies = subprocess.run(
        [COMMAND, "resolve", "--quiet", "--checkpoint", "none", folder], capture_output=True, check=False
    ).stdout
    for line in replies.decode().splitlines():
        faults = [error for error in json.loads(line)["errors"] if error["stage"] == "syntax"]
        yield (faults[0]["rule"], faults[0]["message"]) if faults else None


def differ(text, ours):
    """The two readers differ in more than is known; None when they do not."""
    theirs = pyyaml_fault(text)
    if ours and ours[0] != "yaml-syntax":  # a second document, nothing, a tag: read so far, and refused by another rule
        return None
    if (ours is None) == (theirs is None) or any(known in (theirs or ours[1]) for known in LIBYAML):
        return None
    return f"{text!r}: PyYAML: {theirs}; quantconf: {ours}"


def check(texts):
    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate(texts):
            with open(os.path.join(folder, f"{i:06}.yaml"), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        faults = list(our_faults(folder))
    assert len(faults) == len(texts)
    return [found for found in map(differ, texts, faults) if found], sum(fault is None for fault in faults)


def corpus():
    top = os.environ.get("QUANTCONF_CORPUS")
    if not top:
        print("skipped: QUANTCONF_CORPUS names no folder of real configs")
        return []
    paths = sorted(pathlib.Path(top).glob("configs/*/*.y*ml"))
    return [path.read_bytes().decode() for path in paths]


def main():
    seed = int(os.environ.get("QUANTCONF_FUZZ_SEED", "1"))
    count = int(os.environ.get("QUANTCONF_FUZZ_COUNT", "4000"))
    texts = [made(random.Random(seed + i)) for i in range(count)]
    failures, read = 0, 0
    for some in (texts[:count // 2], texts[count // 2:], corpus()):
        found, well = check(some)
        read += well
        failures += len(found)
        for difference in found[:20]:
            print(difference)
    tabs = sum("\t" in text for text in texts)
    print(f"{count} texts, {tabs} with tabs, {read} read, {failures} differences")
    return 1 if failures or not read or tabs < count // 2 else 0


if __name__ == "__main__":
    sys.exit(main())
