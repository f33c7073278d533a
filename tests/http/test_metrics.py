"""The Prometheus text, read strictly, and that nobody can make it grow."""

import re
import shutil
import subprocess
import time
import unittest
import uuid

from daemon import PATIENCE, Daemon

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(
    rf"({NAME})(?:\{{((?:[a-zA-Z_]\w*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\}})? (\S+)\Z"
)
LABEL = re.compile(r"([a-zA-Z_]\w*)=\"((?:[^\"\\\n]|\\[\\\"n])*)\"")


def parse(text):
    """{(name, labels): value}; fails on whatever the format does not allow."""
    assert text.endswith("\n")
    samples, types, helped, family = {}, {}, set(), None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in helped, f"{family} has two blocks"
            helped.add(family)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and name not in types, line
            assert kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
            continue
        found = SAMPLE.match(line)
        assert found, line
        name, labels, value = found.groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name) if types[family] == "histogram" else name
        assert base == family, f"{line} stands in the block of {family}"
        assert types[family] != "counter" or name.endswith("_total"), line
        key = (name, tuple(LABEL.findall(labels or "")))
        assert key not in samples, f"{line} comes twice"
        samples[key] = float(value)
    check_histograms(samples, [name for name, kind in types.items() if kind == "histogram"])
    return samples


def check_histograms(samples, names):
    for name in names:
        series = {}
        for (sample, labels), value in samples.items():
            if sample == name + "_bucket":
                rest = tuple(pair for pair in labels if pair[0] != "le")
                bound = float(dict(labels)["le"].replace("+Inf", "inf"))
                series.setdefault(rest, []).append((bound, value))
        assert series, name
        for labels, buckets in series.items():
            assert buckets == sorted(buckets), f"{name} {labels}: bounds are not in order"
            counts = [count for _, count in buckets]
            assert counts == sorted(counts), f"{name} {labels}: counts fall"
            assert buckets[-1][0] == float("inf")
            assert counts[-1] == samples[(name + "_count", labels)]
            assert (name + "_sum", labels) in samples


def value(samples, name, **labels):
    for (sample, pairs), number in samples.items():
        if sample == name and labels.items() <= dict(pairs).items():
            return number
    return None


GOOD = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"


class Metrics(unittest.TestCase):
    def scrape(self, daemon):
        reply = daemon.get("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        return parse(reply.body.decode())

    def test_counts(self):
        with Daemon("--workers", "1") as daemon:
            for _ in range(5):
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            self.assertEqual(daemon.resolve("adapter: [").status, 400)
            samples = self.scrape(daemon)
            route = {"route": "/v1/resolve", "method": "POST"}
            requests = "quantconf_http_requests_total"
            self.assertEqual(value(samples, requests, code="2xx", **route), 5)
            self.assertEqual(value(samples, requests, code="4xx", **route), 1)
            duration = "quantconf_http_request_duration_seconds"
            self.assertEqual(value(samples, duration + "_count", **route), 6)
            self.assertGreater(value(samples, duration + "_sum", **route), 0)
            self.assertIsNotNone(value(samples, duration + "_bucket", le="0.00025", **route))
            self.assertEqual(value(samples, "quantconf_resolutions_total", status="ok"), 5)
            self.assertEqual(value(samples, "quantconf_resolutions_total", status="unreadable"), 1)
            self.assertEqual(value(samples, "quantconf_findings_total", rule="yaml-syntax"), 1)
            self.assertEqual(value(samples, "quantconf_dialects_total", dialect="flags"), 5)
            self.assertEqual(value(samples, "quantconf_workers"), 1)
            self.assertEqual(value(samples, "quantconf_http_requests_in_flight"), 1)
            self.assertGreaterEqual(value(samples, "quantconf_connections"), 1)
            self.assertEqual(value(samples, "quantconf_connections_accepted_total"), 7)
            self.assertEqual(value(samples, "quantconf_http_request_size_bytes_count"), 6)
            self.assertEqual(value(samples, "quantconf_build_info"), 1)

    def test_workers_are_added_up(self):
        with Daemon("--workers", "3") as daemon:
            for _ in range(30):
                self.assertEqual(daemon.resolve(GOOD).status, 200)
            # A request counts once its reply is sent, which another worker may see a moment later.
            deadline = time.monotonic() + PATIENCE
            while value(self.scrape(daemon), "quantconf_http_request_size_bytes_count") < 30:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(
                value(self.scrape(daemon), "quantconf_resolutions_total", status="ok"), 30
            )

    def test_process(self):
        with Daemon() as daemon:
            samples = self.scrape(daemon)
            self.assertGreater(value(samples, "process_resident_memory_bytes"), 100000)
            self.assertGreater(value(samples, "process_open_fds"), 4)
            self.assertGreater(value(samples, "process_start_time_seconds"), 1.6e9)
            self.assertGreaterEqual(value(samples, "process_cpu_seconds_total"), 0)

    def test_process_without_proc(self):
        """What is not known is not there, rather than 0."""
        with Daemon() as daemon:
            if "sanitize" in daemon.get("/version").json["build"]["flags"]:
                self.skipTest("sanitizers need it")
        hide = ["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$0" "$@"']
        if not shutil.which("unshare") or subprocess.run([*hide, "true"], capture_output=True, check=False).returncode:
            self.skipTest("/proc cannot be hidden here")
        hidden = Daemon()
        hidden.command = [*hide, *hidden.command]
        with hidden as daemon:
            samples = self.scrape(daemon)
            for name in ("resident_memory_bytes", "virtual_memory_bytes", "open_fds", "start_time_seconds"):
                self.assertNotIn(f"process_{name}", str(samples))
            self.assertGreater(value(samples, "process_max_fds"), 4)

    def test_labels_stay_bounded(self):
        with Daemon("--workers", "1", "--model-root", "/nonexistent") as daemon:

            def ask(word):
                daemon.get("/" + word)
                daemon.get("/v1/rules/" + word)
                daemon.request("X" + word[:8].upper(), "/v1/resolve")
                daemon.get(f"/v1/inspect?model={word}/{word}")
                daemon.resolve(f"base_model: org/{word}\n{word}: 1\nadapter: {word}\n")

            ask("x" + uuid.uuid4().hex)
            before = self.scrape(daemon)
            words = ["x" + uuid.uuid4().hex for _ in range(20)]
            for word in words:
                ask(word)
            text = daemon.get("/metrics").body.decode()
            after = parse(text)
            appeared = {key for key in after if key not in before}
            self.assertLessEqual({dict(labels).get("route") for _, labels in appeared}, {"/metrics"})
            for word in words:
                self.assertNotIn(word, text)
                self.assertNotIn(word[:8].upper(), text)
            self.assertGreaterEqual(
                value(after, "quantconf_http_requests_total", route="other", code="4xx"), 21
            )

    def test_promtool(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("there is no promtool")
        with Daemon() as daemon:
            daemon.resolve(GOOD)
            text = daemon.get("/metrics").body
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, capture_output=True, check=False
        )
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
