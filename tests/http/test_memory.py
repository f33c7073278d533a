"""Memory that runs out while the daemon works: what it answers is right, or 503, and it goes on afterwards."""

import json
import os
import resource
import tempfile
import threading
import unittest

from daemon import BUILD, Daemon, exchanges, multipart

STARVING = os.path.join(os.path.dirname(BUILD), "tests", "chaos", "starvingd")

SMALL = "base_model: org/name\nadapter: qlora\nload_in_4bit: true\n"
LARGE = SMALL + "".join(f"key_{i}: [{i}, text {i}, {{a: {i}}}]\n" for i in range(9000))
IGNORED = ["lm_head", "re:.*self_attn.*", "re:(?:(.)(?=.*))*zz", "nothing.there"]
CONFIG = {
    "model_type": "llama",
    "quantization_config": {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int"}}},
        "ignore": IGNORED + [f"model.layers.{i}.mlp.up_proj" for i in range(5000)],
    },
}


def shard(layers):
    """A safetensors file's head, and as many bytes as it promises."""
    tensors, at = {}, 0
    for layer in range(layers):
        for name in ("self_attn.q_proj.weight", "mlp.up_proj.weight_packed"):
            tensors[f"model.layers.{layer}.{name}"] = {
                "dtype": "I32",
                "shape": [2, 2],
                "data_offsets": [at, at + 16],
            }
            at += 16
    text = json.dumps(tensors).encode()
    return len(text).to_bytes(8, "little") + text + bytes(at)


def requests():
    """Method, target, body and headers of what is asked."""
    form, form_type = multipart(("config", SMALL), ("checkpoint", json.dumps(CONFIG)))
    envelope = json.dumps({"config": SMALL, "checkpoint": CONFIG}).encode()
    small, large = SMALL.encode(), LARGE.encode()
    lines = b"\n".join(json.dumps({"config": SMALL}).encode() for _ in range(20))
    return [
        ("POST", "/v1/resolve", small, {}),
        ("POST", "/v1/resolve?include=migrated,diff", large, {}),
        ("POST", "/v1/resolve", small, {"Accept": "application/yaml"}),
        ("POST", "/v1/resolve", large, {"Accept": "text/plain"}),
        ("POST", "/v1/resolve", large, {"Accept": "application/sarif+json"}),
        ("POST", "/v1/resolve", form, {"Content-Type": form_type}),
        ("POST", "/v1/resolve", envelope, {"Content-Type": "application/json"}),
        ("POST", "/v1/inspect", json.dumps(CONFIG).encode(), {}),
        ("GET", "/v1/inspect?model=org/name&include=exclusions", None, {}),
        ("GET", "/v1/inspect?model=no/such", None, {}),
        ("POST", "/v1/batch", lines, {"Content-Type": "application/x-ndjson"}),
        ("GET", "/v1/rules", None, {}),
        ("GET", "/openapi.json", None, {}),
    ]


class Asked:
    """One request, and what became of it however often it was asked."""

    def __init__(self, daemon, request, good=None):
        """`good`: the right status and body; without, those that it is answered now."""
        self.daemon, self.request = daemon, request
        if not good:
            reply = self.ask()
            good = (reply.status, reply.body)
        self.good = good
        self.right = self.refused = self.lost = 0
        self.wrong = []

    def ask(self):
        return self.daemon.request(*self.request)

    def ask_again(self):
        try:
            reply = self.ask()
        except (OSError, EOFError, ValueError):  # cut off, perhaps in the middle of chunks
            self.lost += 1
            return
        if (reply.status, reply.body) == self.good:
            self.right += 1
        elif reply.status == 503 and reply.slug == "no-memory" and "retry-after" in reply.headers:
            self.refused += 1
        elif self.is_partly_refused(reply):
            self.refused += 1
        else:
            self.wrong.append((self.request[:2], reply.status, reply.body[:500]))

    def is_partly_refused(self, reply):
        """In a batch it is single items; the sum at its end differs by them."""
        if self.request[1] != "/v1/batch" or reply.status != 200:
            return False
        lines, good = reply.body.splitlines(), self.good[1].splitlines()
        return len(lines) == len(good) and all(
            line == other or b"urn:quantconf:problem:no-memory" in line
            for line, other in zip(lines[:-1], good[:-1])
        )


class Models(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        model = os.path.join(folder.name, "org", "name")
        os.makedirs(model)
        with open(os.path.join(model, "config.json"), "w", encoding="utf-8") as file:
            json.dump(CONFIG, file)
        with open(os.path.join(model, "model.safetensors"), "wb") as file:
            file.write(shard(2000))
        self.options = ("--log-level", "error", "--model-root", folder.name)

    def storm(self, asked, rounds):
        """Everything at once, and again."""
        before = len(exchanges)

        def run(first):
            for i in range(rounds * len(asked)):
                asked[(first + i) % len(asked)].ask_again()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        del exchanges[before:]  # they are many, and all alike
        self.assertEqual([wrong for each in asked for wrong in each.wrong], [])

    def assert_all_right(self, asked):
        for each in asked:
            reply = each.ask()
            self.assertEqual((reply.status, reply.body), each.good, each.request[:2])


def size_of(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise AssertionError(field)


class LittleMemory(Models):
    def test_only_right_answers_or_503(self):
        with Daemon(*self.options, "--workers", "4") as daemon:
            if "sanitize" in daemon.get("/version").json["build"]["flags"]:
                self.skipTest("sanitizers need all addresses there are")
            # Before the workers have taken what they need for these.
            asked = [Asked(daemon, request) for request in requests()]
            pid, none = daemon.process.pid, resource.RLIM_INFINITY
            more = 1 << 20
            resource.prlimit(pid, resource.RLIMIT_AS, (size_of(pid, "VmSize") + more, none))
            resource.prlimit(pid, resource.RLIMIT_DATA, (size_of(pid, "VmData") + more, none))
            self.storm(asked, 4)
            resource.prlimit(pid, resource.RLIMIT_AS, (none, none))
            resource.prlimit(pid, resource.RLIMIT_DATA, (none, none))
            self.assertGreater(sum(each.refused for each in asked), 0, "there was enough")
            self.assertGreater(sum(each.right for each in asked), 0)
            self.assert_all_right(asked)


class RefusedMemory(Models):
    def test_only_right_answers_or_503(self):
        """Each of these daemons is refused other requests for memory, of those that its libraries make, too."""
        with Daemon(*self.options, program=STARVING) as daemon:
            good = [Asked(daemon, request) for request in requests()]
        for every in (5003, 1009, 211):
            with Daemon(*self.options, program=STARVING, env={"QUANTCONF_STARVE": str(every)}) as daemon:
                asked = [Asked(daemon, each.request, each.good) for each in good]
                self.storm(asked, 2)
                self.assertGreater(sum(each.refused for each in asked), 0)
                self.assertGreater(sum(each.right for each in asked), 0)


if __name__ == "__main__":
    unittest.main()
