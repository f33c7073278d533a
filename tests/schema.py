#!/usr/bin/python3
"""The JSON Schema says of every config what the resolver's schema stage says, for real configs and for made-up ones.

Two validators are asked: Python's jsonschema, and ajv where `make npm-tools` has installed it. Needs PyYAML and jsonschema
(Debian: python3-yaml, python3-jsonschema); skipped without them. QUANTCONF_FUZZ_COUNT and QUANTCONF_FUZZ_SEED choose other
made-up configs.
"""
import datetime
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
BUILD = pathlib.Path(os.environ.get("builddir", ".")).resolve()
os.environ.setdefault("QUANTCONFD", str(BUILD / "quantconfd"))
sys.path.insert(0, str(SOURCE / "tests/http"))
from daemon import Daemon  # noqa: E402

COUNT = int(os.environ.get("QUANTCONF_FUZZ_COUNT", "3000"))
SEED = int(os.environ.get("QUANTCONF_FUZZ_SEED", "1"))
# What no schema can say: it concerns several keys, or text that a parsed config no longer has.
BEYOND = {"duplicate-decisive-key", "dialects-contradict"}
MODULES = BUILD / "npm/node_modules"


def real_configs():
    """Name and text."""
    for path in (*sorted(SOURCE.glob("tests/cases/*/config.yaml")), *sorted(SOURCE.glob("examples/*.yaml"))):
        yield str(path), path.read_bytes().decode("utf-8", "replace")
    corpus = os.environ.get("QUANTCONF_CORPUS")
    if not corpus:
        return
    for path in sorted(pathlib.Path(corpus).glob("configs/*/*.y*ml")):
        yield str(path), path.read_bytes().decode("utf-8", "replace")
    for line in (pathlib.Path(corpus) / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        yield case["id"], json.dumps(case["config"])


# No 1.0: to a schema it is the integer, to the resolver it is none.
SCALARS = (None, True, False, 0, 1, 2, -1, 16, 64, 0.5, "", "true", "False", "yes", "NO", "on", "t", "0", "1", "1.0", "2", "16",
           "064", "-1", "1e3", ".5", "5.", ".", "e1", "+1e-2", " 0.1\n", "0x10", "1e", "nan", "-Infinity", "nan(1)", "x", "nf4", "int4", "int8", "fp8", "nvfp4", "mxfp4", "float8", "float8_e4m3fn",
           "bnb", "torchao", "Mxfp4Config", "FineGrainedFP8Config", "BitsAndBytesConfig", "lora", "qlora", "legacy", "full",
           "bitsandbytes", [], ["x"], {}, {"x": 1})


def made_up(names, choose):
    """A config of decisive keys; most values are near those that are meant."""
    def scalar():
        return choose.choice(SCALARS)

    def body():
        members = {"weight_dtype": choose.choice(("nf4", "int8", "int4", "nvfp4", scalar())),
                   "group_size": choose.choice((16, 64, None, "64", scalar())),
                   "config_kwargs": choose.choice(({}, None, scalar())), "more": scalar()}
        return {name: members[name] for name in members if choose.random() < 0.5}

    def block():
        kind = choose.randrange(5)
        if kind == 0:
            return scalar()
        if kind == 1:
            return {"backend": choose.choice(("bnb", "torchao", "mxfp4", "fp8", scalar())), **body()}
        nested = {name: choose.choice((body(), body(), scalar()))
                  for name in choose.sample(("bnb", "torchao", "mxfp4", "fp8"), choose.choice((1, 1, 1, 2)))}
        return {**nested, **(body() if choose.random() < 0.1 else {})}

    config = {name: scalar() for name in choose.sample(names, choose.randint(0, 3))}
    if "model_revision" in config:
        config.pop("revision_of_model", None)  # two names of one key: only one of them is read
    if choose.random() < 0.6:
        config["model_quantization_config"] = block()
    if choose.random() < 0.3:
        config["peft"] = choose.choice((block(), {"backend": "torchao", **body()}, {"loftq_config": {}}))
    if choose.random() < 0.2:
        inside = choose.choice(names)
        both = {inside: scalar()} if inside == "fsdp_version" else {inside: scalar(), "version": scalar()}
        config["fsdp_config"] = choose.choice((scalar(), both))
    return config


def plain(value):
    """Keys as text, as the resolver has them; dates as anything but strings, which it tells apart."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 1e300  # a number, which JSON cannot write
    if isinstance(value, datetime.date):
        return value.toordinal()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def refusals(daemon, texts):
    """Of each text: the rules of the schema stage that refuse it, or None where it is not even read."""
    body = "".join(json.dumps({"config": text, "options": {"checkpoint": "none"}}) + "\n" for text in texts)
    *lines, _ = daemon.post("/v1/batch", body, "application/x-ndjson").body.splitlines()
    for line in lines:
        errors = json.loads(line).get("errors", [])
        unread = any(error["stage"] == "syntax" for error in errors) or b'"urn:quantconf' in line
        yield None if unread else {error["rule"] for error in errors if error["stage"] == "schema"}


def verdicts(schema, values):
    """By validator, whether each value is valid."""
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    yield "jsonschema", [validator.is_valid(value) for value in values]
    if MODULES.exists() and shutil.which("node"):
        script = [shutil.which("node"), str(SOURCE / "tests/npm/validate.js"), str(MODULES)]
        reply = subprocess.run(script, input=json.dumps({"schema": schema, "values": values}), capture_output=True, text=True,
                               check=True)
        yield "ajv", json.loads(reply.stdout)


def main():
    roomy = ("--limit-batch-items", "1000000", "--limit-batch", "1GiB", "--limit-memory", "2GiB", "--request-timeout", "600")
    with Daemon("--log-level", "error", *roomy) as daemon:
        schema = daemon.get("/v1/schema").json
        names = sorted(schema["properties"])
        configs = list(real_configs())
        real = len(configs)
        configs += [(f"seed {SEED}, number {i}", json.dumps(made_up(names, random.Random(f"{SEED}-{i}")))) for i in range(COUNT)]
        rules = list(refusals(daemon, [text for _, text in configs]))
    read = [(name, text, rule) for (name, text), rule in zip(configs, rules, strict=True) if rule is not None]
    values = [plain(yaml.safe_load(text)) for _, text, _ in read]
    failed, asked, refused = 0, [], sum(bool(rule) for _, _, rule in read)
    for validator, valid in verdicts(schema, values):
        asked.append(validator)
        for (name, text, rule), good in zip(read, valid, strict=True):
            if bool(rule - BEYOND) == good:
                failed += 1
                if failed < 40:
                    print(f"{name}: the resolver says {sorted(rule) or 'nothing'}, {validator} says {good}: {text[:300]}")
    print(f"{len(read)} configs ({real} real ones), {refused} of them refused, by {' and '.join(asked)}: {failed} differ")
    return 1 if failed or not refused or refused == len(read) else 0


sys.exit(main())
