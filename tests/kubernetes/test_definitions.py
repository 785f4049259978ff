#!/usr/bin/env python3
"""What a person at a kubectl sees of the two kinds: names, columns, explanations, scale, status."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api_server import ROOT, ApiServer  # noqa: E402

GROUP = "/apis/chatcluster.io/v1alpha1/namespaces/default"
DEMO = "apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\nmetadata: {name: demo}\nspec: {paused: false}\n"
OPERATION = ("apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {name: drain-1}\n"
             "spec: {cluster: demo, type: DrainGateway, drainGateway: {gateway: demo-gateway-1}}\n")
CLUSTER_STATUS = {
    "observedGeneration": 1, "mapVersion": 3, "endpoints": {"websocket": "ws://chat:80/v1/ws", "api": "http://chat"},
    "conditions": [{"type": "Available", "status": "True", "reason": "Serving", "message": "People can chat",
                    "lastTransitionTime": "2026-01-31T12:00:00.000Z", "observedGeneration": 1}],
    "gateways": {"desired": 2, "ready": 2, "connections": 17,
                 "members": [{"name": "gateway-0", "state": "Serving", "connections": 17}]},
    "servingShards": 2,
    "shards": [{"name": "shard-0", "buckets": "0-2047", "state": "Serving"},
               {"name": "shard-1", "buckets": "2048-4095", "state": "Serving"}],
}


class Definitions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer()
        cls.addClassCleanup(cls.server.close)
        cls.server.apply_crds()

    def setUp(self):
        self.server.kubectl("apply", "--server-side", "-f", "-", input=DEMO + "---\n" + OPERATION)
        self.addCleanup(self.server.kubectl, "delete", "chatcluster-io", "--all", "--wait=true")

    def get(self, kind, name):
        return json.loads(self.server.kubectl("get", kind, name, "-o", "json"))

    def write_status(self, kind, name, status):
        """As the operator does: server-side apply of the status alone."""
        body = {"apiVersion": "chatcluster.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "status": status}
        path = f"{GROUP}/{kind.lower()}s/{name}/status?fieldManager=chat-operator&force=true&fieldValidation=Strict"
        code, answer = self.server.request("PATCH", path, json.dumps(body), "application/apply-patch+yaml")
        self.assertEqual(code, 200, answer)

    def rows(self, *arguments):
        lines = self.server.kubectl("get", *arguments).splitlines()
        return [line.split() for line in lines]

    def test_short_names_and_the_category_find_them(self):
        self.assertIn("demo", self.server.kubectl("get", "chat"))
        self.assertIn("drain-1", self.server.kubectl("get", "chatop"))
        both = self.server.kubectl("get", "chatcluster-io", "-o", "name").split()
        self.assertEqual(both, ["chatcluster.chatcluster.io/demo", "chatoperation.chatcluster.io/drain-1"])

    def test_the_least_document_gets_every_default(self):
        definition = json.loads(self.server.kubectl("get", "crd", "chatclusters.chatcluster.io", "-o", "json"))
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        self.assertEqual(self.get("chat", "demo")["spec"], schema["default"])
        self.assertEqual(self.get("chat", "demo")["spec"]["gateways"]["replicas"], {"min": 2, "max": 50})

    def test_every_field_of_a_mapping_that_is_half_written_gets_its_default(self):
        whole = self.get("chat", "demo")["spec"]
        half = DEMO.replace("{paused: false}", "{gateways: {replicas: {max: 9}}}")
        self.server.kubectl("apply", "--server-side", "-f", "-", input=half)
        whole["gateways"]["replicas"]["max"] = 9
        self.assertEqual(self.get("chat", "demo")["spec"], whole)

    def test_columns_show_what_counts(self):
        self.write_status("ChatCluster", "demo", CLUSTER_STATUS)
        heads, row = self.rows("chat")
        self.assertEqual(heads, ["NAME", "READY", "GATEWAYS", "CONNECTIONS", "SHARDS", "AGE"])
        self.assertEqual(row[:5], ["demo", "True", "2", "17", "2"])
        self.write_status("ChatOperation", "drain-1", {"phase": "Running", "progress": 40})
        heads, row = self.rows("chatop")
        self.assertEqual(heads, ["NAME", "TYPE", "CLUSTER", "PHASE", "PROGRESS", "AGE"])
        self.assertEqual(row[:5], ["drain-1", "DrainGateway", "demo", "Running", "40"])

    def test_explain_teaches_each_field(self):
        text = self.server.kubectl("explain", "chat.spec.gateways.replicas.min")
        self.assertIn("Never fewer than these. From 1 to 1000; 2 by default.", " ".join(text.split()))
        text = " ".join(self.server.kubectl("explain", "chatop.spec.type").split())
        self.assertIn("DrainGateway ReplayDeadLetters", text)
        self.assertIn("exactly the block of that name", text)

    def test_scale_moves_the_least_number_of_gateways(self):
        self.server.kubectl("scale", "chat", "demo", "--replicas=4")
        self.assertEqual(self.get("chat", "demo")["spec"]["gateways"]["replicas"]["min"], 4)
        refused = self.server.kubectl("scale", "chat", "demo", "--replicas=51", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("is 51, more than max (50): raise max or lower min", refused.stderr)
        self.write_status("ChatCluster", "demo", CLUSTER_STATUS)
        code, scale = self.server.request("GET", f"{GROUP}/chatclusters/demo/scale")
        self.assertEqual((code, scale["spec"]["replicas"], scale["status"]["replicas"]), (200, 4, 2))

    def test_status_is_written_by_itself_only(self):
        self.write_status("ChatCluster", "demo", CLUSTER_STATUS)
        self.server.kubectl("patch", "chat", "demo", "--type=merge", "-p",
                            '{"spec": {"paused": true}, "status": {"mapVersion": 99}}')
        self.server.kubectl("patch", "chat", "demo", "--subresource=status", "--type=merge", "-p",
                            '{"spec": {"paused": false}, "status": {"mapVersion": 4}}')
        seen = self.get("chat", "demo")
        self.assertEqual((seen["spec"]["paused"], seen["status"]["mapVersion"], seen["metadata"]["generation"]),
                         (True, 4, 2))

    def test_a_condition_can_be_waited_for(self):
        self.write_status("ChatCluster", "demo", CLUSTER_STATUS)
        self.server.kubectl("wait", "--for=condition=Available", "--timeout=10s", "chat/demo")

    def test_the_samples_are_taken(self):
        for sample in sorted((ROOT / "manifests" / "samples").glob("*.yaml")):
            self.server.kubectl("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", sample)

    def test_a_cluster_of_a_later_version_keeps_what_this_one_does_not_know(self):
        """Definitions only go forward; an older operator beside them writes status and finalizers, never a spec."""
        definition = json.loads(self.server.kubectl("get", "crd", "chatclusters.chatcluster.io", "-o", "json"))
        spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"]["weather"] = {"type": "object", "properties": {"mood": {"type": "string"}}}
        self.server.kubectl("replace", "-f", "-", input=json.dumps(definition))
        self.addCleanup(self.server.apply_crds)
        later = DEMO.replace("demo", "later").replace("paused: false", "weather: {mood: fine}")
        self.eventually(lambda: self.server.kubectl("apply", "--server-side", "-f", "-", input=later, check=False).returncode == 0)
        self.write_status("ChatCluster", "later", CLUSTER_STATUS)
        finalizer = {"apiVersion": "chatcluster.io/v1alpha1", "kind": "ChatCluster",
                     "metadata": {"name": "later", "finalizers": ["chatcluster.io/teardown"]}}
        for body in (finalizer, {**finalizer, "metadata": {"name": "later"}}):  # taken and given back
            code, answer = self.server.request(
                "PATCH", f"{GROUP}/chatclusters/later?fieldManager=chat-operator&force=true", json.dumps(body),
                "application/apply-patch+yaml")
            self.assertEqual(code, 200, answer)
            self.assertEqual(answer["spec"]["weather"], {"mood": "fine"})

    def eventually(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, "it did not become true within a minute")
            time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
