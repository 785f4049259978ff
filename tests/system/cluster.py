"""A ChatCluster in local mode, in a directory of its own, through chatctl as a person would use it."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CHATCLUSTER_BIN", ROOT / "build" / "release" / "bin"))


def eventually(what, condition, seconds=30):
    """Waits for a condition (polled, since it is another process's); fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, KeyError, IndexError, ValueError) as error:
            last = error
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what} (last seen: {last!r})")


def alive(pid):
    """While any of its threads is: what a process holds (a lock, a port) is free only when the last one has ended, and the
    first one may be a zombie before."""
    states = []
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            states.append(stat.read_text().rsplit(")", 1)[1].split()[0])
    return any(state not in "ZX" for state in states)


class Cluster:
    SAMPLE = """\
apiVersion: chatcluster.io/v1alpha1
kind: ChatCluster
metadata: {name: demo}
spec:
  gateways: {replicas: {min: %(gateways)d, max: 8}}
  api: {replicas: {min: %(api)d, max: 4}}
  shards: {initial: %(shards)d%(of_shards)s}
  limits:
    messagesPerMinutePerUser: 0
    messagesPerMinutePerConversation: 0
    apiCallsPerMinutePerUser: 0
    apiCallsPerMinutePerAddress: 0
    connectsPerMinutePerAddress: 0
    signInsPerMinutePerAddress: 0
%(limits)s"""

    def __init__(self, gateways=2, api=1, shards=2, limits="", of_shards="", environment=None):
        """`limits`: more lines of them, and of the spec behind them; `of_shards`: more fields of spec.shards."""
        self.values = {"gateways": gateways, "api": api, "shards": shards, "limits": limits, "of_shards": of_shards}
        self.environment = {**os.environ, **(environment or {})}
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-"))
        self.home.chmod(0o755)  # the postgres user must reach its data
        self.dir = self.home / "state"

    def __enter__(self):
        try:
            print(self.chatctl("up", self.write(), "--detach", timeout=240).stdout)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind and self.dir.exists():
            for log in sorted(self.dir.glob("clusters/demo/logs/*.log")) + [self.dir / "operator.log"]:
                if log.exists() and not log.name.startswith("shard"):
                    print(f"--- {log.name} (end)\n{log.read_text(errors='replace')[-3000:]}")
        subprocess.run([BIN / "chatctl", "down", "--purge", "--dir", self.dir], capture_output=True, timeout=120)
        shutil.rmtree(self.home, ignore_errors=True)

    def write(self, **changes):
        self.values.update(changes)
        file = self.home / "demo.yaml"
        file.write_text(self.SAMPLE % self.values)
        return file

    def chatctl(self, *arguments, check=True, timeout=60):
        run = subprocess.run([BIN / "chatctl", *map(str, arguments), "--dir", str(self.dir)],
                             capture_output=True, text=True, timeout=timeout, env=self.environment)
        if check and run.returncode != 0:
            raise AssertionError(f"chatctl {arguments}: exit {run.returncode}\n{run.stdout}{run.stderr}")
        return run

    def document(self):
        return json.loads(self.chatctl("get", "chatcluster", "demo", "-o", "json").stdout)

    def status(self):
        return self.document()["status"]

    def says(self, reason, kind="Degraded", seconds=60):
        """Waits until that condition gives that reason among its problems; its message."""
        def said():
            condition = self.condition(kind)
            return condition if condition["status"] == ("True" if kind == "Degraded" else "False") and (
                condition["reason"] == reason) else None
        return eventually(f"{kind} says {reason}", said, seconds)["message"]

    def condition(self, kind):
        return next((c for c in self.status().get("conditions", []) if c["type"] == kind), {"status": "Unknown"})

    def wait_available(self, seconds=60):
        def settled():
            document = self.document()
            status = document["status"]
            return (status.get("observedGeneration") == document["metadata"]["generation"]
                    and any(c["type"] == "Available" and c["status"] == "True" for c in status["conditions"])
                    and any(c["type"] == "Progressing" and c["status"] == "False" for c in status["conditions"]))
        eventually("Available, not Progressing", settled, seconds)

    @property
    def api(self):
        return self.status()["endpoints"]["api"]

    @property
    def websocket(self):
        return self.status()["endpoints"]["websocket"]

    def process(self, name):
        return json.loads((self.dir / "clusters" / "demo" / "run" / f"{name}.json").read_text())

    def pids(self):
        """name -> pid of every process that runs."""
        result = {}
        for file in (self.dir / "clusters" / "demo" / "run").glob("*.json"):
            try:
                pid = json.loads(file.read_text())["pid"]
            except (ValueError, KeyError, OSError):
                continue
            if alive(pid):
                result[file.stem] = pid
        return result

    def operator_pid(self):
        return json.loads((self.dir / "operator.lock").read_text())["pid"]

    def kill(self, name, sig=signal.SIGKILL):
        pid = self.operator_pid() if name == "operator" else self.process(name)["pid"]
        os.kill(pid, sig)
        if sig == signal.SIGKILL:
            eventually(f"{name} is gone", lambda: not alive(pid), 5)
        return pid

    def start_operator(self):
        """As chatctl up does when the operator is not running; apply of the same file changes nothing."""
        return self.chatctl("up", self.home / "demo.yaml", "--detach", timeout=120)

    def config(self, name):
        return (self.dir / "clusters" / "demo" / "config" / f"{name}.yaml").read_text()

    def admin(self, name, path):
        """A GET on a daemon's admin port, found in its configuration."""
        line = next(line for line in self.config(name).splitlines() if line.startswith("admin:"))
        address = line.split(":", 1)[1].strip().strip('"')
        token_line = next(line for line in self.config(name).splitlines() if line.startswith("admin_token_file:"))
        token = pathlib.Path(token_line.split(":", 1)[1].strip().strip('"')).read_text().strip()
        request = urllib.request.Request(f"http://{address}{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()

    def metric(self, name, metric, labels=""):
        total = None
        for line in self.admin(name, "/metrics").splitlines():
            if line.startswith(metric) and line[len(metric)] in " {" and labels in line:
                total = (total or 0) + float(line.rsplit(" ", 1)[1])
        return total
