#!/usr/bin/python3
"""What is said as SARIF is valid for the schema of SARIF 2.1.0, for every case and every rule's examples.

The schema comes from npm (`make npm-tools`), the validator is Debian's python3-jsonschema; skipped without them.
"""
import json
import os
import pathlib
import sys

try:
    import jsonschema
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
BUILD = pathlib.Path(os.environ.get("builddir", ".")).resolve()
SCHEMA = BUILD / "npm/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
os.environ.setdefault("QUANTCONFD", str(BUILD / "quantconfd"))
sys.path.insert(0, str(SOURCE / "tests/http"))
from daemon import Daemon, multipart  # noqa: E402


def requests(daemon):
    """Name, and the parts of a form."""
    for path in sorted(SOURCE.glob("tests/cases/*/config.yaml")):
        checkpoint = path.parent / "checkpoint.json"
        yield path.parent.name, [("config", path.read_bytes(), "folder/my config.yaml")] + (
            [("checkpoint", checkpoint.read_bytes())] if checkpoint.exists() else [])
    for rule in daemon.get("/v1/rules").json["rules"]:
        for example in filter(None, (rule["bad"], rule["good"])):
            yield rule["id"], [("config", example["config"])] + (
                [("checkpoint", example["checkpoint"])] if example["checkpoint"] else [])


def meaning_errors(log):
    """What the schema cannot say."""
    run = log["runs"][0]
    for result in run["results"]:
        if run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] != result["ruleId"]:
            yield f"{result['ruleId']}: ruleIndex {result['ruleIndex']} is another rule"


def main():
    if not SCHEMA.exists():
        print("skipped: there is no schema of SARIF; make npm-tools installs it")
        return 77
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    checked = failed = found = 0
    with Daemon("--log-level", "error") as daemon:
        for name, parts in requests(daemon):
            body, kind = multipart(*parts)
            log = daemon.resolve(body, content_type=kind, accept="application/sarif+json").json
            errors = [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(log)] + list(meaning_errors(log))
            checked += 1
            found += len(log["runs"][0]["results"])
            failed += bool(errors)
            for error in errors[:3]:
                print(f"{name}: {error}")
    print(f"{checked} logs with {found} results, {failed} are not valid")
    return 1 if failed or not found else 0


sys.exit(main())
