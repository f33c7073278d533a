"""POST /v1/resolve and /v1/inspect: the request forms, parameters, statuses and reply forms."""

import json
import unittest

from daemon import Daemon, multipart

QLORA = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
INT8 = "base_model: example/model\nadapter: lora\nload_in_8bit: true\n"
BROKEN = """base_model: example/model
adapter: lora
model_quantization_config:
  torchao:
    weight_dtype: int8
gptq: true
"""
GPTQ_CHECKPOINT = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128},
}


def rules(reply):
    return [finding["rule"] for kind in ("errors", "warnings", "notes") for finding in reply.json[kind]]


class Resolve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def check_problem(self, reply, status, slug):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "application/problem+json")
        self.assertEqual(reply.slug, slug)

    # --- forms of a request ---

    def test_yaml_under_every_type(self):
        expected = self.daemon.resolve(QLORA)
        self.assertEqual(expected.status, 200)
        self.assertEqual(expected.json["status"], "ok")
        self.assertEqual(expected.json["effective"]["quantization"]["weight_dtype"], "nf4")
        for kind in (
            "application/yaml",
            "text/yaml",
            "text/x-yaml",
            "application/x-yaml",
            "text/plain",
            "application/x-www-form-urlencoded",
            "Application/YAML; charset=UTF-8",
            "text/plain;charset=utf-8",
        ):
            with self.subTest(kind):
                reply = self.daemon.resolve(QLORA, content_type=kind)
                self.assertEqual(reply.status, 200)
                self.assertEqual(reply.body, expected.body)

    def test_chunked_body(self):
        data = QLORA.encode()
        chunks = b"".join(
            b"%x\r\n%s\r\n" % (len(data[i : i + 9]), data[i : i + 9]) for i in range(0, len(data), 9)
        )
        reply = self.daemon.raw(
            b"POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunks
            + b"0\r\n\r\n"
        )
        self.assertEqual(reply.body, self.daemon.resolve(QLORA).body)

    def test_multipart(self):
        body, kind = multipart(("config", QLORA))
        reply = self.daemon.resolve(body, content_type=kind)
        self.assertEqual(reply.body, self.daemon.resolve(QLORA).body)
        body, kind = multipart(
            ("checkpoint", json.dumps(GPTQ_CHECKPOINT), "config.json"), ("config", QLORA, "a.yaml")
        )
        reply = self.daemon.resolve(body, content_type=kind)
        self.assertEqual(reply.json["checkpoint"]["quant_method"], "gptq")
        self.assertEqual(reply.json["checkpoint"]["source"], "request")

    def test_multipart_with_quoted_boundary_preamble_and_epilogue(self):
        body, _ = multipart(("config", QLORA), boundary="a b:c")
        reply = self.daemon.resolve(
            b"preamble\r\n" + body + b"epilogue",
            content_type='multipart/form-data; charset=x; boundary="a b:c"',
        )
        self.assertEqual(reply.body, self.daemon.resolve(QLORA).body)

    def test_multipart_file_name_is_shown(self):
        for sent, shown in (
            ("dir/mine.yaml", "dir/mine.yaml"),
            ("a%22b%22.yaml", 'a"b".yaml'),  # as browsers and curl send quotes, and nothing else
            ("100%25 %2.yaml", "100%25 %2.yaml"),
            ("a%0Ab.yaml%22", 'a%0Ab.yaml"'),
            ("a\x07b.yaml", "config.yaml"),
        ):
            body, kind = multipart(("config", BROKEN, sent))
            reply = self.daemon.resolve(body, content_type=kind, accept="text/plain")
            self.assertTrue(reply.body.decode().startswith(shown + ":"), reply.body)
        reply = self.daemon.resolve(
            body, "?filename=other.yaml", content_type=kind, accept="text/plain"
        )
        self.assertIn(b"other.yaml:", reply.body)

    def test_the_name_comes_back(self):
        named = self.daemon.resolve(QLORA, "?filename=configs/a%22b.yaml")
        self.assertTrue(named.body.startswith(b'{"filename":"configs/a\\"b.yaml","status":"ok",'))
        self.assertEqual(named.body.partition(b",")[2], self.daemon.resolve(QLORA).body[1:])
        self.assertEqual(self.daemon.envelope({"config": QLORA, "options": {"filename": "e.yaml"}}).json["filename"], "e.yaml")

    def test_envelope_with_text(self):
        reply = self.daemon.envelope({"config": QLORA})
        self.assertEqual(reply.body, self.daemon.resolve(QLORA).body)
        envelope = json.dumps({"config": QLORA})
        self.assertEqual(self.daemon.resolve(envelope, content_type="text/json").body, reply.body)
        reply = self.daemon.envelope({"config": QLORA, "checkpoint": GPTQ_CHECKPOINT})
        self.assertEqual(reply.json["checkpoint"]["quant_method"], "gptq")

    def test_envelope_that_comes_as_yaml(self):
        """Of all that it holds nothing would be looked at; other configs may have a key of that name."""
        for envelope in ({"config": QLORA}, {"config": {"adapter": "qlora"}, "checkpoint": None, "options": {"target": "flat"}}):
            reply = self.daemon.resolve(json.dumps(envelope), content_type="application/yaml")
            self.assertEqual((reply.status, [e["rule"] for e in reply.json["errors"]]), (422, ["config-in-envelope"]))
            self.assertEqual(reply.json["errors"][0]["locations"][0]["path"], "/config")
        for config in ("config: {a: 1}\nadapter: lora\n", "config:\n", "config: [1]\n", "options: {a: 1}\n"):
            self.assertEqual(self.daemon.resolve(config).json["errors"], [])

    def test_envelope_with_an_object(self):
        config = {"base_model": "example/model", "adapter": "lora", "load_in_8bit": True}
        for value in ({"config": config}, {"config": config, "checkpoint": None, "options": None}, config):
            reply = self.daemon.envelope(value)
            self.assertEqual(reply.status, 200, reply.body)
            self.assertEqual(reply.json["effective"]["quantization"]["weight_dtype"], "int8")
            for finding in reply.json["warnings"]:
                for place in finding["locations"]:
                    self.assertNotIn("line", place)

    def test_envelope_options(self):
        reply = self.daemon.envelope({"config": INT8, "options": {"target": "flat"}})
        self.assertEqual(reply.json["target"], "flat")
        reply = self.daemon.envelope(
            {"config": INT8, "options": {"target": "flat"}}, "?target=released"
        )
        self.assertEqual(reply.json["target"], "released")
        for invalid in (200, "200"):
            reply = self.daemon.envelope({"config": BROKEN, "options": {"on_invalid": invalid}})
            self.assertEqual(reply.status, 200)
        for required in (True, "true"):
            reply = self.daemon.envelope(
                {"config": QLORA, "options": {"require_checkpoint": required}}
            )
            self.assertEqual(reply.status, 422)
        for include in ("migrated,diff", ["migrated", "diff"]):
            reply = self.daemon.envelope({"config": QLORA, "options": {"include": include}})
            self.assertIn("migrated", reply.json)
            self.assertIn("diff", reply.json)

        plain = self.daemon.envelope({"config": QLORA}).body
        self.assertEqual(self.daemon.envelope({"config": QLORA, "options": {"include": []}}).body, plain)

    def test_envelope_under_a_type_that_tools_send_unasked(self):
        body = json.dumps({"config": BROKEN, "options": {"target": "flat"}})
        expected = self.daemon.resolve(body, content_type="application/json")
        self.assertEqual(expected.status, 422)
        for kind in (None, "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"):
            self.assertEqual(self.daemon.resolve(body, content_type=kind).body, expected.body)

    # --- parameters ---

    def test_targets(self):
        for target in ("canonical", "flat", "released"):
            reply = self.daemon.resolve(QLORA, f"?target={target}")
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.json["target"], target)

    def test_include(self):
        plain = self.daemon.resolve(QLORA).json
        self.assertNotIn("migrated", plain)
        self.assertNotIn("diff", plain)
        reply = self.daemon.resolve(QLORA, "?include=diff,%20migrated").json
        self.assertIn("model_quantization_config", reply["migrated"])
        self.assertIn("-load_in_4bit: true", reply["diff"])

    def test_checkpoint_parameter(self):
        looked_up = self.daemon.resolve(QLORA)
        self.assertIn("checkpoint-not-inspected", rules(looked_up))
        without = self.daemon.resolve(QLORA, "?checkpoint=none")
        self.assertNotIn("checkpoint-not-inspected", rules(without))
        required = self.daemon.resolve(QLORA, "?require_checkpoint=true")
        self.assertEqual(required.status, 422)
        self.assertEqual(
            self.daemon.resolve(QLORA, "?require_checkpoint=false").body, looked_up.body
        )

    def test_checkpoint_twice_is_refused(self):
        value = {"config": QLORA, "checkpoint": GPTQ_CHECKPOINT}
        for model in ("none", "other/model"):
            inside = {**value, "options": {"checkpoint": model}}
            for reply in (self.daemon.envelope(value, f"?checkpoint={model}"), self.daemon.envelope(inside)):
                self.check_problem(reply, 400, "bad-parameter")
                self.assertEqual(reply.json["parameter"], "checkpoint")

    def test_bad_parameters(self):
        for query, name, allowed in (
            ("target=nested", "target", "flat"),
            ("target", "target", "released"),
            ("targets=flat", "targets", "target"),
            ("target=flat&target=flat", "target", "canonical"),
            ("require_checkpoint=yes", "require_checkpoint", "true"),
            ("include=everything", "include", "exclusions"),
            ("include=diff,,migrated", "include", "diff"),
            ("include=", "include", "migrated"),
            ("on_invalid=500", "on_invalid", "422"),
            ("checkpoint=", "checkpoint", None),
            ("filename=a%0Ab", "filename", None),
            ("filename=%FF", "filename", None),
            ("filename=" + "x" * 1025, "filename", None),
        ):
            with self.subTest(query):
                reply = self.daemon.resolve(QLORA, "?" + query)
                self.check_problem(reply, 400, "bad-parameter")
                self.assertEqual(reply.json["parameter"], name)
                self.assertIn(f'"{name}"', reply.json["detail"])
                if allowed:
                    self.assertIn(allowed, reply.json["allowed"])
                    self.assertIn(allowed, reply.json["detail"])
                else:
                    self.assertNotIn("allowed", reply.json)

    def test_bad_options(self):
        for options in (
            {"target": "x"},
            {"tarket": "flat"},
            {"include": ["x"]},
            {"on_invalid": 500},
            {"target": ["flat"]},
            {"filename": ["a", "b"]},
        ):
            reply = self.daemon.envelope({"config": QLORA, "options": options})
            self.check_problem(reply, 400, "bad-parameter")
            self.assertEqual(reply.json["parameter"], next(iter(options)))

    # --- statuses ---

    def test_statuses(self):
        self.assertEqual(self.daemon.resolve(QLORA).status, 200)
        reply = self.daemon.resolve(BROKEN)
        self.assertEqual(reply.status, 422)
        self.assertEqual(reply.json["status"], "rejected")
        self.assertIn("torchao-with-gptq", rules(reply))
        softened = self.daemon.resolve(BROKEN, "?on_invalid=200")
        self.assertEqual(softened.status, 200)
        self.assertEqual(softened.body, reply.body)
        self.assertEqual(self.daemon.resolve("a: [").status, 400)
        self.assertEqual(self.daemon.resolve("a: [", "?on_invalid=200").status, 400)

    def test_the_same_request_gives_the_same_bytes(self):
        for config in (QLORA, BROKEN, "a: ["):
            bodies = {self.daemon.resolve(config, "?include=diff").body for _ in range(3)}
            self.assertEqual(len(bodies), 1)

    def test_counts_are_logged(self):
        self.daemon.resolve(BROKEN, x_request_id="counted")
        line = self.daemon.wait_for_log("id=counted ")
        self.assertRegex(line, r"status=422 .* errors=[1-9]")

    # --- forms of a reply ---

    def test_text(self):
        reply = self.daemon.resolve(BROKEN, "?filename=mine.yaml", accept="text/plain")
        self.assertEqual(reply.status, 422)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertRegex(reply.body.decode(), r"mine\.yaml:\d+:\d+: error: .*\[torchao-with-gptq\]")
        self.assertNotIn(b"\x1b", reply.body)

    def test_accept(self):
        for accept, kind in (
            ("*/*", "application/json"),
            ("text/*", "text/plain; charset=utf-8"),
            ("text/plain, application/json", "application/json"),
            ("text/plain, application/json;q=0.9", "text/plain; charset=utf-8"),
            ("text/plain;q=0.1, */*;q=0.2", "application/json"),
            ("application/json;q=0, */*;q=0.5, text/plain", "text/plain; charset=utf-8"),
            ("application/json;q=0, text/*", "text/plain; charset=utf-8"),
            ("application/sarif+json", "application/sarif+json"),
            ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ):
            with self.subTest(accept):
                reply = self.daemon.resolve(QLORA, accept=accept)
                self.assertEqual(reply.headers["content-type"], kind)
        reply = self.daemon.resolve(QLORA, accept="image/png")
        self.check_problem(reply, 406, "not-acceptable")
        for kind in ("application/json", "application/yaml", "text/plain", "text/x-diff"):
            self.assertIn(kind, reply.json["allowed"])

    def test_accept_in_several_lines(self):
        head = "POST /v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(QLORA)
        for lines, kind in (
            (("image/png", "text/plain"), "text/plain"),
            (("text/plain;q=0.1", "application/yaml;q=0.2"), "application/yaml"),
            (("*/*", "application/json;q=0"), "application/yaml"),
        ):
            fields = "".join(f"Accept: {line}\r\n" for line in lines)
            reply = self.daemon.raw((head + fields + "\r\n" + QLORA).encode())
            self.assertEqual(reply.headers["content-type"].partition(";")[0], kind)

    def test_migrated_text(self):
        config = "# mine\n" + QLORA + "\nseed: 7  # lucky\n"
        expected = self.daemon.resolve(config, "?include=migrated,diff").json
        reply = self.daemon.resolve(config, accept="application/yaml")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["content-type"], "application/yaml")
        self.assertEqual(reply.body.decode(), expected["migrated"])
        self.assertIn(b"seed: 7  # lucky\n", reply.body)
        again = self.daemon.resolve(reply.body, accept="application/yaml")
        self.assertEqual(again.body, reply.body)
        diff = self.daemon.resolve(config, accept="text/x-diff")
        self.assertEqual(diff.headers["content-type"], "text/x-diff; charset=utf-8")
        self.assertEqual(diff.body.decode(), expected["diff"])

    def test_no_migrated_text(self):
        for kind in ("application/yaml", "text/x-diff"):
            for config, query, status in (
                (BROKEN, "", 422),
                (BROKEN, "?on_invalid=200", 422),
                ("a: [", "", 400),
            ):
                reply = self.daemon.resolve(config, query, accept=kind)
                self.assertEqual(reply.status, status)
                self.assertEqual(reply.headers["content-type"], "application/json")
                self.assertEqual(reply.json["status"], "rejected")

    def test_sarif(self):
        reply = self.daemon.resolve(BROKEN, accept="application/sarif+json")
        self.assertEqual(reply.status, 422)
        self.assertEqual(reply.json["version"], "2.1.0")
        found = [result["ruleId"] for result in reply.json["runs"][0]["results"]]
        self.assertIn("torchao-with-gptq", found)

    # --- inspect ---

    def test_inspect(self):
        reply = self.daemon.post("/v1/inspect", json.dumps(GPTQ_CHECKPOINT), "application/json")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.json["quant_method"], "gptq")
        self.assertTrue(reply.json["quantized"])
        odd = self.daemon.post("/v1/inspect", '{"quantization_config": "odd"}')
        self.assertEqual(odd.status, 200)
        self.assertTrue(odd.json["findings"])

    def test_checkpoints_as_python_writes_them(self):
        """Of `"time_step_limit": [0.0, Infinity]`, say: json.dumps() writes what is no JSON, and json.load() reads it."""
        checkpoint = dict(GPTQ_CHECKPOINT, time_step_limit=[0.0, float("inf"), float("-inf"), float("nan")])
        text = json.dumps(checkpoint)
        self.assertIn("[0.0, Infinity, -Infinity, NaN]", text)
        plain = self.daemon.post("/v1/inspect", json.dumps(GPTQ_CHECKPOINT))
        self.assertEqual(self.daemon.post("/v1/inspect", text).body, plain.body)
        envelope = json.dumps({"config": "adapter: lora\n", "checkpoint": checkpoint})
        reply = self.daemon.resolve(envelope, content_type="application/json")
        self.assertEqual((reply.status, reply.json["checkpoint"]["quant_method"]), (200, "gptq"), reply.body)
        for kind, body in (("application/json", f"[{envelope},{envelope}]"), ("application/x-ndjson", f"{envelope}\n{envelope}\n")):
            reply = self.daemon.post("/v1/batch", body, kind)
            lines = [json.loads(line) for line in reply.body.splitlines()]
            self.assertEqual([line.get("status") for line in lines[:2]], ["ok", "ok"], reply.body)
        odd = json.dumps({"quantization_config": {"quant_method": "gptq", "bits": float("nan")}})
        finding = self.daemon.post("/v1/inspect", odd).json["findings"][0]
        self.assertIn("is NaN", finding["message"])

    def test_nothing_else_is_read_as_python_writes_it(self):
        for body in (
            '{"config": {"learning_rate": NaN}}',
            '{"config": "adapter: lora", "options": {"target": Infinity}}',
            '{"config": "adapter: lora", "checkpoint": {}, "options": {"include": [-Infinity]}}',
            '{"config": NaN, "checkpoint": {"a": NaN}}',
            '{"learning_rate": NaN, "checkpoint": NaN}',
            "NaN",
        ):
            with self.subTest(body):
                self.check_problem(self.daemon.resolve(body, content_type="application/json"), 400, "bad-envelope")
        reply = self.daemon.resolve('{"config": {"adapter": "lora",\n "lr": NaN}}', content_type="application/json")
        self.assertIn('outside of a "checkpoint" there is no NaN (line 2, column 8)', reply.json["detail"])

    def test_byte_order_mark_before_a_checkpoint(self):
        reply = self.daemon.post("/v1/inspect", b"\xef\xbb\xbf{}", "application/json")
        self.check_problem(reply, 400, "bad-checkpoint")
        self.assertIn("byte order mark", reply.json["detail"])

    def test_inspect_for_people(self):
        reply = self.daemon.post("/v1/inspect", json.dumps(GPTQ_CHECKPOINT), accept="text/plain")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["content-type"], "text/plain; charset=utf-8")
        self.assertTrue(reply.body.startswith(b"config.json: quantized with gptq: int4, groups of 128\n"), reply.body)
        for name, body, engines in (
            ("quantize_config.json", '{"bits": 4, "group_size": 128, "desc_act": false}', "vllm, sglang, gptqmodel"),
            ("quantization_config.json", '{"quant_method": "auto-round", "bits": 4}', "vllm, sglang"),
        ):
            lines = self.daemon.post("/v1/inspect", body, accept="text/plain").body.decode().splitlines()
            self.assertTrue(lines[0].startswith(f"{name}: quantized with "), lines)
            self.assertIn(f"  declared    in {name}, read by {engines}", lines)
            self.assertIn("  loading     config.json decides, which is not here", lines)
            self.assertIn("[checkpoint-side-file-alone]", "".join(lines))
        refused = self.daemon.post("/v1/inspect", "{}", accept="text/x-diff")
        self.check_problem(refused, 406, "not-acceptable")
        self.assertEqual(refused.json["allowed"], ["application/json", "text/plain"])

    def test_inspect_wants_an_object(self):
        for body in ("", "[]", "7", '"x"', "{", '{"a": 1} trailing', b"\xff\xfe{"):
            with self.subTest(body):
                reply = self.daemon.post("/v1/inspect", body)
                self.check_problem(reply, 400, "bad-checkpoint")
        reply = self.daemon.post("/v1/inspect", "{}", "application/yaml")
        self.check_problem(reply, 415, "unsupported-type")
        reply = self.daemon.post("/v1/inspect?include=diff", "{}")
        self.check_problem(reply, 400, "bad-parameter")


class DefaultTarget(unittest.TestCase):
    def test_option(self):
        with Daemon("--default-target", "released") as daemon:
            self.assertEqual(daemon.resolve(QLORA).json["target"], "released")
            self.assertEqual(daemon.resolve(QLORA, "?target=flat").json["target"], "flat")


if __name__ == "__main__":
    unittest.main()
