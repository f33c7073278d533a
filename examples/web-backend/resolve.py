"""Asks quantconfd about a config: resolve() for a web back end, or `python3 resolve.py config.yaml`."""

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
    """The resolution of a config (bytes). URLError when there is none: no service, or a request it refuses."""
    request = urllib.request.Request(f"{SERVICE}/v1/resolve", config, HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:  # 422 and 400 tell of the config: they carry a resolution
        if error.headers.get_content_type() != "application/json":
            raise
        return json.load(error)


def main(path):
    try:
        with open(path, "rb") as file:
            resolution = resolve(file.read())
    except OSError as error:  # URLError is one
        print(f"{path}: not checked: {error}", file=sys.stderr)
        return 2
    for finding in resolution["errors"] + resolution["warnings"]:
        place = next((f"{at['line']}:{at['column']}: " for at in finding["locations"] if "line" in at), "")
        print(f"{path}:{place}{finding['severity']}: {finding['message']}\n  help: {finding['remedy']}")
    return 0 if resolution["status"] == "ok" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
