#!/usr/bin/python3
"""openapi/quantconf.yaml is a sound document, knows what the tables know, and describes what the daemon really says.

Needs PyYAML and jsonschema (Debian: python3-yaml, python3-jsonschema); skipped without them.
"""
import json
import os
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
os.environ.setdefault("QUANTCONFD", str(pathlib.Path(os.environ.get("builddir", ".")).resolve() / "quantconfd"))
sys.path.insert(0, str(SOURCE / "tests/http"))
from daemon import Daemon, multipart  # noqa: E402

TEXT = (SOURCE / "openapi/quantconf.yaml").read_text(encoding="utf-8")
API = yaml.safe_load(TEXT)
METHODS = {"get", "post"}
GPTQ = {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
failures = []


def check(true, *words):
    if not true:
        failures.append(" ".join(map(str, words)))


def target(ref):
    value = API
    for step in ref.removeprefix("#/").split("/"):
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value


def deref(value):
    return target(value["$ref"]) if "$ref" in value else value


def walk(value, path="#"):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from walk(item, f"{path}/{key}")


def errors(schema, value):
    """What a schema of the document says against a value."""
    whole = dict(schema, components=API["components"])
    return [f"{e.json_path}: {e.message[:200]}" for e in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def operations():
    for path, item in API["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method], item.get("parameters", []) + item[method].get("parameters", [])


def check_structure():
    check(API["openapi"].startswith("3.1."), "openapi:", API["openapi"])
    allowed = {"openapi", "info", "jsonSchemaDialect", "servers", "security", "tags", "paths", "components"}
    check(set(API) <= allowed and {"title", "version"} <= set(API["info"]), "members of the document")
    used = set()
    for path, value in walk(API):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            used.add(value["$ref"])
            try:
                target(value["$ref"])
            except KeyError:
                check(False, path, "refers to nothing:", value["$ref"])
    for kind in set(API["components"]) - {"securitySchemes", "schemas"}:
        for name in API["components"][kind]:
            check(f"#/components/{kind}/{name}" in used, "nobody uses", kind, name)
    for name, schema in API["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
    tags, ids = {tag["name"] for tag in API["tags"]}, set()
    for path, method, operation, parameters in operations():
        where = f"{method} {path}:"
        check(operation["operationId"] not in ids, where, "operationId twice")
        ids.add(operation["operationId"])
        check(set(operation["tags"]) <= tags and operation["summary"], where, "tags and summary")
        names = {deref(p)["name"] for p in parameters if deref(p)["in"] == "path"}
        check(names == set(re.findall(r"{(\w+)}", path)), where, "path parameters")
        for code, reply in operation["responses"].items():
            check(re.fullmatch(r"[1-5]\d\d", code) and deref(reply)["description"], where, code)


def check_examples():
    for path, value in walk(API):
        if not isinstance(value, dict) or "schema" not in value:
            continue
        jsonschema.Draft202012Validator.check_schema(value["schema"])
        if "example" in value:
            for error in errors(value["schema"], value["example"]):
                check(False, f"example at {path}:", error)


def rows(source, name):
    """The names in the first column of a table in the source."""
    body = re.search(rf"{name}\[\] = {{(.*?)\n}};", source, re.S).group(1)
    return re.findall(r'{ "([^"]*)"', body)


def check_tables(daemon):
    schemas = API["components"]["schemas"]
    rules = daemon.get("/v1/rules").json["rules"]
    check(schemas["RuleId"]["enum"] == [rule["id"] for rule in rules], "RuleId is stale")
    check(set(schemas["Stage"]["enum"]) == {rule["stage"] for rule in rules}, "Stage is stale")
    severities = {s for rule in rules for s in rule["severity"].values()}
    check(set(schemas["Severity"]["enum"]) == severities - {"none", None}, "Severity is stale")
    check(set(schemas["Target"]["enum"]) == set(rules[0]["severity"]), "Target is stale")
    names = [backend["name"] for backend in daemon.get("/v1/backends").json["backends"]]
    check(schemas["Backend"]["properties"]["name"]["enum"] == names, "Backend is stale")
    slugs = re.findall(r'\.slug = "([^"]+)"', (SOURCE / "src/service/problems.c").read_text())
    types = [f"urn:quantconf:problem:{slug}" for slug in slugs if slug != "none"]
    check(schemas["Problem"]["properties"]["type"]["enum"] == types, "Problem is stale")


def check_routes():
    table = (SOURCE / "src/service/routes.c").read_text()
    routes = re.findall(r'\.path = "([^"]+)",\s*\.verb = VERB_(\w+)', table)
    known = {(path, verb.lower()) for path, verb in routes}
    described = {(path, method) for path, method, *_ in operations()}
    check(known == described, "routes differ:", sorted(known ^ described))


def check_parameters(daemon):
    """The daemon names the parameters and values it knows when it is given an unknown one."""
    for path, method, operation, parameters in operations():
        queries = [deref(p) for p in parameters if deref(p)["in"] == "query"]
        path = path.replace("{id}", "torchao-with-gptq")
        body = b"{}" if method == "post" else None
        reply = daemon.request(method.upper(), path + "?no-such=1", body)
        names = reply.json.get("allowed", [])
        check(reply.status == 400 and names == [q["name"] for q in queries], path, method, "parameters:", names)
        for query in queries:
            schema = deref(query["schema"])
            words = schema.get("enum") or deref(schema.get("items", {})).get("enum")
            if not words or query["name"] == "verbose":
                continue
            reply = daemon.request(method.upper(), f"{path}?{query['name']}=no-such", body)
            check(reply.json["allowed"] == words, path, query["name"], "values:", reply.json["allowed"])


def check_reply(operation, where, reply, seen):
    described = operation["responses"].get(str(reply.status))
    if not described:
        check(False, where, "status", reply.status, "is not described")
        return
    described = deref(described)
    seen.add((operation["operationId"], reply.status))
    for name in described.get("headers", {}):
        check(name.lower() in reply.headers, where, "lacks", name)
    if reply.status == 304:
        return
    media = reply.headers["content-type"].partition(";")[0]
    if media not in described["content"]:
        check(False, where, reply.status, media, "is not described")
        return
    value = reply.json if "json" in media and "ndjson" not in media else reply.body.decode()
    for error in errors(described["content"][media]["schema"], value):
        check(False, where, reply.status, error)


def configs():
    for path in sorted(SOURCE.glob("tests/cases/*/config.yaml")) + sorted(SOURCE.glob("examples/*.yaml")):
        checkpoint = path.parent / "checkpoint.json"
        yield path.read_bytes(), checkpoint.read_bytes() if checkpoint.exists() else None


def resolve_requests():
    for config, checkpoint in configs():
        if checkpoint:
            body, media = multipart(("config", config), ("checkpoint", checkpoint))
            yield "?include=migrated,diff,exclusions", body, {"Content-Type": media}
        else:
            yield "?include=migrated,diff", config, {}
    good = b"adapter: lora\nload_in_8bit: true\n"
    for accept in ("application/yaml", "text/plain", "text/x-diff", "application/sarif+json"):
        for config in (good, b"adapter: lora\nload_in_8bit: true\nload_in_4bit: true\n", b"adapter: [lora\n"):
            yield "", config, {"Accept": accept}
    envelope = json.dumps({"config": {"adapter": "lora"}, "checkpoint": GPTQ, "options": {"target": "flat"}}).encode()
    yield "", envelope, {"Content-Type": "application/json"}
    yield "", b"{", {"Content-Type": "application/json"}
    yield "?target=nested", good, {}
    yield "", good, {"Accept": "image/png"}
    yield "", good, {"Content-Type": "image/png"}
    yield "", good, {"Host": "example.com"}
    yield "", b"#" * (2 << 20), {}


def requests():
    """Path of the document, method, query or path beside it, body, headers."""
    for query, body, headers in resolve_requests():
        yield "/v1/resolve", "POST", "/v1/resolve" + query, body, headers
    for query, body, headers in (
        ("?include=exclusions", json.dumps(GPTQ).encode(), {}), ("", b"{}", {}), ("", b"[]", {}), ("", b"{", {}),
        ("?include=x", b"{}", {}), ("", b"{}", {"Content-Type": "text/html"}),
    ):
        yield "/v1/inspect", "POST", "/v1/inspect" + query, body, headers
    for query in ("", "?model=org/none", "?model=../../etc"):
        yield "/v1/inspect", "GET", "/v1/inspect" + query, None, {}
    for path in API["paths"]:
        if "get" not in API["paths"][path] or path == "/v1/inspect":
            continue
        real = path.replace("{id}", "torchao-with-gptq")
        yield path, "GET", real, None, {}
        yield path, "GET", real + "?no-such=1", None, {}
        if "304" in API["paths"][path]["get"]["responses"]:
            yield path, "GET", real, None, {"If-None-Match": "*"}
        if "406" in API["paths"][path]["get"]["responses"]:
            yield path, "GET", real, None, {"Accept": "image/png"}
    yield "/v1/rules/{id}", "GET", "/v1/rules/no-such-rule", None, {}
    yield "/readyz", "GET", "/readyz?verbose", None, {}


def check_replies(daemon):
    seen = set()
    for path, method, real, body, headers in requests():
        operation = API["paths"][path][method.lower()]
        check_reply(operation, f"{method} {real}:", daemon.request(method, real, body, headers), seen)
    for rule in daemon.get("/v1/rules").json["rules"]:
        for example in filter(None, (rule["bad"], rule["good"])):
            envelope = {"config": example["config"], "options": {"target": rule["examples_target"]}}
            if example["checkpoint"] and rule["id"] not in ("checkpoint-unreadable", "checkpoint-not-an-object"):
                envelope["checkpoint"] = json.loads(example["checkpoint"])
                if not isinstance(envelope["checkpoint"], dict):
                    continue
            reply = daemon.envelope(envelope)
            check_reply(API["paths"]["/v1/resolve"]["post"], f"example of {rule['id']}:", reply, seen)
    described = {(o["operationId"], 200) for _, _, o, _ in operations() if o["operationId"] not in ("inspectModel", "batch")}
    check(described <= seen, "never seen:", sorted(described - seen))
    return len(seen)


def check_batch(daemon):
    import http.client

    peer = http.client.HTTPConnection(daemon.host, daemon.port)
    body = b"---\n".join(config if config.endswith(b"\n") else config + b"\n" for config, _ in configs())
    schemas = API["paths"]["/v1/batch"]["post"]["responses"]["200"]["content"]
    peer.request("POST", "/v1/batch", body, {"Content-Type": "application/yaml"})
    *items, summary = peer.getresponse().read().splitlines()
    line = {"$ref": "#/components/schemas/BatchLine"}
    for text in (*items, summary):
        for error in errors(line, json.loads(text)):
            check(False, "batch:", error)
    check(sum(json.loads(summary).values()) == len(items), "batch: the summary counts", summary)
    envelopes = json.dumps([{"config": "adapter: lora\n"}, {"config": 7}]).encode()
    peer.request("POST", "/v1/batch", envelopes, {"Content-Type": "application/json", "Accept": "application/json"})
    for error in errors(schemas["application/json"]["schema"], json.loads(peer.getresponse().read())):
        check(False, "batch as one object:", error)
    peer.close()


def check_served(daemon):
    check(daemon.get("/openapi.yaml").body.decode() == TEXT, "/openapi.yaml is another document")
    check(daemon.get("/openapi.json").json == API, "/openapi.json is another document")
    check(daemon.get("/version").json["version"] == API["info"]["version"], "info.version is stale")


def main():
    check_structure()
    check_examples()
    check_routes()
    with Daemon("--log-level", "error", "--limit-drop", "16MiB") as daemon:
        check_tables(daemon)
        check_parameters(daemon)
        kinds = check_replies(daemon)
        check_batch(daemon)
        check_served(daemon)
    print(*failures[:60], sep="\n")
    print(f"{kinds} kinds of replies, {len(failures)} failures")
    sys.exit(1 if failures else 0)


main()
