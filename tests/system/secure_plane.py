"""A second set of daemons in front of a local cluster's shards, with TLS wherever there can be some.

Local mode serves plain; what Kubernetes gives the daemons is made here: files as in mounted Secrets, a Redis that speaks
TLS only, and a cluster map of their own.
"""
import json
import os
import pathlib
import secrets
import socket
import ssl
import subprocess
import urllib.request

from cluster import BIN, Cluster, eventually

HOST = "127.0.0.1"


def free_ports(count):
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Authority:
    """A CA in a folder: ca.crt, and certificates of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "ca.crt", self.folder / "ca.key"
        self.openssl("req", "-x509", "-new", "-subj", "/CN=test CA", "-days", "30", "-keyout", self.key, "-out",
                     self.certificate, "-addext", "basicConstraints=critical,CA:TRUE")

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"],
                       check=True, capture_output=True)

    def issue(self, folder, days=30, name="chat.test"):
        """A certificate of 127.0.0.1, localhost and the name, laid down as a Secret is mounted: by a link's swap."""
        folder = pathlib.Path(folder)
        version = folder / f"..{secrets.token_hex(4)}"
        version.mkdir(parents=True)
        self.openssl("req", "-x509", "-new", "-subj", f"/CN={name}", "-days", days, "-CA", self.certificate, "-CAkey",
                     self.key, "-keyout", version / "tls.key", "-out", version / "tls.crt", "-addext",
                     f"subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:{name}", "-addext", "basicConstraints=CA:FALSE")
        (version / "ca.crt").write_text(self.certificate.read_text())
        (folder / "..new").symlink_to(version.name)
        (folder / "..new").rename(folder / "..data")
        for file in ("tls.crt", "tls.key", "ca.crt"):
            if not (folder / file).is_symlink():
                (folder / file).symlink_to(pathlib.Path("..data") / file)
        return folder

    def trusting(self, folder=None):
        """A client's context; with the certificate of `folder` to show."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if folder:
            context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        return context


class SecurePlane(Cluster):
    """`api` and `websocket` are those of the daemons with TLS. Clients of this process trust their CA."""
    NAME = "chat.internal"
    api = websocket = ""

    def __init__(self):
        super().__init__(gateways=1, api=1, shards=1)
        self.processes = []

    def __enter__(self):
        super().__enter__()
        try:
            self.wait_available()
            self.prepare()
            self.start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if kind:
            for log in sorted((self.home / "secure").glob("*.log")):
                print(f"--- {log.name} (end)\n{log.read_text(errors='replace')[-3000:]}")
        super().__exit__(kind, error, trace)

    def prepare(self):
        self.work = self.home / "secure"
        self.work.mkdir()
        self.authority = Authority(self.work / "ca")
        self.internal = Authority(self.work / "internal-ca")
        self.for_clients = self.authority.issue(self.work / "for-clients")
        self.between = self.internal.issue(self.work / "between", name=self.NAME)
        os.environ["SSL_CERT_FILE"] = str(self.authority.certificate)
        (self.redis, self.messages, self.gateway, self.rest, *admins) = free_ports(7)
        self.admins = dict(zip(("messages-t", "gateway-t", "api-t"), admins))
        self.api = f"https://{HOST}:{self.rest}"
        self.websocket = f"wss://{HOST}:{self.gateway}/v1/ws"

    def start(self):
        password = self.value("messages-0", "redis_password_file")
        self.run("redis", ["redis-server", "--port", "0", "--tls-port", str(self.redis), "--bind", HOST, "--save", "",
                           "--tls-cert-file", self.between / "tls.crt", "--tls-key-file", self.between / "tls.key",
                           "--tls-auth-clients", "no", "--requirepass", pathlib.Path(password).read_text().strip()])
        map_ = json.loads(pathlib.Path(self.value("messages-0", "map_file")).read_text())
        map_["messages"] = [{"name": "messages-t", "address": f"{HOST}:{self.messages}"}]
        map_["gateways"] = [{"name": "gateway-t", "url": self.websocket, "draining": False,
                             "admin": f"{HOST}:{self.admins['gateway-t']}"}]
        (self.work / "map.json").write_text(json.dumps(map_))
        clients = {"tls_cert_file": self.for_clients / "tls.crt", "tls_key_file": self.for_clients / "tls.key"}
        self.daemon("messages-0", "messages-t", self.messages, {})
        self.daemon("gateway-0", "gateway-t", self.gateway, clients)
        self.daemon("api-0", "api-t", self.rest, {**clients, "public_url": self.api})
        for name in self.admins:
            eventually(f"{name} is ready", lambda: self.ask_admin(name, "/readyz"))

    def value(self, process, key):
        """Of a daemon's configuration in local mode."""
        line = next(line for line in self.config(process).splitlines() if line.startswith(f"{key}:"))
        return line.split(":", 1)[1].strip().strip('"')

    def daemon(self, like, name, port, more):
        lines = [line for line in self.config(like).splitlines()
                 if line.split(":")[0] not in ("name", "listen", "shared", "admin", "map_file", "redis", "public_url")]
        values = {"name": name, "listen": f"{HOST}:{port}", "admin": f"{HOST}:{self.admins[name]}",
                  "map_file": self.work / "map.json", "redis": f"{HOST}:{self.redis}",
                  "internal_tls_cert_file": self.between / "tls.crt", "internal_tls_key_file": self.between / "tls.key",
                  "internal_tls_ca_file": self.between / "ca.crt", "internal_tls_name": self.NAME, "admin_tls": "true",
                  "redis_ca_file": self.between / "ca.crt", **more}
        file = self.work / f"{name}.yaml"
        file.write_text("\n".join([*lines, *(f"{key}: {json.dumps(str(value)) if key != 'admin_tls' else value}"
                                             for key, value in values.items())]) + "\n")
        program = BIN / ("chat-" + name.split("-")[0])
        self.run(name, [program, "--config", file])

    def run(self, name, command):
        with open(self.work / f"{name}.log", "ab") as log:
            self.processes.append(subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=self.work))

    def ask_admin(self, name, path):
        token = pathlib.Path(self.value("messages-0", "admin_token_file")).read_text().strip()
        request = urllib.request.Request(f"https://{HOST}:{self.admins[name]}{path}",
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=5, context=self.internal.trusting()) as answer:
            return answer.read().decode()

    def findings(self, name):
        return {each["reason"]: each["message"] for each in json.loads(self.ask_admin(name, "/status"))["findings"]}
