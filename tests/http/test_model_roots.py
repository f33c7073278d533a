"""Models below model roots: plain folders, and the layout of the hub's cache."""

import json
import os
import struct
import tempfile
import unittest
import urllib.parse

from daemon import Daemon, multipart

OLD = "0123456789abcdef0123456789abcdef01234567"
NEW = "fedcba9876543210fedcba9876543210fedcba98"
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128}
FP8 = {
    "quant_method": "fp8",
    "weight_block_size": [128, 128],
    "modules_to_not_convert": ["lm_head", "model.layers.0.mlp.gate"],
}
EXCLUDED = {
    "quant_method": "fp8",
    "modules_to_not_convert": ["lm_head", "model.layers", "nobody", "(a+)+$[", "*x"],
}
LORA = "adapter: lora\n"
TORCHAO = LORA + "model_quantization_config: {torchao: {weight_dtype: int8}}\n"


def config(block=None, **more):
    whole = {"model_type": "llama", "torch_dtype": "bfloat16", **more}
    if block:
        whole["quantization_config"] = block
    return json.dumps(whole)


def safetensors(tensors):
    """A file of zeros; `tensors` is name → (dtype, shape, bytes)."""
    head, at = {}, 0
    for name, (dtype, shape, size) in tensors.items():
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


class WithRoots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = os.path.join(cls.folder.name, "models")
        cls.hub = os.path.join(cls.folder.name, "hub")
        cls.make_plain()
        cls.make_hub()
        cls.daemon = cls.enterClassContext(
            Daemon("--model-root", cls.root, "--hf-cache", cls.hub)
        )

    @classmethod
    def make_plain(cls):
        weights = safetensors(
            {
                "model.layers.0.self_attn.q_proj.weight": ("BF16", [128, 128], 32768),
                "lm_head.weight": ("BF16", [256, 128], 65536),
            }
        )
        write(f"{cls.root}/org/plain/config.json", config())
        write(f"{cls.root}/org/plain/model.safetensors", weights)
        write(f"{cls.root}/org/gptq/config.json", config(GPTQ))
        write(f"{cls.root}/org/fp8/config.json", config(FP8))
        write(f"{cls.root}/org/model-bnb-4bit/config.json", config())
        write(f"{cls.root}/org/model-bnb-4bit/model.safetensors", weights)
        write(f"{cls.root}/org/excluded/config.json", config(EXCLUDED))
        write(f"{cls.root}/org/excluded/model.safetensors", weights)
        write(f"{cls.folder.name}/outside/config.json", config(GPTQ))
        os.symlink(f"{cls.folder.name}/outside", f"{cls.root}/org/link")
        os.makedirs(f"{cls.root}/org/pipe")
        os.mkfifo(f"{cls.root}/org/pipe/config.json")
        os.makedirs(f"{cls.root}/org/empty")

    @classmethod
    def make_hub(cls):
        model = f"{cls.hub}/models--acme--tower"
        for commit, block in ((OLD, GPTQ), (NEW, FP8)):
            write(f"{model}/blobs/{commit}", config(block))
            snapshot = f"{model}/snapshots/{commit}"
            os.makedirs(snapshot)
            os.symlink(f"../../blobs/{commit}", f"{snapshot}/config.json")
        write(f"{model}/refs/main", NEW)
        write(f"{model}/refs/v1", OLD)

    def inspect(self, model, **more):
        query = urllib.parse.urlencode({"model": model, **more})
        return self.daemon.get("/v1/inspect?" + query)

    def resolve(self, text, query=""):
        return self.daemon.resolve(text, query)


def rules(reply):
    return {
        finding["rule"] for kind in ("errors", "warnings", "notes") for finding in reply.json[kind]
    }


class Resolving(WithRoots):
    def test_base_model_is_found_below_a_root(self):
        reply = self.resolve("base_model: org/gptq\n" + TORCHAO)
        self.assertEqual(reply.status, 422)
        self.assertIn("torchao-on-quantized-checkpoint", rules(reply))
        self.assertEqual(reply.json["checkpoint"]["source"], "model-root")
        self.assertEqual(reply.json["checkpoint"]["model"], "org/gptq")

    def test_base_model_is_found_in_the_cache(self):
        reply = self.resolve("base_model: acme/tower\n" + LORA)
        self.assertEqual(reply.status, 200)
        found = reply.json["checkpoint"]
        self.assertEqual((found["source"], found["quant_method"]), ("hf-cache", "fp8"))
        self.assertEqual(found["revision"], NEW)

    def test_a_revision_is_followed(self):
        for revision in ("v1", OLD):
            text = f'base_model: acme/tower\nrevision_of_model: "{revision}"\n' + LORA
            found = self.resolve(text).json["checkpoint"]
            self.assertEqual((found["quant_method"], found["revision"]), ("gptq", OLD))

    def test_an_unknown_revision_is_not_inspected(self):
        reply = self.resolve("base_model: acme/tower\nrevision_of_model: v9\n" + LORA)
        self.assertIn("checkpoint-not-inspected", rules(reply))
        message = [f for f in reply.json["notes"] if f["rule"] == "checkpoint-not-inspected"]
        self.assertIn("has acme/tower, but it has no revision v9", message[0]["message"])
        self.assertIsNone(reply.json["checkpoint"])

    def test_a_model_that_cannot_be_used(self):
        for model, why in (("org/pipe", "no regular file"), ("org/link", "a link is absolute")):
            reply = self.resolve(f"base_model: {model}\n" + LORA)
            self.assertEqual(reply.status, 200)
            self.assertNotIn("checkpoint-not-inspected", rules(reply))
            told = [f for f in reply.json["warnings"] if f["rule"] == "checkpoint-unusable"]
            self.assertIn(f"{model} is there but cannot be used", told[0]["message"])
            self.assertIn(why, told[0]["message"])
            self.assertEqual(told[0]["locations"][0]["path"], "/base_model")
            reply = self.resolve("base_model: a/b\n" + LORA, f"?checkpoint={model}")
            self.assertIn("checkpoint-unusable", rules(reply))
            self.assertNotIn("checkpoint-not-found", rules(reply))
            reply = self.resolve(f"base_model: {model}\n" + LORA, "?require_checkpoint=true")
            self.assertEqual(reply.status, 422)

    def test_a_path_below_a_root_is_a_name(self):
        for path in (f"{self.root}/org/gptq", f"{self.root}/org/gptq/", "org/gptq/"):
            found = self.resolve(f"base_model: {path}\n" + LORA).json["checkpoint"]
            self.assertEqual((found["source"], found["quant_method"]), ("model-root", "gptq"))
            self.assertEqual(self.inspect(path).json["quant_method"], "gptq")
        snapshot = f"{self.hub}/models--acme--tower/snapshots/{OLD}"
        found = self.resolve(f"base_model: {snapshot}\n" + LORA).json["checkpoint"]
        self.assertEqual((found["source"], found["revision"]), ("hf-cache", OLD))
        for path in (f"{self.folder.name}/outside", f"{self.root}/../outside", "/etc"):
            self.assertIsNone(self.resolve(f"base_model: {path}\n" + LORA).json["checkpoint"])
            self.assertEqual(self.inspect(path).status, 400, path)

    def test_a_plain_root_has_no_revisions(self):
        reply = self.resolve("base_model: org/fp8\nrevision_of_model: v9\n" + LORA)
        self.assertEqual(reply.json["checkpoint"]["quant_method"], "fp8")
        told = [f for f in reply.json["notes"] if f["rule"] == "checkpoint-revision-unseen"]
        self.assertIn("revision v9 cannot be told", told[0]["message"])
        self.assertNotIn(
            "checkpoint-revision-unseen", rules(self.resolve("base_model: org/fp8\n" + LORA))
        )

    def test_another_checkpoint_is_named(self):
        reply = self.resolve("base_model: org/plain\n" + TORCHAO, "?checkpoint=org/fp8")
        self.assertIn("torchao-on-quantized-checkpoint", rules(reply))
        self.assertEqual(reply.json["checkpoint"]["model"], "org/fp8")

    def test_a_named_checkpoint_that_is_not_there(self):
        for name in ("org/nowhere", "../outside", "org/empty"):
            query = "?" + urllib.parse.urlencode({"checkpoint": name})
            reply = self.resolve("base_model: org/fp8\n" + TORCHAO, query)
            self.assertEqual(reply.status, 200, name)
            told = [finding["rule"] for finding in reply.json["warnings"]]
            self.assertEqual(told, ["checkpoint-not-found"], name)
            self.assertNotIn("checkpoint-not-inspected", rules(reply))
            reply = self.resolve("base_model: org/fp8\n" + LORA, query + "&require_checkpoint=true")
            self.assertEqual(reply.status, 422, name)

    def test_none_is_not_looked_up(self):
        reply = self.resolve("base_model: org/gptq\n" + TORCHAO, "?checkpoint=none")
        self.assertEqual(reply.status, 200)
        self.assertIsNone(reply.json["checkpoint"])

    def test_one_that_is_sent_comes_before_the_roots(self):
        body, kind = multipart(
            ("config", "base_model: org/gptq\n" + TORCHAO), ("checkpoint", config())
        )
        reply = self.daemon.post("/v1/resolve", body, kind)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["checkpoint"]["source"], "request")

    def test_a_checkpoint_can_be_required(self):
        missing = "base_model: org/nowhere\n" + LORA
        self.assertEqual(self.resolve(missing).status, 200)
        reply = self.resolve(missing, "?require_checkpoint=true")
        self.assertEqual(reply.status, 422)
        self.assertIn("checkpoint-not-inspected", rules(reply))
        found = self.resolve("base_model: org/plain\n" + LORA, "?require_checkpoint=true")
        self.assertEqual(found.status, 200)

    def test_weights_and_estimate(self):
        nf4 = LORA + "model_quantization_config: {bnb: {weight_dtype: nf4}}\n"
        found = self.resolve("base_model: org/plain\n" + nf4).json["checkpoint"]
        self.assertEqual(found["weights"]["parameters"], 128 * 128 + 256 * 128)
        self.assertEqual(found["weights"]["bytes"], 32768 + 65536)
        self.assertLess(found["estimate"]["bytes_as_requested"], found["weights"]["bytes"])
        # The head stays as it is.
        self.assertGreaterEqual(found["estimate"]["bytes_as_requested"], 65536)

    def test_a_replaced_file_is_seen_at_once(self):
        path = f"{self.root}/org/changing/config.json"
        for block, method in ((None, None), (GPTQ, "gptq"), (FP8, "fp8"), (None, None)):
            write(path + ".new", config(block))
            os.replace(path + ".new", path)
            found = self.resolve("base_model: org/changing\n" + LORA).json["checkpoint"]
            self.assertEqual(found["quant_method"], method)


    def test_a_batch_looks_at_its_model_once(self):
        """What changed just now is not kept; within one request it is remembered all the same."""
        write(f"{self.root}/org/fresh/config.json", config(GPTQ))
        before = self.misses()
        reply = self.daemon.post("/v1/batch", "---\n".join(["base_model: org/fresh\n" + LORA] * 50).encode())
        items = [json.loads(line) for line in reply.body.splitlines()[:-1]]
        self.assertEqual(len(items), 50)
        self.assertEqual({item["checkpoint"]["quant_method"] for item in items}, {"gptq"})
        self.assertEqual(self.misses() - before, 1)

    def misses(self):
        page = self.daemon.get("/metrics").body.decode()
        name = 'quantconf_checkpoint_cache_requests_total{result="miss"} '
        return int(next(line for line in page.splitlines() if line.startswith(name)).split()[-1])


class Inspecting(WithRoots):
    def test_a_model_and_a_revision(self):
        self.assertEqual(self.inspect("acme/tower").json["quant_method"], "fp8")
        self.assertEqual(self.inspect("acme/tower", revision="v1").json["quant_method"], "gptq")
        self.assertEqual(self.inspect("acme/tower", revision="v9").status, 404)

    def test_exclusions_are_listed_when_asked_for(self):
        self.assertNotIn("entries", self.inspect("org/fp8").json["exclusions"])
        listed = self.inspect("org/fp8", include="exclusions").json["exclusions"]
        self.assertEqual(listed["entries"], FP8["modules_to_not_convert"])
        self.assertEqual(listed["count"], 2)

    def test_entries_have_their_matches(self):
        found = self.inspect("org/excluded", include="exclusions").json
        exclusions = found["exclusions"]
        self.assertEqual(exclusions["entries"], ["lm_head", "model.layers", "nobody", "(a+)+$[", "*x"])
        self.assertEqual(
            [(match["entry"], match["modules"]) for match in exclusions["matches"]],
            [("lm_head", 1), ("model.layers", 1), ("nobody", 0), ("(a+)+$[", None), ("*x", None)],
        )
        self.assertEqual(found["weights"]["by_role"], {"attention": 32768, "lm_head": 65536})
        self.assertNotIn("matches", self.inspect("org/excluded").json["exclusions"])
        self.assertNotIn(
            "matches", self.inspect("org/gptq", include="exclusions").json["exclusions"]
        )

    def test_a_folder_that_only_its_name_calls_quantized(self):
        found = self.inspect("org/model-bnb-4bit").json
        self.assertFalse(found["quantized"])
        self.assertEqual(found["weights"]["dtypes"], {"BF16": 2})

    def test_names_that_are_not_there(self):
        for name in ("org/nowhere", "org/empty", "acme/nobody"):
            reply = self.inspect(name)
            self.assertEqual((reply.status, reply.slug), (404, "unknown-model"), name)

    def test_models_that_cannot_be_used(self):
        for name in ("org/pipe", "org/link"):
            reply = self.inspect(name)
            self.assertEqual((reply.status, reply.slug), (404, "unusable-model"), name)
            self.assertNotIn("No model root", reply.json["title"])

    def test_folders_without_config(self):
        reply = self.inspect("org/empty")
        self.assertEqual(reply.json["detail"], "there is no config.json in its folder")

    def test_revisions_that_are_not_there(self):
        for revision in ("v9", "f" * 40):
            reply = self.inspect("acme/tower", revision=revision)
            self.assertEqual((reply.status, reply.slug), (404, "unknown-revision"))
            self.assertEqual(reply.json["parameter"], "revision")
            self.assertIn(revision, reply.json["detail"])
        reply = self.inspect("acme/nobody", revision="v9")
        self.assertEqual((reply.status, reply.slug), (404, "unknown-model"))
        reply = self.inspect("org/fp8", revision="v9")
        self.assertEqual(reply.json["findings"][-1]["rule"], "checkpoint-revision-unseen")

    def test_names_that_lead_out_of_the_root(self):
        names = ("../../etc/passwd", "..", "org/../../outside", "org/..", "a//b", "/etc", "./org")
        for name in (*names, "a\0b", "org/gptq\0/../..", "x" * 5000, "a" * 200 + "/" + "b" * 5000):
            reply = self.inspect(name)
            self.assertIn(reply.status, (400, 404, 414), name)
            self.assertEqual(reply.headers["content-type"], "application/problem+json")
            self.assertNotIn("root:", reply.body.decode())
            self.check_resolve(name)

    def check_resolve(self, name):
        """The same name as base_model: no model is found, and none is read."""
        reply = self.daemon.envelope({"config": {"base_model": name, "adapter": "lora"}})
        if "\0" in name:  # no string of ours holds it
            self.assertEqual(reply.status, 400)
        else:
            self.assertEqual(reply.status, 200, name)
            self.assertIsNone(reply.json["checkpoint"], name)

    def test_revisions_that_lead_out(self):
        for revision in ("../../..", "../v1", "a//b", "\0", "x" * 5000):
            self.assertIn(self.inspect("acme/tower", revision=revision).status, (400, 404, 414))

    def test_links_and_pipes_are_not_followed(self):
        for name in ("org/link", "org/pipe"):
            reply = self.inspect(name)
            self.assertIn(reply.status, (400, 404), name)
            self.assertTrue(reply.json["detail"], name)

    @unittest.skipIf(os.geteuid() == 0, "nothing is unreadable to root")
    def test_an_unreadable_folder(self):
        write(f"{self.root}/org/closed/config.json", config())
        os.chmod(f"{self.root}/org/closed", 0)
        self.addCleanup(os.chmod, f"{self.root}/org/closed", 0o700)
        self.assertEqual(self.inspect("org/closed").status, 404)


class Readiness(unittest.TestCase):
    def test_a_root_that_goes_away(self):
        with tempfile.TemporaryDirectory() as folder:
            root = os.path.join(folder, "models")
            os.mkdir(root)
            # Without --confine-read the new folder would need a restart: test_confinement.
            with Daemon("--model-root", root, "--confine-read", folder) as daemon:
                self.assertEqual(daemon.get("/readyz").status, 200)
                os.rmdir(root)
                reply = daemon.get("/readyz")
                self.assertEqual(reply.status, 503)
                self.assertEqual(reply.json["status"], "model-root-unreadable")
                self.assertEqual(daemon.get("/healthz").status, 200)
                self.check_told_of(daemon, root)
                os.mkdir(root)
                self.assertEqual(daemon.get("/readyz").status, 200)

    def check_told_of(self, daemon, root):
        why = f"no model root that can be opened has org/model; {root} cannot be opened: No such file or directory"
        reply = daemon.resolve("base_model: org/model\n" + LORA)
        told = [f for f in reply.json["warnings"] if f["stage"] == "load"]
        self.assertEqual([f["rule"] for f in told], ["model-root-closed"])
        self.assertIn(why, told[0]["message"])
        self.assertIn("mounted", told[0]["remedy"])
        self.assertEqual(reply.json["notes"], [])
        named = daemon.resolve(LORA, query="?checkpoint=org/model")
        self.assertIn("model-root-closed", rules(named))
        reply = daemon.get("/v1/inspect?model=org/model")
        self.assertEqual((reply.status, reply.slug), (404, "unknown-model"))
        self.assertIn(f"{root} cannot be opened", reply.json["detail"])

    def test_no_root(self):
        with Daemon() as daemon:
            reply = daemon.get("/v1/inspect?model=org/model")
            self.assertEqual((reply.status, reply.slug), (404, "unknown-model"))
            self.assertEqual(daemon.get("/v1/inspect").status, 400)


if __name__ == "__main__":
    unittest.main()
