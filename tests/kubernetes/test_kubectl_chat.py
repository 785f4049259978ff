#!/usr/bin/env python3
"""chatctl as `kubectl chat`: the real binary, found and run by the real kubectl, against a real API server."""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "e2e" / "kubernetes")]
from api_server import ApiServer  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from programs import program  # noqa: E402

BIN = os.environ.get("CHATCLUSTER_BIN", str(HERE.parents[1] / "build" / "release" / "bin"))


def cluster(name, spec="{}", metadata=""):
    return (f"apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\n"
            f"metadata: {{name: {name}{metadata}}}\nspec: {spec}\n")


def drain(name, gateway="gateway-1", more=""):
    return (f"apiVersion: chatcluster.io/v1alpha1\nkind: ChatOperation\nmetadata: {{name: {name}}}\n"
            f"spec: {{cluster: demo, type: DrainGateway, drainGateway: {{gateway: {gateway}}}{more}}}\n")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class KubectlChat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer()
        cls.addClassCleanup(cls.server.close)
        home = tempfile.TemporaryDirectory(prefix="chatcluster-kubectl-")
        cls.addClassCleanup(home.cleanup)
        cls.home = pathlib.Path(home.name)
        cls.env = {"HOME": home.name, "PATH": f"{BIN}:{os.path.dirname(program('kubectl'))}:/usr/bin:/bin",
                   "KUBECONFIG": str(cls.server.kubeconfig), "LANG": "C.UTF-8"}
        cls.before_crds = cls.chat("get", "chatclusters")
        cls.server.apply_crds()

    def setUp(self):
        self.name_space = self.id().rsplit(".", 1)[1].replace("_", "-")[5:60].strip("-")
        self.server.kubectl("create", "namespace", self.name_space)

    # ---------------------------------------------------------------- asking
    @classmethod
    def chat(cls, *arguments, input=None, env=None, program=("kubectl", "chat")):
        return subprocess.run([*program, *arguments], input=input, text=True, capture_output=True, timeout=60,
                              env={**cls.env, **(env or {})})

    def here(self, *arguments, **more):
        """In this test's namespace; fails the test where the command does."""
        done = self.chat(*arguments, "-n", self.name_space, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, *arguments, code=1, **more):
        done = self.chat(*arguments, "-n", self.name_space, **more)
        self.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}")
        return done.stderr

    def apply(self, document):
        return self.here("apply", "-f", "-", input=document)

    def stored(self, resource, name):
        return json.loads(self.server.kubectl("get", resource, name, "-n", self.name_space, "-o", "json",
                                              "--show-managed-fields"))

    # ---------------------------------------------------------------- found and told apart
    def test_kubectl_finds_it(self):
        listed = subprocess.run(["kubectl", "plugin", "list"], text=True, capture_output=True, env=self.env)
        self.assertIn(f"{BIN}/kubectl-chat", listed.stdout)
        self.assertRegex(self.chat("version").stdout, r"^kubectl chat \d")

    def test_each_name_has_its_own_flags_and_verbs(self):
        help_text = self.chat("--help").stdout
        for word in ("kubectl chat", "--kubeconfig", "--context", "-n,--namespace"):
            self.assertIn(word, help_text)
        for word in ("--dir", "chatctl", "\n  up ", "\n  down "):
            self.assertNotIn(word, help_text)
        other = self.chat("--help", program=("chatctl",)).stdout
        self.assertIn("--dir", other)
        for word in ("kubectl", "--namespace", "--context"):
            self.assertNotIn(word, other)
        self.assertIn("there is no verb \"up\"", self.refused("up", "x.yaml", code=2))
        self.assertIn("--dir", self.refused("get", "chat", "--dir", "/tmp", code=2))
        self.assertEqual(self.chat("get", "chat", "-n", "x", program=("chatctl",)).returncode, 2)
        self.assertEqual(self.chat().returncode, 2)
        self.assertIn("drain is not served yet", self.refused("drain", "gateway-0", code=2))

    def test_a_cluster_without_our_definitions_is_told_so(self):
        self.assertEqual(self.before_crds.returncode, 1)
        self.assertIn("this cluster does not know ChatClusters: install chatcluster", self.before_crds.stderr)

    # ---------------------------------------------------------------- the life of a document
    def test_created_left_changed_shown_deleted(self):
        self.assertEqual(self.apply(cluster("demo")).stdout, "chatcluster/demo created\n")
        self.assertEqual(self.apply(cluster("demo")).stdout, "chatcluster/demo unchanged\n")
        self.assertEqual(self.apply(cluster("demo", "{gateways: {replicas: {min: 4}}}")).stdout,
                         "chatcluster/demo configured\n")
        shown = json.loads(self.here("get", "chatcluster", "demo", "-o", "json").stdout)
        stored = self.stored("chatcluster", "demo")
        self.assertEqual(shown["spec"], stored["spec"])
        self.assertEqual(shown["metadata"]["generation"], 2)
        self.assertEqual(shown["metadata"]["uid"], stored["metadata"]["uid"])
        self.assertEqual(json.loads(self.here("get", "chat", "-o", "json").stdout)["items"], [shown])
        self.assertIn("min: 4", self.here("get", "chat/demo", "-o", "yaml").stdout)
        self.assertRegex(self.here("get", "chat").stdout, r"NAME   READY     GATEWAYS .*\ndemo   Pending   0/0 ")
        self.assertIn("API ENDPOINT", self.here("get", "chat", "-o", "wide").stdout)
        described = self.here("describe", "chat", "demo").stdout
        self.assertIn(f"Where:        namespace {self.name_space} of context test", described)
        self.assertIn("4 to 50, 8000 connections each", described)
        deleted = self.here("delete", "chatcluster", "demo", "--wait")
        self.assertEqual(deleted.stdout, "chatcluster/demo deleted\n")
        self.assertIn("there is no ChatCluster \"demo\": there is none in namespace", self.refused("get", "chat", "demo"))
        self.assertIn("make one with kubectl chat -n", self.here("get", "chat").stderr)

    def test_what_its_finalizer_keeps_is_being_deleted(self):
        self.apply(cluster("demo"))
        self.server.kubectl("patch", "chatcluster", "demo", "-n", self.name_space, "--type=merge",
                            "-p", '{"metadata": {"finalizers": ["chatcluster.io/teardown"]}}')
        deleted = self.here("delete", "chat", "demo")
        self.assertEqual(deleted.stdout, "chatcluster/demo is being deleted\n")
        self.assertIn("no operator looks after namespace", deleted.stderr)
        self.assertIn("no operator looks after", self.refused("delete", "chat", "demo", "--wait"))
        self.assertIn("Deleting", self.here("get", "chat").stdout)
        self.assertIn("is being deleted: wait for its end", self.refused("apply", "-f", "-", input=cluster("demo")))
        self.lease("chat-operator-7d9f")
        waiting = subprocess.Popen(["kubectl", "chat", "delete", "chat", "demo", "--wait", "-n", self.name_space],
                                   stdout=subprocess.PIPE, text=True, env=self.env)
        self.assertEqual(waiting.stdout.readline(), "chatcluster/demo is being deleted\n")
        self.server.kubectl("patch", "chatcluster", "demo", "-n", self.name_space, "--type=merge",
                            "-p", '{"metadata": {"finalizers": null}}')
        self.assertEqual(waiting.communicate(timeout=60)[0], "chatcluster/demo deleted\n")
        self.assertEqual(waiting.returncode, 0)

    def test_it_owns_what_stands_in_the_file_and_nothing_else(self):
        self.apply(cluster("demo", "{gateways: {replicas: {min: 3}}}", ", labels: {team: a}"))
        owned = [entry for entry in self.stored("chatcluster", "demo")["metadata"]["managedFields"]
                 if entry["manager"] == "kubectl-chat"]
        self.assertEqual(len(owned), 1)
        self.assertEqual(owned[0]["operation"], "Apply")
        self.assertEqual(owned[0]["fieldsV1"], {"f:metadata": {"f:labels": {"f:team": {}}},
                                                "f:spec": {"f:gateways": {"f:replicas": {"f:min": {}}}}})
        # Another one's field stays when we apply again; ours goes back to its default when it is not in the file any more.
        self.server.kubectl("patch", "chatcluster", "demo", "-n", self.name_space, "--type=merge", "--field-manager=scaler",
                            "-p", '{"spec": {"api": {"replicas": {"min": 7}}}}')
        self.apply(cluster("demo", "{paused: true}"))
        spec = self.stored("chatcluster", "demo")["spec"]
        self.assertEqual((spec["api"]["replicas"]["min"], spec["gateways"]["replicas"]["min"], spec["paused"]), (7, 2, True))

    def test_who_set_a_field_by_other_means_is_not_overruled_unasked(self):
        self.server.kubectl("apply", "-n", self.name_space, "-f", "-",
                            input=cluster("demo", "{gateways: {replicas: {min: 3}}}"))
        said = self.refused("apply", "-f", "-", input=cluster("demo", "{gateways: {replicas: {min: 5}}}"))
        self.assertIn("conflict with \"kubectl-client-side-apply\"", said)
        self.assertIn("--force-conflicts", said)
        self.assertEqual(self.stored("chatcluster", "demo")["spec"]["gateways"]["replicas"]["min"], 3)
        forced = self.here("apply", "--force-conflicts", "-f", "-", input=cluster("demo", "{gateways: {replicas: {min: 5}}}"))
        self.assertEqual(forced.stdout, "chatcluster/demo configured\n")

    def test_the_servers_refusals_are_its_sentences_and_nothing_is_applied(self):
        self.apply(cluster("demo"))
        said = self.refused("apply", "-f", "-", input=cluster("other") + "---\n" + cluster("demo", "{shards: {initial: 3}}"))
        self.assertIn("chatcluster/demo: ChatCluster.chatcluster.io \"demo\" is invalid", said)
        self.assertIn("can only be set when the cluster is created (it is 2)", said)
        self.refused("get", "chat", "other")
        # What can be said without asking names file and line, as in local mode.
        self.assertEqual(self.refused("apply", "-f", "-", input=cluster("demo", "{gateway: {}}")),
                         "kubectl chat: standard input:4: spec.gateway is not a known field: did you mean gateways?\n")

    def test_a_namespace_that_is_not_there(self):
        done = self.chat("apply", "-n", "nowhere", "-f", "-", input=cluster("demo"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("namespaces \"nowhere\" not found", done.stderr)

    def test_a_document_that_names_its_namespace(self):
        document = cluster("demo", metadata=f", namespace: {self.name_space}")
        self.assertEqual(self.chat("apply", "-f", "-", input=document).stdout, "chatcluster/demo created\n")
        self.stored("chatcluster", "demo")
        done = self.chat("apply", "-n", "default", "-f", "-", input=document)
        self.assertEqual(done.returncode, 1)
        self.assertIn("and -n says default", done.stderr)

    # ---------------------------------------------------------------- where, and who
    def test_several_kubeconfigs_contexts_and_their_namespaces(self):
        users = {"name": "admin", "user": {"token": self.server.token}}
        file = json.loads(self.server.kubeconfig.read_text())
        first, second = self.home / "first", self.home / "second"
        first.write_text(json.dumps({"current-context": "mine", "contexts": [
            {"name": "mine", "context": {"cluster": "test", "user": "admin", "namespace": self.name_space}},
            {"name": "other", "context": {"cluster": "test", "user": "nobody"}}]}))
        second.write_text(json.dumps({"current-context": "other", "clusters": file["clusters"], "users": [users]}))
        both = {"KUBECONFIG": f"{first}:/does/not/exist:{second}"}
        self.assertEqual(self.chat("apply", "-f", "-", input=cluster("demo"), env=both).stdout, "chatcluster/demo created\n")
        self.stored("chatcluster", "demo")
        self.assertIn("no user \"nobody\"", self.chat("get", "chat", "--context", "other", env=both).stderr)
        none = self.chat("get", "chat", "--context=none", env=both)
        self.assertEqual(none.returncode, 1)
        self.assertIn("there is: mine, other", none.stderr)
        flag = self.chat("get", "chat", "--kubeconfig", self.server.kubeconfig, "-n", self.name_space,
                         env={"KUBECONFIG": "/does/not/exist"})
        self.assertIn("demo", flag.stdout)
        self.assertEqual(self.chat("get", "chat", env={"KUBECONFIG": "/does/not/exist"}).returncode, 1)

    def test_who_may_only_read_is_told_what_he_may_not(self):
        make = self.server.kubectl
        make("create", "serviceaccount", "reader", "-n", self.name_space)
        make("create", "role", "reader", "-n", self.name_space, "--verb=get,list", "--resource=chatclusters.chatcluster.io")
        make("create", "rolebinding", "reader", "-n", self.name_space, "--role=reader",
             f"--serviceaccount={self.name_space}:reader")
        token = self.server.account_token("reader", self.name_space)
        reader = {"KUBECONFIG": str(self.server.write_kubeconfig("reader", {"token": token}))}
        self.apply(cluster("demo"))
        self.assertIn("demo", self.here("get", "chat", env=reader).stdout)
        said = self.refused("apply", "-f", "-", input=cluster("demo", "{paused: true}"), env=reader)
        self.assertIn("cannot patch resource \"chatclusters\"", said)
        screen = self.here("status", "demo", env=reader).stdout
        self.assertIn("operator not known (leases.coordination.k8s.io \"chat-operator\" is forbidden", screen)
        self.assertNotIn("No operator runs", screen)

    def test_a_server_that_does_not_answer(self):
        dead = self.server.write_kubeconfig("dead", {"token": "x"}, server="https://127.0.0.1:9")
        done = self.chat("get", "chat", env={"KUBECONFIG": str(dead)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("https://127.0.0.1:9 does not answer", done.stderr)
        strange = self.server.write_kubeconfig("strange", {"token": "x"})
        done = self.chat("get", "chat", env={"KUBECONFIG": str(strange)})
        self.assertIn("does not know you", done.stderr)

    # ---------------------------------------------------------------- the operator and its processes
    def lease(self, holder, renewed=None, name_space=None):
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": "chat-operator", "namespace": name_space or self.name_space},
                "spec": {"holderIdentity": holder, "leaseDurationSeconds": 3600 if renewed is None else 9,
                         "renewTime": renewed or now()}}
        self.server.kubectl("apply", "-f", "-", input=json.dumps(body))
        self.addCleanup(self.server.kubectl, "delete", "lease", "chat-operator", "-n", body["metadata"]["namespace"],
                        "--ignore-not-found")

    def test_the_operator_is_who_holds_the_lease(self):
        self.apply(cluster("demo"))
        without = self.here("status", "demo").stdout
        self.assertIn("operator not running", without)
        self.assertIn("do: kubectl get pods -A -l app.kubernetes.io/component=operator,app.kubernetes.io/name=chatcluster",
                      without)
        self.lease("chat-operator-7d9f-abcde_01")
        self.assertIn("operator running (chat-operator-7d9f-abcde_01)", self.here("status", "demo").stdout)
        self.lease("chat-operator-7d9f-abcde_01", "2026-01-02T03:04:05.000000Z")
        self.assertIn("operator not running", self.here("status", "demo").stdout)
        self.server.kubectl("delete", "lease", "chat-operator", "-n", self.name_space)
        self.lease("chat-operator-elsewhere", name_space="default")
        self.assertIn("operator running (chat-operator-elsewhere in namespace default)", self.here("status", "demo").stdout)

    def test_the_screen_says_what_is_wrong_and_what_to_type(self):
        self.apply(cluster("demo"))
        self.lease("chat-operator")
        at = "2026-01-02T03:04:05Z"
        status = {"observedGeneration": 1, "conditions": [
            {"type": "Available", "status": "False", "reason": "ShardUnavailable", "message": "shard-1 takes no writes.",
             "lastTransitionTime": at, "observedGeneration": 1}],
            "shards": [{"name": "shard-0", "buckets": "0-2047", "state": "Serving", "primary": "shard-0"},
                       {"name": "shard-1", "buckets": "2048-4095", "state": "Serving", "primary": ""}]}
        self.server.kubectl("patch", "chatcluster", "demo", "-n", self.name_space, "--subresource=status", "--type=merge",
                            "-p", json.dumps({"status": status}))
        self.pod("demo-shard-1-0", "shard-1")
        screen = self.here("status").stdout
        self.assertRegex(screen, r"^demo   NOT AVAILABLE   for ")
        self.assertIn(f"do: kubectl chat -n {self.name_space} logs shard-1 --cluster demo --tail 50", screen)
        self.assertIn(f"do: kubectl chat -n {self.name_space} describe chatcluster demo", screen)
        self.assertIn("Available is not so", screen)

    def pod(self, name, process=None, node="node-1", restarts=2, **labels):
        """A Pod that runs, as the operator makes it and kubelet tells of it."""
        if self.server.request("GET", f"/api/v1/namespaces/{self.name_space}/serviceaccounts/default")[0] == 404:
            self.server.kubectl("create", "serviceaccount", "default", "-n", self.name_space)
        labels = {"chatcluster.io/cluster": "demo", **({"chatcluster.io/process": process} if process else {}), **labels}
        path = f"/api/v1/namespaces/{self.name_space}/pods"
        self.made(self.server.request("POST", path, json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
            "spec": {"nodeName": node, "containers": [{"name": "main", "image": "x"}, {"name": "side", "image": "y"}]}})))
        running = {"startedAt": "2026-01-02T03:04:05Z"}
        self.made(self.server.request("PATCH", f"{path}/{name}/status", json.dumps({"status": {
            "phase": "Running", "containerStatuses": [
                {"name": "side", "restartCount": 9, "ready": True, "image": "y", "imageID": "y", "state": {"running": running}},
                {"name": "main", "restartCount": restarts, "ready": True, "image": "x", "imageID": "x",
                 "state": {"running": running}}]}}), "application/merge-patch+json"))

    def made(self, answer):
        self.assertLess(answer[0], 300, answer[1])
        return answer[1]

    def node(self):
        """A node whose kubelet is ours."""
        kubelet = Kubelet(self.server.authority)
        self.addCleanup(kubelet.close)
        name = f"node-{self.name_space}"[:60]
        self.made(self.server.request("POST", "/api/v1/nodes", json.dumps(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})))
        self.made(self.server.request("PATCH", f"/api/v1/nodes/{name}/status", json.dumps({"status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet.port}}}}), "application/merge-patch+json"))
        return kubelet, name

    def test_processes_are_its_pods(self):
        self.apply(cluster("demo"))
        self.pod("demo-gateway-0")
        self.pod("demo-shard-1-0", "shard-1")
        self.pod("demo-redis-0", **{"app.kubernetes.io/component": "redis"})
        self.pod("demo-api-5c9f8-x7x2p")
        described = self.here("describe", "chat", "demo").stdout
        self.assertRegex(described, r"gateway-0 +pod demo-gateway-0 on node-1 +running +2 +\S+ +kubectl logs -n "
                                    + self.name_space + " demo-gateway-0")
        self.assertRegex(described, r"shard-1 +pod demo-shard-1-0 on node-1")
        self.assertRegex(described, r"redis +pod demo-redis-0 on node-1")
        self.assertRegex(described, r"api-5c9f8-x7x2p +pod demo-api-5c9f8-x7x2p on node-1")

    def test_logs_from_the_end_and_while_they_come(self):
        kubelet, node = self.node()
        self.apply(cluster("demo"))
        self.pod("demo-gateway-0", node=node)
        kubelet.more("demo-gateway-0", "one", "two", "three")
        self.assertEqual(self.here("logs", "gateway-0").stdout, "one\ntwo\nthree\n")
        self.assertEqual(self.here("logs", "gateway-0", "--cluster", "demo", "--tail", "2").stdout, "two\nthree\n")
        self.assertEqual(self.here("logs", "gateway-0", "--tail", "0").stdout, "")
        self.assertEqual(kubelet.asked[0][:4], ("containerLogs", self.name_space, "demo-gateway-0", "main"))
        command = ["kubectl", "chat", "logs", "-f", "--tail", "1", "gateway-0", "-n", self.name_space]
        for end in ("the container", "Ctrl-C"):
            with self.subTest(end), subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.env) as following:
                self.addCleanup(following.kill)
                following.stdout.readline()
                kubelet.more("demo-gateway-0", f"then {end}")
                self.assertEqual(following.stdout.readline(), f"then {end}\n")
                if end == "Ctrl-C":
                    following.send_signal(signal.SIGINT)
                else:
                    kubelet.end("demo-gateway-0")
                self.assertEqual(following.wait(60), 0)
                kubelet.ended.clear()
        self.assertIn("there is no process \"gatewey-0\": did you mean gateway-0? There are: gateway-0, operator",
                      self.refused("logs", "gatewey-0"))

    def test_the_log_of_the_operator_that_leads(self):
        kubelet, node = self.node()
        self.assertIn("no operator holds the Lease", self.refused("logs", "operator"))
        for name in ("chat-operator-aaaa", "chat-operator-bbbb"):
            self.pod(name, node=node)
            self.server.kubectl("label", "pod", name, "-n", self.name_space, "app.kubernetes.io/name=chatcluster",
                                "app.kubernetes.io/component=operator", "chatcluster.io/cluster-")
            kubelet.more(name, f"I am {name}")
        self.lease("chat-operator-bbbb_42")
        self.assertEqual(self.here("logs", "operator").stdout, "I am chat-operator-bbbb\n")

    # ---------------------------------------------------------------- operations
    def test_an_operation_is_kept_and_said_not_to_run(self):
        applied = self.apply(drain("go"))
        self.assertEqual(applied.stdout, "chatoperation/go created\n")
        self.assertIn("chatoperation/go: it is kept, and nothing is done", applied.stderr)
        self.assertRegex(self.here("get", "chatop").stdout,
                         r"NAME   TYPE           CLUSTER   PHASE   PROGRESS   AGE\ngo     DrainGateway   demo      -       -  ")
        self.assertIn("nothing is done", self.here("get", "chatop", "go", "-o", "wide").stdout)
        shown = json.loads(self.here("get", "chatoperation", "go", "-o", "json").stdout)
        self.assertEqual(shown["spec"], self.stored("chatoperation", "go")["spec"])
        self.assertNotIn("status", shown)
        described = self.here("describe", "chatop", "go").stdout
        self.assertRegex(described, r"drainGateway.gateway: +gateway-1")
        self.assertIn("nothing is done", described)
        self.assertEqual(self.apply(drain("go", more=", cancel: true")).stdout, "chatoperation/go configured\n")
        said = self.refused("apply", "-f", "-", input=drain("go", "gateway-2"))
        self.assertIn("can not be changed once the operation is there", said)
        self.assertEqual(self.here("delete", "chatop", "go").stdout, "chatoperation/go deleted\n")
        self.assertIn("there is no ChatOperation \"go\"", self.refused("describe", "chatop", "go"))
        self.assertIn("the name is missing", self.refused("describe", "chatop", code=2))

    def test_an_operation_that_some_operator_runs_is_shown_with_its_steps(self):
        self.apply(drain("go"))
        status = {"phase": "Running", "progress": 40, "message": "17 connections are left",
                  "steps": [{"name": "drain", "state": "Running", "attempts": 1}]}
        self.server.kubectl("patch", "chatoperation", "go", "-n", self.name_space, "--subresource=status", "--type=merge",
                            "-p", json.dumps({"status": status}))
        self.assertRegex(self.here("get", "chatop", "-o", "wide").stdout, "Running   40%  .*17 connections are left")
        self.assertRegex(self.here("describe", "chatop", "go").stdout, r"drain +Running +1")

    # ---------------------------------------------------------------- completion
    def test_kubectl_completes_the_words_behind_chat(self):
        self.apply(cluster("demo"))
        self.apply(cluster("staging"))

        def words(*typed):
            done = subprocess.run(["kubectl", "__complete", "chat", *typed], text=True, capture_output=True, env=self.env)
            return [line.split("\t")[0] for line in done.stdout.splitlines()]

        place = ("-n", self.name_space)
        self.assertEqual(words("get", "chatcluster", *place, ""), ["demo", "staging", ":4"])
        self.assertEqual(words(*place, "status", "s"), ["staging", ":4"])
        self.assertEqual(words("de"), ["describe", "delete", ":4"])
        self.assertEqual(words("get", ""), ["chatcluster", "chatoperation", ":4"])
        self.assertEqual(words("get", "-o", ""), ["wide", "json", "yaml", ":4"])
        self.assertEqual(words("apply", "-f", ""), [":0"])
        self.assertIn("--namespace", words("status", "--"))
        self.assertEqual(words("logs", *place, "--cluster", "demo", "o"), ["operator", ":4"])
        self.assertEqual(words("nonsense", ""), [":4"])

    def test_the_scripts_for_shells(self):
        self.apply(cluster("demo"))
        asked = ("source <(kubectl-chat completion bash); COMP_WORDS=(kubectl-chat status -n {0} ''); COMP_CWORD=4; "
                 "_kubectl-chat_complete; echo \"${{COMPREPLY[*]}}\"; complete -p kubectl-chat").format(self.name_space)
        done = subprocess.run(["bash", "-c", asked], text=True, capture_output=True, env=self.env)
        self.assertEqual(done.stdout, "demo\ncomplete -F _kubectl-chat_complete kubectl-chat\n", done.stderr)
        for shell in ("zsh", "fish"):
            self.assertIn("__complete", self.chat("completion", shell).stdout)
        self.assertIn("chatctl completion bash", self.chat("completion", "bash", program=("chatctl",)).stdout)
        self.assertIn("bash", self.refused("completion", "tcsh", code=2))


if __name__ == "__main__":
    unittest.main()
