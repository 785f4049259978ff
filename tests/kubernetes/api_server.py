#!/usr/bin/env python3
"""A real Kubernetes API server with an etcd of its own, on free ports of the loopback interface, with certificates and
tokens of its own. No node: Pods that are made stay Pending.

In a test:              with ApiServer() as server: server.kubectl("get", "namespaces")
For other languages:    api_server.py [--controller-manager]   prints KUBECONFIG=… (by token) and CLIENT_KUBECONFIG=… (by
                        certificate) and serves until SIGTERM; SIGUSR1 kills the API server and starts it again
"""
import ctypes
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "e2e" / "kubernetes"))
from certificates import Authority  # noqa: E402
from programs import free_port, program  # noqa: E402

STARTS_WITHIN = 240  # seconds; four on an idle machine
STOPS_WITHIN = 30
TRIES = 3


def _before_exec():
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # main() blocks some, and children would inherit that
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it dies with its parent


class Ended(RuntimeError):
    """A server ended before it was ready."""


class Server:
    """A child process with a log; known by its pid only."""

    def __init__(self, arguments, log):
        self.name = pathlib.Path(arguments[0]).name
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, preexec_fn=_before_exec)

    def running(self):
        return self.process.poll() is None

    def stop(self):
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()

    def tail(self):
        return f"the end of {self.log}:\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class ApiServer:
    """`flags` are further ones of kube-apiserver, `controller_flags` of kube-controller-manager. The folder goes when the
    server does."""

    def __init__(self, controller_manager=False, flags=(), controller_flags=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-kubernetes-"))
        self.flags, self.controller_flags = list(flags), list(controller_flags)
        self.etcd = self.api = self.controllers = None
        try:
            self._make_identities()
            self._start(controller_manager)
        except BaseException:
            self.close()
            raise

    def _start(self, controller_manager):
        for attempt in range(1, TRIES + 1):
            self._take_ports()
            try:
                self.start_etcd()
                self.start_api()
                break
            except Ended:  # another process can take a port between looking and starting
                if attempt == TRIES:
                    raise
                self._stop()
                shutil.rmtree(self.folder / "etcd", ignore_errors=True)
        if controller_manager:
            self.start_controllers()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _stop(self):
        for server in (self.controllers, self.api, self.etcd):
            if server is not None:
                server.stop()

    def close(self):
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---------------------------------------------------------------- who may come in
    def _make_identities(self):
        self.authority = Authority(self.folder / "pki")
        names = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default.svc", "IP:127.0.0.1", "IP:10.96.0.1"]
        self.serving = self.authority.issue("apiserver", "/CN=kube-apiserver", "serverAuth", names)
        self.client = self.authority.issue("admin", "/O=system:masters/CN=admin", "clientAuth")
        self.accounts_key = self.authority.key("service-accounts")
        self.token = secrets.token_hex(16)
        self.tokens = self.folder / "tokens.csv"
        self._tokens = [(self.token, "admin", "system:masters")]
        self._write_tokens()

    def _take_ports(self):
        self.port, self.etcd_port = free_port(), free_port()
        self.kubeconfig = self.write_kubeconfig("admin", {"token": self.token})
        self.client_kubeconfig = self.write_kubeconfig("admin-by-certificate", {
            "client-certificate": str(self.client[0]), "client-key": str(self.client[1])})

    def _write_tokens(self):
        lines = [f'{token},{user},{user},"{groups}"\n' for token, user, groups in self._tokens]
        self.tokens.write_text("".join(lines))
        self.tokens.chmod(0o600)

    def add_user(self, name, groups=""):
        """The kubeconfig of a user with a token and no rights, whom the API server knows after its next start."""
        token = secrets.token_hex(16)
        self._tokens.append((token, name, groups))
        self._write_tokens()
        return self.write_kubeconfig(name, {"token": token})

    def account_token(self, account, namespace="default", seconds=3600):
        """A token of a service account, as a Pod would get it."""
        return self.kubectl("create", "token", account, "-n", namespace, f"--duration={seconds}s").strip()

    def write_kubeconfig(self, name, user, server=None):
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server or f"https://127.0.0.1:{self.port}",
                                                      "certificate-authority": str(self.authority.certificate)}}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name, "namespace": "default"}}],
        }
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(json.dumps(config, indent=2))  # JSON is YAML
        path.chmod(0o600)
        return path

    # ---------------------------------------------------------------- the servers; each can be ended and started again
    def start_etcd(self):
        url, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        self.etcd = Server([program("etcd"), "--data-dir", self.folder / "etcd", "--listen-client-urls", url,
                            "--advertise-client-urls", url, "--listen-peer-urls", peer,
                            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
                            "--logger", "zap", "--log-level", "warn"], self.folder / "etcd.log")
        self._wait(self.etcd, self._etcd_answers)

    def start_api(self):
        issuer = f"https://127.0.0.1:{self.port}"
        self.api = Server([
            program("kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self.serving[0]}", f"--tls-private-key-file={self.serving[1]}",
            f"--client-ca-file={self.authority.certificate}", f"--token-auth-file={self.tokens}",
            "--authorization-mode=RBAC", f"--service-account-issuer={issuer}",
            f"--service-account-key-file={self.accounts_key}", f"--service-account-signing-key-file={self.accounts_key}",
            "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true", *self.flags,
        ], self.folder / "kube-apiserver.log")
        self._wait(self.api, self._api_answers)

    def start_controllers(self):
        self.controllers = Server([
            program("kube-controller-manager"), f"--kubeconfig={self.kubeconfig}", "--leader-elect=false",
            f"--service-account-private-key-file={self.accounts_key}", f"--root-ca-file={self.authority.certificate}",
            f"--cluster-signing-cert-file={self.authority.certificate}",
            f"--cluster-signing-key-file={self.authority.folder / 'ca.key'}", "--use-service-account-credentials=true",
            "--bind-address=127.0.0.1", f"--secure-port={free_port()}", f"--cert-dir={self.folder / 'controllers'}",
            *self.controller_flags,
        ], self.folder / "kube-controller-manager.log")
        # It gives every namespace its default account: the first sign that its controllers run.
        self._wait(self.controllers, lambda: self.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200)

    def _wait(self, server, ready):
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready():
            if not server.running():
                raise Ended(f"{server.name} ended at once; {server.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{server.name} is not ready after {STARTS_WITHIN} s; {server.tail()}")
            time.sleep(0.05)

    def _etcd_answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.etcd_port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _api_answers(self):
        try:
            return self.request("GET", "/readyz")[0] == 200 and \
                self.request("GET", "/api/v1/namespaces/default")[0] == 200
        except OSError:
            return False

    def restart_api(self):
        """kill -9 and a new start on the same port: every watch breaks, nothing that was stored is lost."""
        self.api.kill()
        self.start_api()

    # ---------------------------------------------------------------- asking it
    def request(self, method, path, body=None, content_type="application/yaml", token=None):
        """(status, decoded JSON or text) of one request."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        headers = {"Authorization": f"Bearer {token or self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:
            return answer.status, text

    def kubectl(self, *arguments, input=None, check=True):
        """What kubectl prints; with check=False the finished process."""
        done = subprocess.run([program("kubectl"), *map(str, arguments)], input=input, text=True, capture_output=True,
                              timeout=120, env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)})
        if not check:
            return done
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def apply_crds(self):
        """The CustomResourceDefinitions of crds/, and a wait until they are served."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", ROOT / "crds")
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "-l", "app.kubernetes.io/name=chatcluster")


def main():
    awaited = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    with ApiServer(controller_manager="--controller-manager" in sys.argv[1:]) as server:
        print(f"CLIENT_KUBECONFIG={server.client_kubeconfig}\nKUBECONFIG={server.kubeconfig}", flush=True)
        while signal.sigwait(awaited) == signal.SIGUSR1:
            server.restart_api()
            print("RESTARTED", flush=True)


if __name__ == "__main__":
    main()
