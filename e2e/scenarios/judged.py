"""What the scenarios share: an operator, a ChatCluster that serves, people outside who chat, and the judge of tests/judge."""
import base64
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
for folder in ("e2e/kubernetes", "tests/system", "tests/judge"):
    sys.path.append(str(ROOT / folder))
import operator_on_kubernetes as operator  # noqa: E402
import scenario  # noqa: E402
from chat_on_kubernetes import ChatOnKubernetes, program  # noqa: E402
from cluster import eventually  # noqa: E402
from scenario import in_thread  # noqa: E402, F401
from shards import Shards  # noqa: E402
from talking import BUCKETS, bucket_of  # noqa: E402


class ShardsInPods(Shards):
    """The shards' own tables, by psql in their Pods."""

    def __init__(self, chat):
        self.chat = chat
        secret = chat.get("secret", f"{chat.cluster}-secrets")["data"]["postgres_superuser_password"]
        self.password = base64.b64decode(secret).decode()
        self.names = [shard["name"] for shard in chat.status()["shards"]]

    def place(self, shard):
        """Its namespace, Pod and container."""
        return self.chat.namespace, f"{self.chat.cluster}-{shard}-0", "postgres"

    def try_to_run(self, shard, sql, more):
        namespace, pod, container = self.place(shard)
        command = [program("kubectl"), "-n", namespace, "exec", "-i", pod, "-c", container, "--",
                   "env", f"PGPASSWORD={self.password}", "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                   "-U", "postgres", "-d", "chat", "-f", "-"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, input=sql, check=False)
        if run.returncode == 0:
            return [run.stdout]
        error = f"{shard}: {run.stderr.strip()}"
        raise RuntimeError(error) if "ERROR:" in run.stderr else ConnectionError(error)


class Scenario(scenario.Scenario):
    """Each begins with a demo that serves, whatever was there before it."""
    SHARDS = ShardsInPods

    @classmethod
    def setUpClass(cls):
        cls.cluster, cls.table = ChatOnKubernetes(), []
        if not operator.operators():
            operator.install()
        cls.begin()

    @classmethod
    def begin(cls):
        cls.cluster.apply_demo()
        cls.cluster.wait_settled()

    @classmethod
    def tearDownClass(cls):
        if cls.table:
            cls.print_table()

    def run(self, result=None):
        result = super().run(result)
        if result is not None and any(test is self for test, _ in result.failures + result.errors):
            self.cluster.describe()
        return result

    async def shard_in_use(self, load):
        """The Pod of a shard that has one of the conversations: of four, all may be on one of two."""
        shards = [shard["name"] for shard in (await in_thread(self.cluster.status))["shards"]]
        return f"{self.cluster.cluster}-{shards[bucket_of(load.talks[0].id) * len(shards) // BUCKETS]}-0"

    async def lives_of_others(self, *components):
        """Of all Pods but these components'."""
        lives = await in_thread(self.cluster.lives)
        pods = await in_thread(self.cluster.pods)
        return {name: life for name, life in lives.items()
                if pods[name]["metadata"]["labels"]["app.kubernetes.io/component"] not in components}

    async def eventually(self, what, condition, seconds=180):
        return await in_thread(eventually, what, condition, seconds)
