"""Answers for kubelet where there are no nodes: every Pod of a ChatCluster that appears gets an address and is Ready.

    pods.py HOST PORT CA TOKEN
"""
import http.client
import json
import queue
import ssl
import sys
import threading
import time
import urllib.parse

LABEL = "chatcluster.io/cluster"
WORKERS = 4
REDIS, DAEMONS, SHARDS = 10, 20, 100  # the second number of an address: 127.SHARDS+N.x.y is a shard-N


def shard_of(address):
    return f"shard-{int(address.split('.')[1]) - SHARDS}"


class Away(RuntimeError):
    pass


class Api:
    """One connection to the API server, of one thread."""

    def __init__(self, host, port, authority, token):
        self.place, self.token = (host, port), token
        self.context = ssl.create_default_context(cafile=authority)
        self.connection = None

    def ask(self, method, path, body=None, content_type="application/json", patience=60):
        """The answer; its body is still to be read. A connection that the server closed meanwhile is made anew."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        text = None if body is None else json.dumps(body)
        for attempt in range(5):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(*self.place, timeout=patience, context=self.context)
            try:
                self.connection.request(method, path, text, headers)
                return self.connection.getresponse()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                time.sleep(0.2 * attempt)
        raise Away(f"{method} {path}: the API server does not answer")

    def call(self, method, path, body=None, content_type="application/json"):
        """(status, JSON)"""
        answer = self.ask(method, path, body, content_type)
        return answer.status, json.loads(answer.read() or b"{}")

    def list(self, path, **parameters):
        """All items, page by page, and the version of the list."""
        items, position = [], ""
        while True:
            query = urllib.parse.urlencode({"limit": 250, "continue": position} | parameters)
            status, page = self.call("GET", f"{path}?{query}")
            if status != 200:
                raise RuntimeError(f"list {path}: {page}")
            items += page["items"]
            position = page["metadata"].get("continue", "")
            if not position:
                return items, page["metadata"]["resourceVersion"]

    def watch(self, path, **parameters):
        """Every object that is there or changes, for ever; (type, object)."""
        while True:
            items, version = self.list(path, **parameters)
            yield from (("ADDED", item) for item in items)
            query = urllib.parse.urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": 3000} | parameters)
            self.connection.close()  # it has less patience
            self.connection = None
            answer = self.ask("GET", f"{path}?{query}", patience=3600)
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    break
                yield event["type"], event["object"]
            self.connection.close()
            self.connection = None


class Kubelet:
    def __init__(self, api):
        self.api, self.number, self.seen = api, 0, set()
        self.todo = queue.Queue()

    def address(self, labels):
        self.number += 1
        role = labels["app.kubernetes.io/component"]
        second = {"redis": REDIS, "shard": SHARDS}.get(role, DAEMONS)
        if role == "shard":
            second += int(labels["chatcluster.io/process"].split("-")[1])
        return f"127.{second}.{self.number // 250}.{self.number % 250 + 1}"

    def status(self, pod):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        container = pod["spec"]["containers"][0]
        address = self.address(pod["metadata"]["labels"])
        return {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                "conditions": [{"type": each, "status": "True", "lastTransitionTime": now}
                               for each in ("PodScheduled", "Initialized", "ContainersReady", "Ready")],
                "containerStatuses": [{"name": container["name"], "image": container["image"], "imageID": "", "ready": True,
                                       "restartCount": 0, "state": {"running": {"startedAt": now}}}]}

    def begin_pods(self, api):
        while True:
            pod = self.todo.get()
            meta = pod["metadata"]
            api.call("PATCH", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status",
                     {"metadata": {"uid": meta["uid"]}, "status": self.status(pod)}, "application/merge-patch+json")

    def run(self, connect):
        for _ in range(WORKERS):
            threading.Thread(target=self.begin_pods, args=(connect(),), daemon=True).start()
        for kind, pod in self.api.watch("/api/v1/pods", labelSelector=LABEL):
            uid = pod["metadata"]["uid"]
            if kind == "DELETED":
                self.seen.discard(uid)
            elif uid not in self.seen and not pod["status"].get("podIP") and "deletionTimestamp" not in pod["metadata"]:
                self.seen.add(uid)
                self.todo.put(pod)


if __name__ == "__main__":
    Kubelet(Api(*sys.argv[1:])).run(lambda: Api(*sys.argv[1:]))
