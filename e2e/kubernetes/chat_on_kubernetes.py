"""A ChatCluster on a Kubernetes, as the scenarios see it: through kubectl, and from outside through its Services."""
import json
import os
import pathlib
import socket
import subprocess
import sys

import yaml
from programs import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "system"))
from cluster import eventually  # noqa: E402

SYSTEM = "chatcluster-system"
STARTS_WITHIN = 420  # seconds: a cluster from nothing, on a loaded machine of two cores
# Load is no person: nothing may be refused for being too much.
NO_LIMITS = {name: 0 for name in ("messagesPerMinutePerUser", "messagesPerMinutePerConversation", "apiCallsPerMinutePerUser",
                                  "apiCallsPerMinutePerAddress", "connectsPerMinutePerAddress", "signInsPerMinutePerAddress")}


def kubectl(*arguments, input=None, check=True, timeout=120):
    done = subprocess.run([program("kubectl"), *map(str, arguments)], input=input, capture_output=True, text=True,
                          timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout if check else done


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


class ChatOnKubernetes:
    """One ChatCluster in one namespace."""

    def __init__(self, cluster="demo", namespace="chat"):
        self.cluster, self.namespace = cluster, namespace
        self.secure = False  # whether people come by TLS

    # ---------------------------------------------------------------- reading
    def kubectl(self, *arguments, **more):
        return kubectl("-n", self.namespace, *arguments, **more)

    def get(self, kind, name, namespace=None):
        return json.loads(kubectl("-n", namespace or self.namespace, "get", kind, name, "-o", "json"))

    def items(self, kind, selector="", namespace=None):
        """By name. `selector` in addition to: of this ChatCluster."""
        chosen = f"chatcluster.io/cluster={self.cluster}" + (f",{selector}" if selector else "")
        listed = json.loads(kubectl("-n", namespace or self.namespace, "get", kind, "-l", chosen, "-o", "json"))
        return {item["metadata"]["name"]: item for item in listed["items"]}

    def pods(self, component=None):
        return self.items("pods", f"app.kubernetes.io/component={component}" if component else "")

    def lives(self, component=None):
        """{Pod: what changes when it begins a new life}, without those that are on their way out."""
        return {name: (pod["metadata"]["uid"], sum(c["restartCount"] for c in pod["status"].get("containerStatuses", [])))
                for name, pod in self.pods(component).items() if "deletionTimestamp" not in pod["metadata"]}

    def ready(self, component=None):
        """Names of the Pods that are Ready and stay."""
        return {name for name, pod in self.pods(component).items() if "deletionTimestamp" not in pod["metadata"] and is_ready(pod)}

    def status(self):
        return self.get("chatcluster", self.cluster).get("status", {})

    def condition(self, kind):
        return next((c for c in self.status().get("conditions", []) if c["type"] == kind), {"status": "Unknown"})

    def observed(self):
        """What the operator says of the document as it is now, once it has read that."""
        document = self.get("chatcluster", self.cluster)
        status = document.get("status", {})
        return status if status.get("observedGeneration") == document["metadata"]["generation"] else None

    def settled(self):
        """Whether what its document says is what serves."""
        said = {c["type"]: c["status"] for c in (self.observed() or {}).get("conditions", [])}
        return said.get("Available") == "True" and said.get("Progressing") == "False"

    def wait_settled(self, seconds=STARTS_WITHIN):
        try:
            eventually(f"{self.cluster} is Available and not Progressing", self.settled, seconds)
            eventually("the node knows the way to its Services", self.reached, 10)
        except AssertionError:
            self.describe()
            raise

    def describe(self):
        """What a person would look at when something is wrong."""
        for arguments in (("get", "chatclusters,pods,pvc", "-o", "wide"), ("get", "events", "--sort-by=.lastTimestamp")):
            print(self.kubectl(*arguments, check=False).stdout[-6000:])
        print(json.dumps(self.kubectl("get", "chatcluster", self.cluster, "-o", "jsonpath={.status}", check=False).stdout))
        print(kubectl("-n", SYSTEM, "logs", "-l", "app.kubernetes.io/component=operator", "--tail=40", check=False).stdout[-6000:])

    # ---------------------------------------------------------------- from outside
    def expose(self):
        """A NodePort of the gateways and of the API, as a platform team would put its load balancer before them."""
        kubectl("create", "namespace", self.namespace, check=False)
        for component, port in (("gateway", "ws"), ("api", "http")):
            service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"outside-{component}"},
                       "spec": {"type": "NodePort", "ports": [{"port": 80, "targetPort": port}],
                                "selector": {"chatcluster.io/cluster": self.cluster, "app.kubernetes.io/component": component}}}
            self.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(service))

    def node_address(self):
        node = json.loads(kubectl("get", "nodes", "-o", "json"))["items"][0]
        return next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")

    def outside(self, component):
        """host:port of one."""
        return f"{self.node_address()}:{self.get('service', f'outside-{component}')['spec']['ports'][0]['nodePort']}"

    def reached(self):
        """From here: the node learns of a new Pod after the API server did."""
        for component in ("gateway", "api"):
            host, _, port = self.outside(component).rpartition(":")
            socket.create_connection((host, int(port)), timeout=5).close()
        return True

    @property
    def api(self):
        return f"{'https' if self.secure else 'http'}://{self.outside('api')}"

    # ---------------------------------------------------------------- changing
    def apply_demo(self, **spec):
        """manifests/samples/demo.yaml with an address for people outside and no limits; `spec`: fields that differ more."""
        self.expose()
        document = yaml.safe_load((ROOT / "manifests" / "samples" / "demo.yaml").read_text())
        document["metadata"]["name"] = self.cluster
        document["spec"]["gateways"]["publicUrl"] = f"{'wss' if self.secure else 'ws'}://{self.outside('gateway')}/v1/ws"
        document["spec"]["limits"] = NO_LIMITS
        document["spec"].update(spec)
        self.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(document))

    def patch(self, spec):
        self.kubectl("patch", "chatcluster", self.cluster, "--type=merge", "-p", json.dumps({"spec": spec}))

    def exists(self):
        return self.kubectl("get", "chatcluster", self.cluster, check=False).returncode == 0

    def remove_with_its_data(self):
        """What is decided when a ChatCluster is made can be decided anew after it."""
        if self.exists():
            self.patch({"shards": {"storage": {"whenDeleted": "Delete"}}})
            eventually("the operator has read that", self.observed, 60)
            self.kubectl("delete", "chatcluster", self.cluster, "--timeout=300s", timeout=330)
