#!/usr/bin/python3
"""The JSON Schema says of every config what the resolver's schema stage says: a real validator against the real command.

Needs PyYAML and jsonschema (Debian: python3-yaml, python3-jsonschema); skipped without them.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
COMMAND = pathlib.Path(os.environ.get("builddir", ".")).resolve() / "quantconf"
# What no schema can say: it concerns several keys, or text that a parsed config no longer has.
BEYOND = {"duplicate-decisive-key", "dialects-contradict"}


def schema():
    text = subprocess.run([COMMAND, "schema"], check=True, capture_output=True).stdout
    document = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def schema_errors(path):
    reply = subprocess.run([COMMAND, "resolve", "--checkpoint", "none", path], capture_output=True)
    errors = json.loads(reply.stdout)["errors"]
    if any(error["stage"] == "syntax" for error in errors):
        return None
    return {error["rule"] for error in errors if error["stage"] == "schema"}


def plain(value):
    """Keys as text and dates as strings, as the resolver has them."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def configs(folder):
    yield from sorted(SOURCE.glob("tests/cases/*/config.yaml"))
    yield from sorted(SOURCE.glob("examples/*.yaml"))
    corpus = os.environ.get("QUANTCONF_CORPUS")
    if not corpus:
        return
    yield from sorted(pathlib.Path(corpus).glob("configs/*/*.y*ml"))
    for line in (pathlib.Path(corpus) / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        path = folder / f"{case['id']}.yaml"
        path.write_text(json.dumps(case["config"]))
        yield path


def main():
    validator = schema()
    checked, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for path in configs(pathlib.Path(folder)):
            rules = schema_errors(path)
            if rules is None:
                continue
            config = plain(yaml.safe_load(path.read_bytes()))
            refused = sorted(str(error.json_path) for error in validator.iter_errors(config))
            checked += 1
            if bool(rules - BEYOND) != bool(refused):
                failed += 1
                print(f"{path}: the resolver says {sorted(rules) or 'nothing'}, the schema {refused or 'nothing'}")
    print(f"{checked} configs, {failed} differ")
    sys.exit(1 if failed or not checked else 0)


main()
