"""One machine as a whole Kubernetes cluster: control plane, containerd, kubelet, kube-proxy, coredns, each a daemon with a
log. Needs root. Everything of it lies in one folder, one folder for sockets, two network links, and what sweep.py names."""
import json
import os
import pathlib
import subprocess
import time
import urllib.request

import node_files as files
import sweep
from certificates import Authority
from daemons import Daemons
from image import layer_of_files, write_image
from programs import free_port, program

STARTS_WITHIN = 180  # seconds
NEEDED = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "coredns"]
# user and groups of each certificate by which a part comes to the API server
CLIENTS = {"admin": "/O=system:masters/CN=admin", "kubelet-client": f"/O=system:nodes/CN=system:node:{files.NODE}",
           "controllers": "/CN=system:kube-controller-manager", "scheduler": "/CN=system:kube-scheduler",
           "proxy": "/CN=system:kube-proxy", "dns": "/CN=system:kube-dns", "api-to-kubelet": "/O=system:masters/CN=kube-apiserver"}


def run(*arguments, check=True, **more):
    words = [str(argument) for argument in arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, **more)
    if check and done.returncode != 0:
        raise SystemExit(f"e2e/cluster: {' '.join(words)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done


def machine_address():
    """The address by which this machine reaches others; pods and the API server use it too."""
    route = json.loads(run("ip", "-j", "-4", "route", "get", "192.0.2.1", check=False).stdout or "[]")
    if not route:
        raise SystemExit("e2e/cluster: this machine has no IPv4 route to anywhere, and a node needs an address")
    return route[0]["prefsrc"]


class SingleNode:
    def __init__(self, folder, runtime):
        self.folder, self.runtime = pathlib.Path(folder), pathlib.Path(runtime)
        self.pki = self.folder / "pki"
        self.daemons = Daemons(self.folder)
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.socket = self.runtime / "containerd.sock"

    # ---------------------------------------------------------------- made once, before the first start
    def prepare(self):
        for folder in (self.folder, self.runtime):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        if (self.folder / "facts.json").exists():
            self.facts = json.loads((self.folder / "facts.json").read_text())
            return
        names = ("api", "etcd", "etcd-peer", "controllers", "scheduler", "kubelet", "kubelet-health", "proxy-health",
                 "proxy-metrics", "dns-health")
        self.facts = {"address": machine_address(), "ports": {name: free_port() for name in names},
                      "before": sweep.before()}
        self._certificates()
        self._files()
        (self.folder / "facts.json").write_text(json.dumps(self.facts, indent=2))

    def _certificates(self):
        authority = Authority(self.pki)
        address = f"IP:{self.facts['address']}"
        authority.issue("apiserver", "/CN=kube-apiserver", "serverAuth", [
            "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local", "IP:127.0.0.1", "IP:10.96.0.1", address])
        authority.issue("kubelet", f"/CN={files.NODE}", "serverAuth", [f"DNS:{files.NODE}", "IP:127.0.0.1", address])
        authority.key("service-accounts")
        for name, subject in CLIENTS.items():
            authority.issue(name, subject, "clientAuth")
            self._kubeconfig(name)

    def _kubeconfig(self, name):
        cluster = {"server": f"https://{self.facts['address']}:{self.facts['ports']['api']}",
                   "certificate-authority": f"{self.pki}/ca.crt"}
        user = {"client-certificate": f"{self.pki}/{name}.crt", "client-key": f"{self.pki}/{name}.key"}
        (self.folder / f"{name}.kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}], "users": [{"name": name, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}]}, indent=2))

    def _files(self):
        ports = self.facts["ports"]
        (self.folder / "cni").mkdir(exist_ok=True)
        for number in range(files.VOLUMES):
            (self.folder / "volumes" / str(number)).mkdir(parents=True)
        (self.folder / "cni" / "10-chatcluster.conflist").write_text(files.network(self.folder))
        (self.folder / "resolv.conf").write_text(pathlib.Path("/etc/resolv.conf").read_text())
        for name, text in {"containerd.toml": files.containerd(self.folder, self.runtime),
                           "kubelet.json": files.kubelet(self.folder, self.pki, ports),
                           "proxy.json": files.proxy(self.folder / "proxy.kubeconfig", ports),
                           "Corefile": files.coredns(self.folder / "dns.kubeconfig", ports)}.items():
            (self.folder / name).write_text(text)

    # ---------------------------------------------------------------- the daemons; start() is idempotent
    def start(self, say):
        say("etcd and the control plane")
        pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
        for name, arguments in self._control_plane().items():
            self.daemons.start(name, arguments)
            if name == "kube-apiserver":
                self.wait("kube-apiserver", lambda: self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0)
        say("containerd and the pause image")
        self.daemons.start("containerd", ["containerd", "--config", self.folder / "containerd.toml"])
        self.wait("containerd", lambda: self.ctr("version", check=False).returncode == 0)
        self._pause_image()
        say("kubelet, kube-proxy, coredns")
        run("ip", "link", "add", files.DNS_LINK, "type", "bridge", check=False)  # a link for its address only
        run("ip", "address", "replace", f"{files.DNS}/32", "dev", files.DNS_LINK)
        run("ip", "link", "set", files.DNS_LINK, "up")
        self.kubectl("apply", "--server-side", "-f", "-", input=DNS_RIGHTS)
        for name, arguments in self._node().items():
            self.daemons.start(name, arguments)
        self.kubectl("apply", "--server-side", "-f", "-", input=files.volumes(self.folder))
        self.wait("kubelet", self.is_ready)

    def _control_plane(self):
        f, pki, ports = self.folder, self.pki, self.facts["ports"]
        etcd, peer = (f"http://127.0.0.1:{ports[name]}" for name in ("etcd", "etcd-peer"))
        return {
            "etcd": [program("etcd"), "--data-dir", f / "etcd", "--listen-client-urls", etcd, "--advertise-client-urls",
                     etcd, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
                     f"default={peer}", "--logger", "zap", "--log-level", "warn"],
            "kube-apiserver": [
                program("kube-apiserver"), f"--etcd-servers={etcd}", "--bind-address=0.0.0.0",
                f"--advertise-address={self.facts['address']}", f"--secure-port={ports['api']}",
                f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key",
                f"--client-ca-file={pki}/ca.crt", "--authorization-mode=Node,RBAC", "--allow-privileged=true",
                "--enable-admission-plugins=NodeRestriction", f"--service-cluster-ip-range={files.SERVICES}",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                f"--service-account-key-file={pki}/service-accounts.key",
                f"--service-account-signing-key-file={pki}/service-accounts.key",
                f"--kubelet-client-certificate={pki}/api-to-kubelet.crt",
                f"--kubelet-client-key={pki}/api-to-kubelet.key", f"--kubelet-certificate-authority={pki}/ca.crt",
                "--kubelet-preferred-address-types=InternalIP"],
            "kube-controller-manager": [
                program("kube-controller-manager"), f"--kubeconfig={f}/controllers.kubeconfig", "--leader-elect=false",
                f"--service-account-private-key-file={pki}/service-accounts.key", f"--root-ca-file={pki}/ca.crt",
                f"--cluster-signing-cert-file={pki}/ca.crt", f"--cluster-signing-key-file={pki}/ca.key",
                "--use-service-account-credentials=true", "--bind-address=127.0.0.1", f"--cert-dir={f}/certs",
                f"--secure-port={ports['controllers']}"],
            "kube-scheduler": [program("kube-scheduler"), f"--kubeconfig={f}/scheduler.kubeconfig",
                               "--leader-elect=false", "--bind-address=127.0.0.1", f"--cert-dir={f}/certs",
                               f"--secure-port={ports['scheduler']}"],
        }

    def _node(self):
        f = self.folder
        return {
            "kubelet": [program("kubelet"), f"--config={f}/kubelet.json", f"--kubeconfig={f}/kubelet-client.kubeconfig",
                        f"--root-dir={f}/kubelet", f"--container-runtime-endpoint=unix://{self.socket}",
                        f"--hostname-override={files.NODE}", f"--node-ip={self.facts['address']}",
                        f"--cert-dir={f}/certs"],
            "kube-proxy": [program("kube-proxy"), f"--config={f}/proxy.json"],
            "coredns": [program("coredns"), "-conf", f / "Corefile"],
        }

    def _pause_image(self):
        if files.PAUSE in self.ctr("-n", "k8s.io", "images", "list", "-q").stdout:
            return
        binary = self.folder / "pause"
        run("gcc", "-static", "-Os", "-s", "-o", binary, pathlib.Path(__file__).with_name("pause.c"))
        write_image(self.folder / "pause.tar", files.PAUSE, [layer_of_files({"pause": (binary.read_bytes(), 0o755)})],
                    {"Entrypoint": ["/pause"], "User": "65535:65535"})
        self.load_image(self.folder / "pause.tar")

    # ---------------------------------------------------------------- asking and telling it
    def wait(self, name, ready):
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready():
            if not self.daemons.pid(name):
                raise SystemExit(f"e2e/cluster: {name} ended; {self.daemons.tail(name)}")
            if time.monotonic() > deadline:
                raise SystemExit(f"e2e/cluster: {name} is not ready after {STARTS_WITHIN} s; {self.daemons.tail(name)}")
            time.sleep(0.2)

    def kubectl(self, *arguments, check=True, **more):
        return run(program("kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments, check=check, **more)

    def ctr(self, *arguments, check=True):
        return run("ctr", "--address", self.socket, *arguments, check=check)

    def load_image(self, path):
        return self.ctr("-n", "k8s.io", "images", "import", "--snapshotter", "overlayfs", path).stdout

    def is_ready(self):
        """The node says so, and the kubelet is there: its word stands for 40 s after its end."""
        health = f"http://127.0.0.1:{self.facts['ports']['kubelet-health']}/healthz"
        try:
            urllib.request.urlopen(health, timeout=5).close()
        except OSError:
            return False
        node = self.kubectl("get", "node", files.NODE, "-o", "json", check=False)
        if node.returncode != 0:
            return False
        conditions = json.loads(node.stdout)["status"].get("conditions", [])
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


DNS_RIGHTS = json.dumps({"apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "chatcluster-test:dns"},
     "rules": [{"apiGroups": [""], "resources": ["services", "namespaces", "pods", "endpoints"], "verbs": ["list", "watch"]},
               {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]},
    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "chatcluster-test:dns"},
     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "chatcluster-test:dns"},
     "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-dns"}]},
]})
