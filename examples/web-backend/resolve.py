"""Asks quantconfd about a config: resolve() for a web back end, or `python3 resolve.py config.yaml`."""

import http.client
import json
import os
import sys
import urllib.error
import urllib.request

SERVICE = os.environ.get("QUANTCONF_URL", "http://127.0.0.1:8642")
HEADERS = {"Content-Type": "application/yaml"}
if token := os.environ.get("QUANTCONF_TOKEN"):
    HEADERS["Authorization"] = f"Bearer {token}"


def resolve(config):
    """The resolution of a config (bytes). OSError, HTTPException or ValueError when there is none."""
    request = urllib.request.Request(f"{SERVICE}/v1/resolve", config, HEADERS)
    try:
        reply = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:  # 422 and 400 tell of the config: they carry a resolution
        reply = error
    with reply:
        answer = json.load(reply) if reply.headers.get_content_subtype().endswith("json") else None
    if isinstance(answer, dict) and "errors" in answer:
        return answer
    # A problem, which says why in its detail; or some proxy's page, or something else that answers there.
    detail = answer.get("detail") if isinstance(answer, dict) else None
    raise ValueError(f"{SERVICE} answers {reply.status}: {detail or 'no resolution'}")


def main(words):
    if len(words) != 2:
        print(f"usage: {words[0]} CONFIG", file=sys.stderr)
        return 2
    path = words[1]
    try:
        with open(path, "rb") as file:
            resolution = resolve(file.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"{path}: not checked: {error}", file=sys.stderr)
        return 2
    for finding in resolution["errors"] + resolution["warnings"]:
        place = next((f"{at['line']}:{at['column']}: " for at in finding["locations"] if "line" in at), "")
        print(f"{path}:{place}{finding['severity']}: {finding['message']}\n  help: {finding['remedy']}")
    return 0 if resolution["status"] == "ok" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
