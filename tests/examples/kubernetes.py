#!/usr/bin/env python3
"""examples/kubernetes: the manifests against Kubernetes' schemas, and what their containers run, with the real programs."""

import copy
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support import BAD, BUILD, EXAMPLES, UNREADABLE, Daemon, ExampleTest, address_of_nobody, main, needs, search_path, url

try:
    import yaml
except ImportError:
    yaml = None

FOLDER = os.path.join(EXAMPLES, "kubernetes")
TOOLS = os.path.join(BUILD, "npm")
MODELS = os.path.join(TOOLS, "node_modules", "kubernetes-models")


def manifests():
    """Every object of every file, by kind and name."""
    found = {}
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".yaml"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                for item in yaml.safe_load_all(file):
                    found[item["kind"], item["metadata"]["name"]] = item
    return found


@unittest.skipUnless(yaml, "there is no PyYAML")
class Manifests(ExampleTest):
    def setUp(self):
        super().setUp()
        self.objects = manifests()
        self.server = self.objects["Deployment", "quantconfd"]["spec"]["template"]["spec"]
        self.job = self.objects["Job", "finetune"]["spec"]["template"]["spec"]

    def all_containers(self):
        yield from self.server["containers"]
        yield from self.job["initContainers"]


class Consistency(Manifests):
    def test_the_service_finds_the_pods(self):
        service = self.objects["Service", "quantconfd"]
        template = self.objects["Deployment", "quantconfd"]["spec"]["template"]
        self.assertLessEqual(service["spec"]["selector"].items(), template["metadata"]["labels"].items())
        (container,) = self.server["containers"]
        ports = {port["name"] for port in container["ports"]}
        self.assertIn(service["spec"]["ports"][0]["targetPort"], ports)
        for probe in "readinessProbe", "livenessProbe":
            self.assertIn(container[probe]["httpGet"]["port"], ports)
        asked = next(item["value"] for item in self.job["initContainers"][0]["env"] if item["name"] == "QUANTCONF_URL")
        self.assertEqual(asked, f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}")

    def test_volumes_and_what_they_name_are_there(self):
        for pod in self.server, self.job:
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            for container in pod["containers"] + pod.get("initContainers", []):
                for mount in container.get("volumeMounts", []):
                    self.assertIn(mount["name"], volumes)
            for volume in volumes.values():
                if "configMap" in volume:
                    self.assertIn(("ConfigMap", volume["configMap"]["name"]), self.objects)

    def test_the_secret_is_made_as_its_comment_says(self):
        with open(os.path.join(FOLDER, "quantconfd.yaml"), encoding="utf-8") as file:
            name, key = re.search(r"create secret generic (\S+) --from-literal=(\w+)=", file.read()).groups()
        (volume,) = [volume for volume in self.server["volumes"] if "secret" in volume]
        self.assertEqual(volume["secret"]["secretName"], name)
        (wanted,) = [item["valueFrom"] for item in self.job["initContainers"][0]["env"] if "valueFrom" in item]
        self.assertEqual(wanted["secretKeyRef"], {"name": name, "key": key})

    def test_containers_have_no_rights(self):
        for container in self.all_containers():
            rights = {**self.server["securityContext"], **container["securityContext"]}
            self.assertTrue(rights["runAsNonRoot"] and rights["runAsUser"])
            self.assertTrue(rights["readOnlyRootFilesystem"])
            self.assertFalse(rights["allowPrivilegeEscalation"])
            self.assertEqual(rights["capabilities"], {"drop": ["ALL"]})
            self.assertEqual(rights["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertTrue({"requests", "limits"} <= container["resources"].keys())
            self.assertNotIn("/", container["image"])


class Running(Manifests):
    """The commands of the containers, with folders of the test's in place of the mounts."""

    def mount(self, path, **files):
        """What stands at a path in the container; as Kubernetes lays it, names are links into a folder that is swapped."""
        folder = self.path(path.lstrip("/"))
        os.makedirs(os.path.join(folder, "..1"))
        os.symlink("..1", os.path.join(folder, "..data"))
        for name, text in files.items():
            name = name.replace("_", ".")
            self.write(os.path.join(folder, "..1", name), text)
            os.symlink(os.path.join("..data", name), os.path.join(folder, name))
        return folder

    def here(self, words, *mounts):
        for path in mounts:
            words = re.sub(rf"(?<!\S){re.escape(path)}(?=/|\s|$)", self.path(path.lstrip("/")), words)
        return words

    def start_server(self):
        """The Deployment's container; its token is `secret`."""
        (container,) = self.server["containers"]
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        self.assertEqual(paths, ["/etc/quantconf", "/run/secrets/quantconfd", "/srv/hub"])
        config = self.objects["ConfigMap", "quantconfd"]["data"]["quantconfd.yaml"]
        self.assertIn("listen: 0.0.0.0:8642\n", config)
        self.assertEqual(container["ports"][0]["containerPort"], 8642)
        config = self.here(config.replace("0.0.0.0:8642", "127.0.0.1:0"), *paths[1:])
        self.mount(paths[0], quantconfd_yaml=config)
        self.mount(paths[1], tokens="secret")
        os.makedirs(self.path("srv/hub"))
        daemon = Daemon()
        program, *words = container["command"]
        self.assertEqual(program, "quantconfd")
        daemon.command[1:] = [self.here(word, paths[0]) for word in words]
        return self.enterContext(daemon)

    def test_the_server(self):
        daemon = self.start_server()
        (container,) = self.server["containers"]
        for probe in "readinessProbe", "livenessProbe":
            reply = daemon.request("GET", container[probe]["httpGet"]["path"], headers={"Host": "10.0.0.7:8642"})
            self.assertEqual(reply.status, 200)
        asked = {"Host": "quantconfd:8642"}
        self.assertEqual(daemon.request("POST", "/v1/resolve", b"a: b\n", asked).status, 401)
        asked["Authorization"] = "Bearer secret"
        self.assertEqual(daemon.request("POST", "/v1/resolve", b"a: b\n", asked).status, 200)
        os.rmdir(self.path("srv/hub"))
        self.assertEqual(daemon.get("/readyz").status, 503)
        self.assertEqual(daemon.get("/healthz").status, 200)

    def check_config(self, address, config=None):
        """The init container, over the ConfigMap's config or another."""
        (container,) = self.job["initContainers"]
        config = config or self.objects["ConfigMap", "finetune"]["data"]["config.yaml"]
        shutil.rmtree(self.path("config"), ignore_errors=True)
        self.mount("/config", config_yaml=config)
        env = {item["name"]: item.get("value", "secret") for item in container["env"]}
        env |= {"QUANTCONF_URL": address, "QUANTCONF_RETRIES": "0", "PATH": EXAMPLES + os.pathsep + search_path()}
        return self.run_it(*(self.here(word, "/config") for word in container["command"]), **env)

    @needs("curl")
    def test_the_init_container(self):
        failing = self.objects["Job", "finetune"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]
        self.assertEqual(failing["containerName"], self.job["initContainers"][0]["name"])
        address = url(self.start_server())
        result = self.check_config(address)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(BAD, encoding="utf-8") as file:
            result = self.check_config(address, file.read())
        self.assertIn(result.returncode, failing["values"])
        self.assertIn("config.yaml:7:1: error: gptq: true", result.stderr)
        self.assertIn("help: Remove gptq", result.stderr)
        self.assertIn(self.check_config(address, UNREADABLE).returncode, failing["values"])
        with address_of_nobody() as nobody:
            result = self.check_config(nobody)
        self.assertEqual(result.returncode, 0)
        self.assertIn("was not checked", result.stderr)


@needs("node")
@unittest.skipUnless(os.path.isdir(MODELS), "there are no schemas of Kubernetes; make npm-tools installs them")
class Schemas(Manifests):
    """kubernetes-models has them twice: as types, which know every field, and as validators, which know every format."""

    def program(self, objects):
        lines = ["const broken = [];"]
        for number, item in enumerate(objects):
            lines.append(f'import {{ {item["kind"]} as Kind{number} }} from "kubernetes-models/{item["apiVersion"]}";')
            fields = {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}
            lines.append(f"try {{ new Kind{number}({json.dumps(fields, indent=1)}).validate(); }}")
            lines.append("catch (error) { broken.push(error); }")
        lines.append("if (broken.length) throw new AggregateError(broken, broken.join());")
        return "\n".join(lines)

    def complaints(self, objects):
        """What the types say, and what the validators say."""
        program = self.program(objects)
        with tempfile.TemporaryDirectory(dir=TOOLS) as folder:
            for name in "check.mts", "check.mjs":
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(program)
            compiler = os.path.join(TOOLS, "node_modules", ".bin", "tsc")
            words = "--noEmit --strict --skipLibCheck --module nodenext --target es2022 --lib es2022".split()
            said = []
            for command in [compiler, *words, "check.mts"], ["node", "check.mjs"]:
                result = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, env=self.environment(), check=False
                )
                said.append("" if result.returncode == 0 else result.stdout + result.stderr)
        return said

    def test_they_have_no_complaint(self):
        self.assertEqual(self.complaints(self.objects.values()), ["", ""])

    def test_they_would_see_a_mistake(self):
        deployment = self.objects["Deployment", "quantconfd"]
        unknown = copy.deepcopy(deployment)
        unknown["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["prot"] = 1
        self.assertIn("'\"prot\"' does not exist", self.complaints([unknown])[0])
        wrong = copy.deepcopy(deployment)
        wrong["spec"]["replicas"] = "two"
        self.assertIn("not assignable", self.complaints([wrong])[0])
        self.assertIn("replicas", self.complaints([wrong])[1])


if __name__ == "__main__":
    main()
