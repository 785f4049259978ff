"""ChatClusters of a benchmark: made, watched, changed."""
import base64
import concurrent.futures
import contextlib
import threading
import time

import yaml

import pods

API = "/apis/chatcluster.io/v1alpha1"
PER_NAMESPACE = 50
WRITERS = 4


def conditions_of(cluster):
    return {each["type"]: each["status"] for each in cluster.get("status", {}).get("conditions", [])}


def at_rest(cluster):
    """It serves what its document says, and nothing is under way."""
    found = conditions_of(cluster)
    return (cluster.get("status", {}).get("observedGeneration") == cluster["metadata"]["generation"]
            and found.get("Available") == "True" and found.get("Progressing") == "False")


class ChatClusters:
    """`number` of them as in `sample`, so many in a namespace; `connect` makes a connection to the API server."""

    def __init__(self, sample, number, connect, values):
        self.sample, self.connect, self.values = yaml.safe_load(sample.read_text()), connect, values
        self.sample["spec"].pop("paused", None)
        self.names = [(f"bench-{each // PER_NAMESPACE}", f"demo-{each}") for each in range(number)]
        self.local = threading.local()

    def api(self):
        if not hasattr(self.local, "api"):
            self.local.api = self.connect()
        return self.local.api

    def done(self, answer):
        status, body = answer
        if status >= 300:
            raise RuntimeError(f"{status}: {body}")
        return body

    def make(self):
        for name_space in sorted({each for each, _ in self.names}):
            self.done(self.api().call("POST", "/api/v1/namespaces", {"metadata": {"name": name_space}}))
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self.make_one, self.names))

    def make_one(self, place):
        name_space, name = place
        data = {key: base64.b64encode(value.encode()).decode() for key, value in self.values.items()}
        self.done(self.api().call("POST", f"/api/v1/namespaces/{name_space}/secrets",
                                  {"metadata": {"name": f"{name}-secrets"}, "type": "Opaque", "data": data}))
        body = self.sample | {"metadata": {"name": name, "namespace": name_space}}
        self.done(self.api().call("POST", f"{API}/namespaces/{name_space}/chatclusters", body))

    def not_at_rest(self):
        items, _ = self.api().list(f"{API}/chatclusters")
        return [each for each in items if not at_rest(each)]

    def set_workers(self, place, number):
        """The new generation of the document."""
        name_space, name = place
        patch = {"spec": {"workers": {"replicas": {"min": number}}}}
        changed = self.done(self.api().call("PATCH", f"{API}/namespaces/{name_space}/chatclusters/{name}", patch,
                                            "application/merge-patch+json"))
        return changed["metadata"]["generation"]


class Watch:
    """The newest of each object of one kind, and when a change of it arrived."""

    def __init__(self, api, path, **parameters):
        self.objects, self.changed = {}, threading.Condition()
        threading.Thread(target=self.run, args=(api, path, parameters), daemon=True).start()

    def run(self, api, path, parameters):
        with contextlib.suppress(pods.Away):  # the end of the benchmark
            self.follow(api, path, parameters)

    def follow(self, api, path, parameters):
        for kind, each in api.watch(path, **parameters):
            meta = each["metadata"]
            with self.changed:
                if kind == "DELETED":
                    self.objects.pop((meta["namespace"], meta["name"]), None)
                else:
                    self.objects[meta["namespace"], meta["name"]] = each
                self.changed.notify_all()

    def until(self, place, holds, patience=120):
        """When the object was seen as `holds` wants it, by time.monotonic()."""
        with self.changed:
            if not self.changed.wait_for(lambda: place in self.objects and holds(self.objects[place]), patience):
                raise RuntimeError(f"{place} is not as wanted after {patience} s: {self.objects.get(place)}")
            return time.monotonic()
