"""PostgreSQL and Redis that somebody else runs in the same Kubernetes: no ChatCluster's, with TLS, a volume for each database."""
import base64
import json
import os

from chat_on_kubernetes import is_ready, kubectl
from cluster import eventually

NAMESPACE = "theirs"
OWNER, PASSWORD, SUPERUSER = "chat_owner", "the owner's password", "superuser"
# The key is root's in a Secret's volume, readable by our group: PostgreSQL takes it so.
POSTGRES = f"""set -eu
if [ ! -e /data/db/PG_VERSION ]; then
  echo {SUPERUSER} >/tmp/password
  initdb -D /data/new -U postgres --pwfile=/tmp/password -A scram-sha-256 >/dev/null
  echo 'hostssl all all all scram-sha-256' >>/data/new/pg_hba.conf
  mv /data/new /data/db
fi
chmod 700 /data/db
exec postgres -D /data/db -c listen_addresses='*' -c unix_socket_directories=/tmp -c ssl=on -c ssl_cert_file=/tls/tls.crt \
  -c ssl_key_file=/tls/tls.key"""
REDIS = ("exec redis-server --port 0 --tls-port 6379 --tls-cert-file /tls/tls.crt --tls-key-file /tls/tls.key --tls-auth-clients no "
         "--requirepass \"$PASSWORD\" --save '' --dir /tmp --bind '*'")
# The image's own user, so that what Debian's packages forbid others is ours.
SECURITY = {"runAsNonRoot": True, "runAsUser": 999, "runAsGroup": 999, "fsGroup": 999}


class ServersOfOthers:
    """postgres-a, postgres-b, …, and redis, each in a StatefulSet of one Pod behind a Service of its name."""

    def __init__(self, authority, databases=("a", "b")):
        self.authority, self.databases = authority, [f"postgres-{name}" for name in databases]

    def start(self):
        kubectl("create", "namespace", NAMESPACE)
        for name in self.databases:
            self.serve(name, 5432, POSTGRES, {"exec": {"command": ["pg_isready", "-q", "-h", "127.0.0.1"]}})
        self.serve("redis", 6379, REDIS, {"tcpSocket": {"port": 6379}})
        for name in (*self.databases, "redis"):
            kubectl("-n", NAMESPACE, "rollout", "status", f"statefulset/{name}", "--timeout=180s", timeout=200)
        for name in self.databases:
            self.psql(name, f"create role {OWNER} login createdb createrole password '{PASSWORD.replace(chr(39), chr(39) * 2)}'")

    @staticmethod
    def stop():
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout=180)

    def serve(self, name, port, script, ready):
        certificate, key = self.authority.issue(name, f"/CN={name}", "serverAuth", [f"DNS:{self.host(name)}"])
        tls = {path: base64.b64encode(file.read_bytes()).decode() for path, file in (("tls.crt", certificate), ("tls.key", key))}
        labels = {"app": name}
        container = {"name": "server", "image": os.environ["CHATCLUSTER_E2E_IMAGE"], "command": ["/bin/sh", "-c", script],
                     "env": [{"name": "PASSWORD", "value": PASSWORD}],
                     "ports": [{"containerPort": port}], "readinessProbe": ready | {"periodSeconds": 1},
                     "volumeMounts": [{"name": "tls", "mountPath": "/tls"}, {"name": "data", "mountPath": "/data"}]}
        claim = {"metadata": {"name": "data"},
                 "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
        pod = {"securityContext": SECURITY, "containers": [container],
               "volumes": [{"name": "tls", "secret": {"secretName": f"{name}-tls", "defaultMode": 0o440}}]}
        for document in (
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{name}-tls"}, "data": tls},
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
                 "spec": {"selector": labels, "ports": [{"port": port}]}},
                {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
                 "spec": {"serviceName": name, "selector": {"matchLabels": labels}, "volumeClaimTemplates": [claim],
                          "template": {"metadata": {"labels": labels}, "spec": pod}}}):
            kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", "-", input=json.dumps(document))

    @staticmethod
    def host(name):
        return f"{name}.{NAMESPACE}.svc"

    def secret(self, name):
        """What a ChatCluster is told of one, as the data of a Secret."""
        values = {"host": self.host(name), "password": PASSWORD, "ca.crt": self.authority.certificate.read_text()}
        return values if name == "redis" else values | {"user": OWNER}

    @classmethod
    def kill(cls, name):
        """Until another one serves in its place."""
        before = cls.life(name)
        # By force there would be two of them on one volume for a while.
        kubectl("-n", NAMESPACE, "delete", "pod", f"{name}-0", "--grace-period=1", "--wait=false")
        eventually(f"{name} serves again", lambda: cls.life(name) not in ("", before), 180)

    @staticmethod
    def life(name):
        """Empty: it is not Ready."""
        found = kubectl("-n", NAMESPACE, "get", "pod", f"{name}-0", "-o", "json", check=False)
        pod = json.loads(found.stdout) if found.returncode == 0 else {"status": {}}
        return pod["metadata"]["uid"] if is_ready(pod) else ""

    @staticmethod
    def psql(name, sql):
        return kubectl("-n", NAMESPACE, "exec", f"{name}-0", "--", "env", f"PGPASSWORD={SUPERUSER}", "psql", "-X", "-q", "-A", "-t", "-h",
                       "127.0.0.1", "-U", "postgres", "-c", sql)
