#!/usr/bin/python3
"""openapi/quantconf.yaml is a sound document, knows what the tables know, and describes what the daemon really says.

Needs PyYAML and jsonschema (Debian: python3-yaml, python3-jsonschema); skipped without them. With --update it is written
anew: the enumerations from the tables, the examples from the daemon (`make openapi`).
"""
import json
import os
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
BUILD = pathlib.Path(os.environ.get("builddir", ".")).resolve()
os.environ.setdefault("QUANTCONFD", str(BUILD / "quantconfd"))
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "tests/http")]
import openapi_layout as layout  # noqa: E402
from contract import Contract, media_type  # noqa: E402
from daemon import multipart  # noqa: E402
from stage import Stage  # noqa: E402

CONTRACT = Contract()
API = CONTRACT.api
deref = CONTRACT.deref
failures = []


def check(true, *words):
    if not true:
        failures.append(" ".join(map(str, words)))


def walk(value, path="#"):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from walk(item, f"{path}/{key}")


def as_list(value):
    return value if isinstance(value, list) else [value]


def check_structure():
    check(API["openapi"].startswith("3.1."), "openapi:", API["openapi"])
    allowed = {"openapi", "info", "jsonSchemaDialect", "servers", "security", "tags", "paths", "components"}
    check(set(API) <= allowed and {"title", "version"} <= set(API["info"]), "members of the document")
    used = set()
    for path, value in walk(API):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            used.add(value["$ref"])
            try:
                CONTRACT.target(value["$ref"])
            except KeyError:
                check(False, path, "refers to nothing:", value["$ref"])
    for kind in set(API["components"]) - {"securitySchemes"}:
        for name in API["components"][kind]:
            check(f"#/components/{kind}/{name}" in used, "nobody uses", kind, name)
    tags, ids = {tag["name"] for tag in API["tags"]}, set()
    for operation in CONTRACT.operations():
        value, where = operation.value, f"{operation.method} {operation.path}:"
        check(value["operationId"] not in ids, where, "operationId twice")
        ids.add(value["operationId"])
        check(set(value["tags"]) <= tags and value["summary"], where, "tags and summary")
        names = {p["name"] for p in operation.parameters if p["in"] == "path"}
        check(names == set(re.findall(r"{(\w+)}", operation.path)), where, "path parameters")
        for code, reply in value["responses"].items():
            check(re.fullmatch(r"[1-5]\d\d", code) and deref(reply)["description"], where, code)


def check_schemas():
    """Each is a schema, says what it is, and allows the examples beside it."""
    for name, schema in API["components"]["schemas"].items():
        check(schema.get("description"), name, "has no description")
        for example in schema.get("examples", []):
            for error in CONTRACT.errors(schema, example):
                check(False, f"example of {name}:", error)
    for path, value in walk(API):
        if not isinstance(value, dict) or not isinstance(value.get("schema"), dict):
            continue
        jsonschema.Draft202012Validator.check_schema(value["schema"])
        shown = [e["value"] for e in value.get("examples", {}).values()] + [value[k] for k in ("example",) if k in value]
        for example in shown:
            for error in CONTRACT.errors(value["schema"], example):
                check(False, f"example at {path}:", error)
    for path, value in walk(API):
        # Generators of code take an object of which nothing is said for one that is always empty.
        is_object = isinstance(value, dict) and "object" in as_list(value.get("type"))
        told = {"additionalProperties", "properties", "const"} & set(value if is_object else ())
        check(told or not is_object or "not" in path.split("/"), path, "says nothing of its members")
    for path, schema in API["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)


def words(file, pattern):
    """Each word once, in its order."""
    return list(dict.fromkeys(re.findall(pattern, (SOURCE / "src" / file).read_text())))


def enumerations(stage):
    """The enumerations that stand in a table, by the name of their schema."""
    rules = stage.get("/v1/rules").json["rules"]
    catalogue = stage.get("/v1/backends").json
    return {
        "RuleId": [rule["id"] for rule in rules],
        "Stage": words("schema/rule.c", r'\[STAGE_\w+\] = "(\w+)"'),
        "Target": list(rules[0]["severity"]),
        "Dialect": [
            name for name in words("resolve/facts.c", r'\[DIALECT_\w+\] = "([\w-]+)"') if name != "none"
        ],
        "BackendName": [backend["name"] for backend in catalogue["backends"]],
        "WeightDtype": words("resolve/backends.c", r'\[DTYPE_\w+\] = "(\w+)"'),
        "MethodName": [method["name"] for method in catalogue["methods"]],
        "Engine": words("checkpoint/declaration/method_lookup.c", r'\[ENGINE_\w+\] = "([^"]+)"'),
        "Grammar": words("checkpoint/declaration/method_lookup.c", r'\[GRAMMAR_\w+\] = "([^"]+)"'),
        "Role": words("checkpoint/exclusions/roles.c", r'\[ROLE_\w+\] = "(\w+)"'),
        "ProblemType": [
            f"urn:quantconf:problem:{slug}" for slug in words("service/network/problems.c", r'\.slug = "([^"]+)"') if slug != "none"
        ],
    }


def update_tables(stage):
    schemas = API["components"]["schemas"]
    for name, known in enumerations(stage).items():
        schemas[name]["enum"] = known
    catalogue = stage.get("/v1/backends").json
    schemas["Backend"]["examples"] = catalogue["backends"][:1]
    schemas["Method"]["examples"] = [method for method in catalogue["methods"] if method["name"] == "gptq"]


def check_tables(stage):
    schemas = API["components"]["schemas"]
    for name, known in enumerations(stage).items():
        check(known and schemas[name]["enum"] == known, name, "is stale: make openapi")
    rules = stage.get("/v1/rules").json["rules"]
    severities = {severity for rule in rules for severity in rule["severity"].values()}
    check(severities <= set(schemas["RuleSeverity"]["enum"]), "RuleSeverity:", severities)
    check(set(schemas["Stage"]["enum"]) == {rule["stage"] for rule in rules}, "Stage")
    catalogue = stage.get("/v1/backends").json
    for example in schemas["Backend"]["examples"]:
        check(example in catalogue["backends"], "the example of Backend is stale: make openapi")
    for example in schemas["Method"]["examples"]:
        check(example in catalogue["methods"], "the example of Method is stale: make openapi")
    layers = {choice["lora_layer"] for backend in catalogue["backends"] for choice in backend["choices"]}
    told = schemas["Effective"]["properties"]["lora_layer"]["oneOf"][0]["enum"]
    check(layers - {None} == set(told), "lora_layer:", layers)


def check_routes():
    table = (SOURCE / "src/service/requests/routes.c").read_text()
    known = {(path, verb.lower()) for path, verb in re.findall(r'\.path = "([^"]+)",\s*\.verb = VERB_(\w+)', table)}
    described = {(operation.path, operation.method) for operation in CONTRACT.operations()}
    check(known == described, "routes differ:", sorted(known ^ described))
    for operation in CONTRACT.operations():
        forms = operation.value.get("requestBody", {}).get("content", {})
        row = re.search(rf'\.path = "{re.escape(operation.path)}",\s*\.verb = VERB_POST,.*?\.forms = (\w+)', table, re.S)
        if forms:
            body = re.search(rf"{row.group(1)}\[\] = {{(.*?)\n}};", table, re.S).group(1)
            check(set(forms) == set(re.findall(r'{ "([^"]+)"', body)), operation.path, "media types of the body")


def check_parameters(stage):
    """The daemon names the parameters and values it knows when it is given an unknown one."""
    for operation in CONTRACT.operations():
        path, method = operation.path.replace("{id}", "torchao-with-gptq"), operation.method.upper()
        queries = [p for p in operation.parameters if p["in"] == "query"]
        body = b"{}" if method == "POST" else None
        reply = stage.request(method, path + "?no-such=1", body)
        names = reply.json.get("allowed", [])
        check(reply.status == 400 and names == [q["name"] for q in queries], path, method, "parameters:", names)
        for query in queries:
            schema = deref(query["schema"])
            known = schema.get("enum") or deref(schema.get("items", {})).get("enum")
            if known and query["name"] != "verbose":
                reply = stage.request(method, f"{path}?{query['name']}=no-such", body)
                check(reply.json["allowed"] == known, path, query["name"], "values:", reply.json["allowed"])
        kinds = operation.value["responses"].get("200", {}).get("content", {})
        if "406" in operation.value["responses"]:
            reply = stage.request(method, path, body, {"Accept": "image/png"})
            check(reply.json["allowed"] == list(kinds), path, method, "media types:", reply.json["allowed"])


def request_body(kind, value):
    """An example as bytes, and its Content-Type."""
    if kind == "multipart/form-data":
        return multipart(*value.items())
    return (value if isinstance(value, str) else json.dumps(value)).encode(), kind


def requests_of(operation):
    """Name of an example → how it is asked."""
    for kind, media in operation.value.get("requestBody", {}).get("content", {}).items():
        for name, example in media.get("examples", {}).items():
            body, content_type = request_body(kind, example["value"])
            query = "?" + example["x-query"] if "x-query" in example else ""
            yield name, (operation.method.upper(), operation.path + query, body, {"Content-Type": content_type})


def shown_replies():
    """(where, status, media type, example, how it is asked) of every example of a reply."""
    whole = [(f"responses/{name}", None, reply, {}) for name, reply in API["components"]["responses"].items()]
    for operation in CONTRACT.operations():
        asked = dict(requests_of(operation))
        for status, reply in operation.value["responses"].items():
            if "$ref" not in reply:
                whole.append((f"{operation.method} {operation.path} {status}", int(status), reply, asked))
    for where, status, reply, asked in whole:
        for kind, media in reply.get("content", {}).items():
            for name, example in media.get("examples", {}).items():
                yield f"{where} {name}", status or media["schema"]["properties"]["status"]["const"], kind, example, asked.get(name)


def ask(stage, example, asked, status, kind):
    if "x-request" in example:
        wanted = example["x-request"]
        body = wanted["body"].encode() if "body" in wanted else None
        return stage.provoke(wanted.get("circumstance", status), wanted["method"], wanted["target"], body, wanted.get("headers", {}))
    method, target, body, headers = asked
    return stage.provoke(status, method, target, body, {**headers, "Accept": kind})


def value_of(reply):
    return reply.json if "json" in media_type(reply) and "ndjson" not in media_type(reply) else reply.body.decode()


def is_shown(reply, example):
    """Members that another machine answers otherwise stand in x-varies; the schema alone judges them."""
    value = value_of(reply)
    varies = {name: example["value"][name] for name in example.get("x-varies", [])}
    return (value | varies if varies else value) == example["value"]


def check_examples(stage):
    """Each example of a reply is what the daemon says to the request of the same name, or to its x-request."""
    count = 0
    for where, status, kind, example, asked in shown_replies():
        if not asked and "x-request" not in example:
            check(False, where, "nobody knows what was asked")
            continue
        reply = ask(stage, example, asked, status, kind)
        count += 1
        if reply.status != status or media_type(reply) != kind or not is_shown(reply, example):
            check(False, where, "is another reply; make openapi:", reply.status, reply.body[:300])
    for operation in CONTRACT.operations():
        shown = {name for reply in operation.value["responses"].values() for media in deref(reply).get("content", {}).values()
                 for name in media.get("examples", {})}
        for name, _ in requests_of(operation):
            check(name in shown, operation.path, "no reply to the example", name)
    return count


def update_examples(stage):
    for where, status, kind, example, asked in shown_replies():
        reply = ask(stage, example, asked, status, kind)
        if reply.status != status or media_type(reply) != kind:
            sys.exit(f"{where}: {reply.status} {media_type(reply)}: {reply.body[:300]}")
        example["value"] = value_of(reply)


def check_replies(stage):
    """The configs of all cases, all rules' examples, and the real checkpoints."""
    seen = 0

    def judge(method, target, body, headers, what):
        nonlocal seen
        seen += 1
        reply = stage.request(method, target, body, headers)
        for error in CONTRACT.exchange_errors(method, target, reply):
            check(False, what, reply.status, error)

    for path in sorted(SOURCE.glob("tests/cases/*/config.yaml")) + sorted(SOURCE.glob("examples/*.yaml")):
        checkpoint = path.parent / "checkpoint.json"
        parts = [("config", path.read_bytes())] + ([("checkpoint", checkpoint.read_bytes())] if checkpoint.exists() else [])
        body, kind = multipart(*parts)
        judge("POST", "/v1/resolve?include=migrated,diff,exclusions", body, {"Content-Type": kind}, path)
        judge("POST", "/v1/resolve", body, {"Content-Type": kind, "Accept": "application/sarif+json"}, path)
    for rule in stage.get("/v1/rules").json["rules"]:
        for example in filter(None, (rule["bad"], rule["good"])):
            parts = [("config", example["config"])] + ([("checkpoint", example["checkpoint"])] if example["checkpoint"] else [])
            body, kind = multipart(*parts)
            judge("POST", f"/v1/resolve?target={rule['examples_target']}", body, {"Content-Type": kind}, rule["id"])
    for path in sorted(pathlib.Path(os.environ.get("QUANTCONF_CORPUS", "/nonexistent")).glob("checkpoints/*.json")):
        judge("POST", "/v1/inspect?include=exclusions", path.read_bytes(), {}, path)
    return seen


def check_served(stage):
    check(stage.get("/openapi.yaml").body.decode() == CONTRACT.text, "/openapi.yaml is another document")
    check(stage.get("/openapi.json").json == API, "/openapi.json is another document")
    check(stage.get("/version").json["version"] == API["info"]["version"], "info.version is stale")
    check(layout.write(API, CONTRACT.text) == CONTRACT.text, "the layout is not the usual one: make openapi")


def main():
    model = API["paths"]["/v1/inspect"]["post"]["requestBody"]["content"]["application/json"]["examples"]["gptq"]["value"]
    with Stage({"org/gptq": model}) as stage:
        if "--update" in sys.argv[1:]:
            update_tables(stage)
            update_examples(stage)
            (SOURCE / "openapi/quantconf.yaml").write_text(layout.write(API, CONTRACT.text), encoding="utf-8")
            return 0
        check_structure()
        check_schemas()
        check_routes()
        check_tables(stage)
        check_parameters(stage)
        examples = check_examples(stage)
        replies = check_replies(stage)
        check_served(stage)
    print(*failures[:60], sep="\n")
    print(f"{examples} examples, {replies} other replies, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
