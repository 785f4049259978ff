#!/usr/bin/env python3
"""The ways to install the operator: the Helm chart, the kustomize base and install.yaml are the same objects, rendered by the
real helm and kustomize, and a real API server takes them."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api_server import ROOT, ApiServer, program  # noqa: E402

MANIFESTS = ROOT / "manifests"
SYSTEM = "chatcluster-system"
OPERATOR = f"Deployment {SYSTEM}/chat-operator"


def run(*arguments, check=True):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done


def helm(*values, check=True):
    return run(program("helm"), "template", "chatcluster", MANIFESTS / "helm" / "chatcluster", "--namespace", SYSTEM, *values,
               check=check)


def objects(text):
    """{kind namespace/name: object}; twice the same one is an error."""
    found = {}
    for document in filter(None, yaml.load_all(text, yaml.CSafeLoader)):
        meta = document["metadata"]
        name = f"{document['kind']} {meta.get('namespace', '')}/{meta['name']}"
        assert name not in found, f"{name} is there twice"
        found[name] = document
    return found


def chart(*values):
    return objects(helm(*values).stdout)


def kustomized(folder):
    return objects(run(program("kubectl"), "kustomize", folder).stdout)


def pod(rendered):
    return rendered[OPERATOR]["spec"]["template"]["spec"]


def without_keep(rendered):
    """The definitions say to Helm alone that they stay."""
    for document in rendered.values():
        annotations = document["metadata"].get("annotations", {})
        if annotations.pop("helm.sh/resource-policy", None) == "keep" and not annotations:
            del document["metadata"]["annotations"]
    return rendered


class Rendered(unittest.TestCase):
    maxDiff = None

    def test_chart_base_and_file_are_the_same_objects(self):
        base = kustomized(MANIFESTS / "kustomize" / "base")
        self.assertGreaterEqual(len(base), 14)
        self.assertEqual(objects((MANIFESTS / "install.yaml").read_text()), base)
        self.assertEqual(without_keep(chart("--set", "namespace.create=true")), base)

    def test_monitors_are_the_same_objects_both_ways(self):
        component = objects((MANIFESTS / "kustomize" / "monitoring" / "monitors.yaml").read_text())
        with_monitors, without = chart("--set", "serviceMonitor.enabled=true"), chart()
        self.assertEqual({name: with_monitors[name] for name in with_monitors.keys() - without.keys()}, component)
        self.assertEqual(without.keys() - with_monitors.keys(), set())

    def test_what_is_made_from_something_else_is_up_to_date(self):
        done = run(MANIFESTS / "render", "--check", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_helm_finds_nothing_to_complain_about(self):
        self.assertNotRegex(run(program("helm"), "lint", "--strict", MANIFESTS / "helm" / "chatcluster").stdout, r"WARNING|ERROR")

    def test_versions_are_the_projects(self):
        version = re.search(r"^project\(chatcluster VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
        about = yaml.safe_load((MANIFESTS / "helm" / "chatcluster" / "Chart.yaml").read_text())
        self.assertEqual((about["version"], about["appVersion"]), (version, version))
        image = pod(objects((MANIFESTS / "install.yaml").read_text()))["containers"][0]["image"]
        self.assertEqual(image.rpartition(":")[2], version)

    def test_definitions_stay_when_the_chart_goes(self):
        definitions = [one for name, one in chart().items() if name.startswith("CustomResourceDefinition")]
        self.assertEqual([one["metadata"]["annotations"] for one in definitions], [{"helm.sh/resource-policy": "keep"}] * 2)
        self.assertFalse([name for name in chart("--set", "crds.install=false") if name.startswith("CustomResource")])

    def test_an_overlay_changes_the_image(self):
        overlay = self.enterContext(TemporaryOverlay())
        self.assertEqual(pod(kustomized(overlay))["containers"][0]["image"], "registry.example.com/chat:7")


class TemporaryOverlay:
    """A folder beside the base, as kustomize wants relative paths; as manifests/README.md shows it."""

    def __enter__(self):
        self.folder = ROOT / "build" / f"overlay-{os.getpid()}"
        self.folder.mkdir(parents=True)
        base = os.path.relpath(MANIFESTS / "kustomize", self.folder)
        (self.folder / "kustomization.yaml").write_text(
            f"resources: [{base}/base]\ncomponents: [{base}/monitoring]\n"
            "images: [{name: chatcluster.local/chatcluster, newName: registry.example.com/chat, newTag: \"7\"}]\n")
        return self.folder

    def __exit__(self, *_):
        (self.folder / "kustomization.yaml").unlink()
        self.folder.rmdir()


class Values(unittest.TestCase):
    def test_image(self):
        container = pod(chart("--set", "image.repository=registry.example.com/chat,image.tag=7,image.pullPolicy=Always",
                              "--set", "imagePullSecrets[0].name=pull"))
        self.assertEqual(container["containers"][0]["image"], "registry.example.com/chat:7")
        self.assertEqual(container["containers"][0]["imagePullPolicy"], "Always")
        self.assertEqual(container["imagePullSecrets"], [{"name": "pull"}])

    def test_replicas_and_resources(self):
        rendered = chart("--set", "replicas=3", "--set", "resources.limits.memory=1Gi")
        self.assertEqual(rendered[OPERATOR]["spec"]["replicas"], 3)
        self.assertEqual(pod(rendered)["containers"][0]["resources"]["limits"], {"memory": "1Gi"})

    def test_where_it_runs(self):
        placed = pod(chart("--set", "nodeSelector.pool=system,priorityClassName=high", "--set-json",
                           'tolerations=[{"key":"system","operator":"Exists"}]', "--set-json",
                           'affinity={"podAntiAffinity":{}}'))
        self.assertEqual(placed["nodeSelector"], {"pool": "system"})
        self.assertEqual(placed["tolerations"], [{"key": "system", "operator": "Exists"}])
        self.assertEqual(placed["affinity"], {"podAntiAffinity": {}})
        self.assertEqual(placed["priorityClassName"], "high")

    def test_one_watched_namespace_gives_rights_in_no_other(self):
        rendered = chart("--set", "watchNamespace=chat")
        self.assertIn("--namespace=chat", pod(rendered)["containers"][0]["args"])
        roles = {name for name in rendered if re.match(r"(Cluster)?Role ", name) and "chat-operator" in name}
        self.assertEqual(roles, {"Role chat/chat-operator", f"Role {SYSTEM}/chat-operator-leader", "ClusterRole /chat-operator"})
        everywhere = rendered["ClusterRole /chat-operator"]["rules"]
        self.assertEqual([rule["resources"] for rule in everywhere], [["storageclasses"]])
        for name in roles:
            binding = rendered[name.replace("Role ", "RoleBinding ")]
            kind, _, place = name.partition(" ")
            self.assertEqual(binding["roleRef"], {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": place.partition("/")[2]})
            self.assertEqual(binding["subjects"], [{"kind": "ServiceAccount", "name": "chat-operator", "namespace": SYSTEM}])

    def test_a_wrong_value_is_refused_with_its_name(self):
        for value, word in {"replica=3": "replica", "image.pullPolicy=Sometimes": "pullPolicy", "replicas=-1": "replicas",
                            "watchNamespace=Chat": "watchNamespace"}.items():
            done = helm("--set", value, check=False)
            self.assertNotEqual(done.returncode, 0, value)
            self.assertIn(word, done.stderr)


class OnAnApiServer(unittest.TestCase):
    """What a platform team types, and what its users may do then."""

    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer(controller_manager=True)  # which adds our rules to view, edit and admin
        cls.addClassCleanup(cls.server.close)
        cls.server.kubectl("apply", "--server-side", "-f", MANIFESTS / "install.yaml")
        cls.server.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "-l", "app.kubernetes.io/name=chatcluster")
        cls.server.kubectl("create", "namespace", "chat")
        for role in ("view", "edit", "admin"):
            cls.server.kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}", "-n", "chat")

    def may(self, user, verb, resource, namespace="chat"):
        """`resource`: TYPE, TYPE/NAME or TYPE:SUBRESOURCE."""
        resource, _, part = resource.partition(":")
        done = self.server.kubectl("auth", "can-i", verb, resource, f"--subresource={part}", "-n", namespace, f"--as={user}",
                                   check=False)
        return done.stdout.strip() == "yes"

    def test_applied_again_it_changes_nothing(self):
        before = self.server.kubectl("get", "deployment", "chat-operator", "-n", SYSTEM, "-o", "jsonpath={.metadata.generation}")
        self.server.kubectl("apply", "--server-side", "-f", MANIFESTS / "install.yaml")
        self.assertEqual(self.server.kubectl("get", "deployment", "chat-operator", "-n", SYSTEM, "-o",
                                             "jsonpath={.metadata.generation}"), before)

    def test_its_pods_keep_the_restricted_rules_of_the_namespace(self):
        template = json.loads(self.server.kubectl("get", "deployment", "chat-operator", "-n", SYSTEM, "-o", "json"))["spec"]["template"]
        it = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried", "namespace": SYSTEM}, "spec": template["spec"]}
        self.server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(it))
        it["spec"]["securityContext"]["runAsNonRoot"] = False
        refused = self.server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(it), check=False)
        self.assertIn("restricted", refused.stderr)

    def test_users_of_a_namespace_get_the_two_kinds_with_its_roles(self):
        self.until(lambda: self.may("admin", "create", "chatoperations.chatcluster.io"))
        for user, verb, wanted in (("view", "list", True), ("view", "create", False), ("view", "delete", False),
                                   ("edit", "list", True), ("edit", "create", True), ("edit", "delete", True),
                                   ("admin", "patch", True), ("nobody", "get", False)):
            for kind in ("chatclusters", "chatoperations"):
                self.assertEqual(self.may(user, verb, f"{kind}.chatcluster.io"), wanted, f"{user} {verb} {kind}")
        self.assertTrue(self.may("edit", "patch", "chatclusters.chatcluster.io:scale"))
        self.assertFalse(self.may("admin", "patch", "chatclusters.chatcluster.io:status"), "the status is the operator's")
        self.assertFalse(self.may("admin", "list", "chatclusters.chatcluster.io", "default"))

    def test_the_operator_may_what_it_must_and_not_more(self):
        account = f"system:serviceaccount:{SYSTEM}:chat-operator"
        self.assertTrue(self.may(account, "patch", "statefulsets.apps"))
        self.assertTrue(self.may(account, "update", "leases.coordination.k8s.io/chat-operator", SYSTEM))
        for verb, resource, place in (("list", "secrets", "chat"), ("create", "pods", "chat"), ("create", "rolebindings", "chat"),
                                      ("update", "leases.coordination.k8s.io/other", SYSTEM), ("get", "nodes", ""),
                                      ("delete", "chatclusters.chatcluster.io", "chat"), ("get", "pods:exec", "chat")):
            self.assertFalse(self.may(account, verb, resource, place), f"{verb} {resource}")

    def until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "waited too long")
            time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
