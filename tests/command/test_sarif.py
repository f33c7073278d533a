"""SARIF: one log for any number of files, valid by the schema of OASIS, with fixes that repair."""

import json
import os
import unittest

from command import CONFLICT, QLORA, SOURCE, UNREADABLE, CommandTest

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = os.path.join("npm", "node_modules", "@microsoft", "jest-sarif", "lib", "schemas", "sarif-2.1.0-rtm.5.json")
FIXED = "adapter: lora\nmodel_quantization_config: {torchao: {weight_dtype: int8}}\ngptq: true  # \u00e9\nlora_r: 8\nlora_r: 16\n"


def configs():
    """Those of the tests' cases and migrations."""
    for top in ("cases", "migrations"):
        for folder, _, names in sorted(os.walk(os.path.join(SOURCE, "tests", top))):
            yield from (os.path.join(folder, name) for name in names if name.endswith(".yaml"))


def at(text, line, column):
    """The place in the text, in code points."""
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + column - 1


class Sarif(CommandTest):
    def report(self, *arguments, status, **options):
        outcome = self.run_it("resolve", "-o", "sarif", "--checkpoint", "none", *arguments, **options)
        self.assertEqual(outcome.status, status, outcome.stderr)
        self.assertEqual(outcome.json["version"], "2.1.0")
        (run,) = outcome.json["runs"]
        return run

    def test_several_files_are_one_log(self):
        for name, text in (("f/a b.yaml", CONFLICT), ("f/c.yaml", UNREADABLE), ("f/d.yaml", QLORA)):
            self.write(name, text)
        run = self.report("f", status=1)
        found = []
        for result in run["results"]:
            self.assertEqual(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], result["ruleId"])
            found.append((result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], result["ruleId"]))
        self.assertIn(("f/a%20b.yaml", "qlora-not-4bit"), found)
        self.assertIn(("f/c.yaml", "yaml-syntax"), found)
        self.assertIn(("f/d.yaml", "deprecated-qlora-adapter"), found)
        self.assertNotIn("invocations", run)

    def test_no_file_is_a_log_without_results(self):
        os.mkdir(self.path("empty"))
        run = self.report("empty", status=3)
        self.assertEqual((run["results"], run["invocations"]), ([], [{"executionSuccessful": False}]))

    def test_a_file_that_cannot_be_read_is_no_success(self):
        self.write("a.yaml", QLORA)
        run = self.report("missing.yaml", "a.yaml", status=3)
        self.assertEqual(run["invocations"], [{"executionSuccessful": False}])
        self.assertTrue(run["results"])

    def test_fixes_repair(self):
        self.write("a.yaml", FIXED)
        repaired = 0
        for result in self.report("a.yaml", status=1)["results"]:
            for fix in result.get("fixes", []):
                text = FIXED
                ((change,),) = [change["replacements"] for change in fix["artifactChanges"]]
                region = change["deletedRegion"]
                start = at(FIXED, region["startLine"], region["startColumn"])
                end = at(FIXED, region["endLine"], region["endColumn"])
                text = FIXED[:start] + change["insertedContent"]["text"] + FIXED[end:]
                reply = self.run_it("resolve", "-o", "sarif", stdin=text).json
                self.assertNotIn(result["ruleId"], [left["ruleId"] for left in reply["runs"][0]["results"]])
                repaired += 1
        self.assertEqual(repaired, 2)

    @unittest.skipUnless(jsonschema, "there is no jsonschema")
    @unittest.skipUnless(os.path.exists(SCHEMA), "there is no schema of SARIF; make npm-tools brings it")
    def test_valid(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        kind = jsonschema.validators.validator_for(schema, jsonschema.Draft7Validator)
        validator = kind(schema)
        paths = [*configs(), "missing.yaml"]
        self.assertGreater(len(paths), 60)
        outcome = self.run_it("resolve", "-o", "sarif", *paths)
        self.assertEqual(outcome.status, 3)
        self.assertGreater(len(outcome.json["runs"][0]["results"]), 100)
        self.assertEqual([error.message for error in validator.iter_errors(outcome.json)], [])
