"""What keeps processes from starting: taken ports, a missing program, folders that are closed. A sentence says it, no
crash loop fills a log, and it goes on by itself when the reason is gone."""
import asyncio
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from chat import Person
from cluster import BIN, Cluster, eventually
from surroundings import NEEDS_ROOT
from talking import Talking

POSTGRES = "/usr/lib/postgresql/15/bin"


def starts(log):
    return log.count('"event":"process_started"')


class StartRefused(Talking):
    MAKE = {"gateways": 2, "shards": 1}

    async def test_ports_that_another_program_took(self):
        await self.talk()
        ports = json.loads((self.cluster.dir / "clusters" / "demo" / "ports.json").read_text())
        before = self.cluster.status()["endpoints"]
        await self.a.close()
        await self.b.close()
        await self.run_blocking(self.cluster.chatctl, "down", timeout=90)
        others = [socket.create_server(("127.0.0.1", ports[key]))
                  for key in ("api", "gateways", "shard-0", "redis", "gateway-1.admin", "messages-0")]
        try:
            await self.run_blocking(self.cluster.start_operator)
            after = self.cluster.status()["endpoints"]
            self.assertNotEqual(after["api"], before["api"])
            self.assertNotEqual(after["websocket"], before["websocket"])
            # The two that people know are said to people; the others concern nobody and are in the log.
            await self.says("PortTaken", f"port {ports['api']} of the api", f"(pid {os.getpid()})", "tell the people")
            await self.says("PortTaken", f"port {ports['gateways']} of the gateways", after["websocket"].split("/")[2])
            self.assertEqual(self.log("operator").count('"event":"port_replaced"'), len(others))
            self.ann, self.bob = await asyncio.gather(*(Person.sign_in(after["api"], p.name) for p in (self.ann, self.bob)))
        finally:
            for other in others:
                other.close()
        self.a, self.b = await self.ann.socket(), await self.bob.socket()
        await self.talk()
        await self.judge()
        await self.says_no_more("PortTaken")

    @NEEDS_ROOT
    async def test_a_closed_folder(self):
        await self.talk()
        folder = self.cluster.dir / "clusters" / "demo" / "postgres"
        pid = self.cluster.pids()["shard-0"]
        folder.chmod(0o700)
        os.chown(folder, 0, 0)
        self.cluster.kill("shard-0")
        await self.says("NoPermission", str(folder), "can not be entered by the user postgres", "give that user")
        log = self.log("operator")
        await self.run_blocking(eventually, "it was tried again", lambda: (
            self.log("operator").count('"event":"act_failed"') > log.count('"event":"act_failed"')), 60)
        self.assertEqual(starts(self.log("operator")), starts(log), "it is not started again and again")
        shutil.chown(folder, "postgres", "postgres")
        await self.talk_until_acknowledged("shard-0", "opened again", "opened-again")
        await self.says_no_more("NoPermission")
        self.assertNotEqual(self.cluster.pids()["shard-0"], pid)
        await self.judge()

    @NEEDS_ROOT
    async def test_a_program_that_was_removed_while_all_runs(self):
        await self.talk()
        inside = ["nsenter", "-m", "-t", str(self.cluster.operator_pid())]
        hidden = ["mount", "-t", "tmpfs", "tmpfs", POSTGRES]
        before = self.cluster.pids()["shard-0"]
        await self.run_blocking(self.restart_operator_apart)
        inside[-1] = str(self.cluster.operator_pid())
        subprocess.run([*inside, *hidden], check=True)
        self.cluster.kill("shard-0")
        await self.says("NeedsAttention", "PostgreSQL 15 is not installed", "apt-get install postgresql-15")
        log, size = self.log("operator"), self.log_bytes()
        await self.run_blocking(eventually, "it was tried again", lambda: (
            self.log("operator").count('"event":"act_failed"') > log.count('"event":"act_failed"')), 60)
        self.assertEqual(starts(self.log("operator")), starts(log), "it is not started again and again")
        self.assertLess(self.log_bytes() - size, 100_000)
        subprocess.run([*inside, "umount", POSTGRES], check=True)
        await self.talk_until_acknowledged("shard-0", "installed again", "installed-again")
        await self.says_no_more("NeedsAttention")
        self.assertNotEqual(self.cluster.pids()["shard-0"], before)
        await self.judge()

    def restart_operator_apart(self):
        """The same operator with mounts of its own."""
        self.cluster.kill("operator")
        up = subprocess.run(["unshare", "-m", BIN / "chatctl", "up", self.cluster.home / "demo.yaml", "--detach", "--dir",
                             self.cluster.dir], capture_output=True, text=True, timeout=120)
        self.assertEqual(up.returncode, 0, up.stdout + up.stderr)


class NothingStarts(unittest.TestCase):
    """The same at the first `chatctl up`: it ends soon, and with the sentence."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-"))
        self.home.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.file = self.home / "demo.yaml"
        self.file.write_text("apiVersion: chatcluster.io/v1alpha1\nkind: ChatCluster\nmetadata: {name: demo}\n")

    def up(self, *before, **options):
        self.addCleanup(subprocess.run, [BIN / "chatctl", "down", "--purge", "--dir", self.home / "state"],
                        capture_output=True, timeout=60)
        return subprocess.run([*before, BIN / "chatctl", "up", self.file, "--detach", "--dir", self.home / "state"],
                              capture_output=True, text=True, timeout=120, **options)

    @NEEDS_ROOT
    def test_without_postgres(self):
        run = self.up("unshare", "-m", "sh", "-c", f'mount -t tmpfs tmpfs {POSTGRES} && exec "$@"', "sh")
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("PostgreSQL 15 is not installed", run.stderr)
        self.assertIn("apt-get install postgresql-15", run.stderr)

    @NEEDS_ROOT
    def test_as_somebody_who_may_not_write_there(self):
        run = self.up(user="nobody", group="nogroup", extra_groups=[])
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("Permission denied", run.stderr)
        self.assertIn(str(self.home / "state"), run.stderr)

    @NEEDS_ROOT
    def test_as_somebody_whose_clusters_belong_to_another(self):
        (self.home / "state" / "clusters").mkdir(parents=True)
        shutil.chown(self.home / "state", "nobody", "nogroup")
        run = self.up(user="nobody", group="nogroup", extra_groups=[])
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("Permission denied: give the user nobody the right to write there", run.stderr)


if __name__ == "__main__":
    unittest.main()
