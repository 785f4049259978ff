#!/usr/bin/env python3
"""Postgres and Redis that someone else runs, over TLS, by Secrets: people chat, a server starts again, and what was said outlives the
ChatCluster."""
import json
import pathlib
import shutil
import tempfile
import unittest

from judged import Scenario, in_thread
from certificates import Authority
from chat import Person, check_history, history
from chat_on_kubernetes import SYSTEM, ChatOnKubernetes, eventually, kubectl

PLACE = "databases"
OWNER, PASSWORD = "owner", "their-password"
POSTGRES = r"""
set -e
bin=/usr/lib/postgresql/15/bin
if [ ! -e /data/pg/PG_VERSION ]; then
  $bin/initdb -D /data/pg -U postgres --auth-local=trust --auth-host=scram-sha-256 > /dev/null
  echo 'hostssl all all all scram-sha-256' >> /data/pg/pg_hba.conf
fi
exec $bin/postgres -D /data/pg -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=300 \
  -c ssl=on -c ssl_cert_file=/tls/tls.crt -c ssl_key_file=/tls/tls.key
"""
REDIS = f"""
exec redis-server --port 0 --tls-port 6379 --tls-auth-clients no --tls-cert-file /tls/tls.crt --tls-key-file /tls/tls.key \\
  --tls-ca-cert-file /tls/tls.crt --requirepass {PASSWORD} --save '' --dir /data
"""


class External(Scenario):
    @classmethod
    def begin(cls):
        cls.cluster = ChatOnKubernetes("foreign", "foreign")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(cls.folder)
        for namespace in (PLACE, cls.cluster.namespace):
            cls.addClassCleanup(kubectl, "delete", "namespace", namespace, "--ignore-not-found", timeout=300)
            kubectl("create", "namespace", namespace, check=False)
        cls.addClassCleanup(cls.cluster.kubectl, "delete", "chatcluster", "foreign", "--ignore-not-found", "--timeout=300s", timeout=330)
        for name, script, port in (("one", POSTGRES, 5432), ("two", POSTGRES, 5432), ("cache", REDIS, 6379)):
            cls.serve(name, script, port)
            cls.tell(name, port)
        for name in ("one", "two"):
            eventually(f"{name} answers", lambda of=name: cls.psql(of, "select 1") == "1", 180)
            cls.psql(name, f"create role {OWNER} login createdb createrole password '{PASSWORD}'")
        cls.apply()
        cls.cluster.wait_settled()

    @classmethod
    def serve(cls, name, script, port):
        """A Pod that keeps its data while it is there, and its Service."""
        certificate, key = cls.authority.issue(name, f"/CN={name}", "serverAuth", [f"DNS:{name}.{PLACE}.svc"])
        made = kubectl("-n", PLACE, "create", "secret", "tls", name, f"--cert={certificate}", f"--key={key}", "--dry-run=client", "-o", "json")
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=made)
        image = kubectl("-n", SYSTEM, "get", "deployment", "chat-operator", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": PLACE, "labels": {"app": name}},
               "spec": {"securityContext": {"runAsUser": 999, "runAsGroup": 999, "fsGroup": 999},
                        "terminationGracePeriodSeconds": 5,
                        "containers": [{"name": "server", "image": image, "imagePullPolicy": "IfNotPresent",
                                        "command": ["/bin/sh", "-c", script], "volumeMounts": [
                                            {"name": "data", "mountPath": "/data"}, {"name": "tls", "mountPath": "/tls"}]}],
                        "volumes": [{"name": "data", "emptyDir": {}},
                                    {"name": "tls", "secret": {"secretName": name, "defaultMode": 0o440}}]}}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": PLACE},
                   "spec": {"selector": {"app": name}, "ports": [{"port": port}]}}
        for each in (pod, service):
            kubectl("apply", "--server-side", "-f", "-", input=json.dumps(each))

    @classmethod
    def tell(cls, name, port):
        """The Secret of it, beside the ChatCluster."""
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"their-{name}"},
                  "stringData": {"host": f"{name}.{PLACE}.svc", "port": str(port), "user": OWNER, "password": PASSWORD,
                                 "ca.crt": cls.authority.certificate.read_text()}}
        cls.cluster.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(secret))

    @classmethod
    def apply(cls):
        cls.cluster.apply_demo(shards={"external": [{"name": name, "secretName": f"their-{name}"} for name in ("one", "two")]},
                               redis={"external": {"secretName": "their-cache"}})

    @classmethod
    def psql(cls, name, sql, database="postgres"):
        done = kubectl("-n", PLACE, "exec", name, "--", "psql", "-X", "-q", "-A", "-t", "-h", "/tmp", "-U", "postgres", "-d", database,
                       "-c", sql, check=False)
        if done.returncode != 0:
            raise ConnectionError(done.stderr)
        return done.stdout.strip()

    def stored(self):
        return sum(int(self.psql(name, "select count(*) from message_keys", "chat")) for name in ("one", "two"))

    def starts(self, name):
        return json.loads(kubectl("-n", PLACE, "get", "pod", name, "-o", "json"))["status"]["containerStatuses"][0]["restartCount"]

    async def test_people_chat_and_find_it_again(self):
        cluster = self.cluster
        self.assertEqual(await in_thread(cluster.pods, "shard"), {})
        self.assertEqual(await in_thread(cluster.pods, "redis"), {})
        api = await in_thread(lambda: cluster.api)
        ann, bob = await Person.make(api), await Person.make(api)
        a, b = await ann.socket(), await bob.socket()
        talk = await ann.talk_to(bob)
        acks = [await a.say(talk, f"number {number}") for number in range(10)]
        await b.expect("message", conversation_id=talk, seq=10)
        self.assertEqual(await in_thread(self.stored), 10)
        self.assertIn("t", await in_thread(self.psql, "one", "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) "
                                                            "where usename = 'chat'"))

        # Both servers start again, the one of this conversation among them.
        for name in ("one", "two"):
            before = await in_thread(self.starts, name)
            await in_thread(lambda of=name: kubectl("-n", PLACE, "exec", of, "--", "sh", "-c", "kill -INT 1", check=False))
            await self.eventually(f"{name} starts again", lambda of=name, was=before: self.starts(of) > was)
            await self.eventually(f"{name} answers", lambda of=name: self.psql(of, "select 1") == "1")
        await in_thread(cluster.wait_settled)
        acks.append(await a.say(talk, "after"))
        await b.expect("message", conversation_id=talk, seq=11)
        for one in (a, b):
            await one.close()

        # A Secret that is gone is said, and nobody notices; it is back, and so is the cluster.
        await in_thread(cluster.kubectl, "delete", "secret", "their-two")
        await self.eventually("what is missing is said", lambda: "their-two" in cluster.condition("Degraded").get("message", ""), 60)
        self.assertEqual((await in_thread(cluster.condition, "Available"))["status"], "True")
        await in_thread(self.tell, "two", 5432)
        await self.eventually("nothing is wrong", lambda: cluster.condition("Degraded")["status"] == "False", 60)

        # Nothing there is ours to delete.
        await in_thread(lambda: cluster.kubectl("delete", "chatcluster", "foreign", "--timeout=300s", timeout=330))
        self.assertEqual(await in_thread(self.stored), 11)
        await in_thread(self.apply)
        await in_thread(cluster.wait_settled)
        again = await Person.sign_in(await in_thread(lambda: cluster.api), ann.name)
        check_history(await history(again, talk), acks)


if __name__ == "__main__":
    unittest.main()
