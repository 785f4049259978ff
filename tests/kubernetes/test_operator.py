"""chat-operator itself against an API server without nodes: who leads, what is made, what takes over, what is left."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api_server import ROOT, ApiServer  # noqa: E402
from chat_operator import BIN, Operator  # noqa: E402

WITHIN = 120  # seconds; on an idle machine everything here is a matter of two


class OperatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer(controller_manager=True)
        cls.addClassCleanup(cls.server.close)
        cls.server.apply_crds()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.operators = []
        self.addCleanup(lambda: [each.end(signal.SIGKILL) for each in self.operators])

    def begin(self):
        self.operators.append(Operator(self.server.kubeconfig, self.folder, len(self.operators)))
        return self.operators[-1]

    def soon(self, holds, what):
        deadline = time.monotonic() + WITHIN
        while not holds():
            if time.monotonic() > deadline:
                self.fail(f"not within {WITHIN} s: {what}\n" + "\n".join(each.said() for each in self.operators))
            time.sleep(0.1)

    def get(self, *what):
        done = self.server.kubectl("get", *what, "-o", "json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def names(self, kind):
        return sorted(each["metadata"]["name"] for each in self.get(kind, "-l", "chatcluster.io/cluster=demo")["items"])

    def leader(self):
        leading = [each for each in self.operators if each.process.poll() is None and each.leads()]
        return leading[0] if len(leading) == 1 else None

    def test_two_operators_and_one_chat_cluster(self):
        self.begin()
        self.begin()
        for each in self.operators:
            self.soon(lambda each=each: each.answer("/readyz")[0] == 200, "/readyz, whoever leads")
            self.assertEqual(each.answer("/livez")[0], 200)
        self.soon(self.leader, "one leads")

        self.server.kubectl("apply", "-f", ROOT / "manifests" / "samples" / "demo.yaml")
        self.soon(lambda: self.names("statefulsets") == ["demo-redis", "demo-shard-0", "demo-shard-1"], "workloads")
        cluster = self.get("chatcluster", "demo")
        self.assertEqual(cluster["metadata"]["finalizers"], ["chatcluster.io/teardown"])
        self.soon(lambda: self.get("chatcluster", "demo").get("status", {}).get("observedGeneration") == 1, "a status")
        conditions = {each["type"]: each for each in self.get("chatcluster", "demo")["status"]["conditions"]}
        self.assertEqual(conditions["Available"]["status"], "False")
        self.assertEqual(conditions["Progressing"]["status"], "True")
        secrets = self.get("secret", "demo-secrets")["data"]
        for value in secrets.values():
            for each in self.operators:
                self.assertNotIn(value, each.log.read_text())

        killed = self.leader()
        began = time.monotonic()
        killed.end(signal.SIGKILL)
        self.soon(self.leader, "the other one leads")
        took = time.monotonic() - began
        print(f"takeover after kill -9: {took:.1f} s", file=sys.stderr)
        self.assertLess(took, 20 if os.getloadavg()[0] < 4 else 60)
        self.server.kubectl("patch", "chatcluster", "demo", "--type=merge", "-p", '{"spec":{"redis":{"memory":"96Mi"}}}')
        self.soon(lambda: self.get("chatcluster", "demo")["status"].get("observedGeneration") == 2, "the new leader acts")
        self.assertEqual(self.get("secret", "demo-secrets")["data"], secrets)

        leader = self.leader()
        self.assertEqual(leader.end(signal.SIGTERM), 0, leader.said())
        self.assertFalse(self.get("lease", "chat-operator")["spec"].get("holderIdentity"))

        self.begin()
        self.soon(self.leader, "the third leads")
        self.server.kubectl("delete", "chatcluster", "demo", "--timeout=100s")
        self.soon(lambda: not any(self.names(kind) for kind in ("pods", "statefulsets", "deployments", "services",
                                                               "networkpolicies", "serviceaccounts")), "all is gone")
        self.assertEqual(self.names("secrets"), ["demo-jwt", "demo-secrets"])
        self.assertEqual(self.names("persistentvolumeclaims"), ["data-demo-shard-0-0", "data-demo-shard-1-0"])

    def test_flags_that_can_not_be_are_refused_with_a_sentence(self):
        for flags, words in ((["--local", "/tmp/x", "--namespace", "y"], "excludes"), (["--down"], "requires"),
                             (["--kubeconfig", "/nowhere"], "can not be read"),
                             (["--kubeconfig", str(self.server.kubeconfig), "--admin", "x"], "--admin")):
            done = subprocess.run([BIN / "chat-operator", *flags], capture_output=True, text=True, timeout=30,
                                  env={"PATH": os.environ["PATH"]})
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
