#!/usr/bin/env python3
"""The bench works: a tiny load on real clusters. No figure is judged here, only that there is one, and that there is none
where a commit would not be durable."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("CHATCLUSTER_BIN", HERE.parents[1] / "build" / "release" / "bin"))


def bench():
    loader = importlib.machinery.SourceFileLoader("bench_run", str(HERE / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


class Bench(unittest.TestCase):
    def run_cases(self, *names):
        arguments = [argument for name in names for argument in ("--case", name)]
        run = subprocess.run([HERE / "run", "--quick", "--build", BIN.parent, *arguments], capture_output=True, text=True,
                             timeout=300)
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        self.assertEqual(set(report["cases"]), set(names))
        for shard in report["settings"].values():
            self.assertEqual(shard, {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"})
        return report["cases"]

    def test_messages_are_counted_and_what_they_cost(self):
        cases = self.run_cases("pairs", "rate")
        for case in cases.values():
            self.assertGreater(case["load"]["messages"], 0)
            self.assertEqual(case["load"]["send_to_deliver"]["count"], case["load"]["messages"])
            self.assertGreater(case["cpu_us_per_message"]["all"], 0)
            for server in ("gateway-0", "messages-0", "redis", "shard-0", "shard-1"):
                self.assertGreater(case["memory"][server]["rss"], 0, server)

    def test_a_group_is_compared_with_the_bare_loop(self):
        group = self.run_cases("group-1")["group-1"]
        self.assertEqual(group["load"]["members"], 100)
        self.assertGreater(group["load"]["deliveries"], 0)
        self.assertGreater(group["bare_loop"]["sends"], 0)
        self.assertEqual(group["bare_loop"]["frame_bytes"], group["load"]["frame_bytes"])

    def test_people_who_sign_on(self):
        idle = self.run_cases("idle")["idle"]
        self.assertEqual(idle["load"]["people"], 400)
        self.assertIn("gateway_rss_bytes_per_connection", idle)


class Durability(unittest.TestCase):
    def test_there_is_no_figure_where_a_commit_does_not_wait_for_the_disk(self):
        run = bench()
        run.local_mode.BIN = BIN
        with run.BenchCluster() as cluster:
            self.assertEqual(set(run.settings(cluster)), {"shard-0", "shard-1"})
            folder = cluster.dir / "clusters" / "demo"
            address = json.loads((folder / "map.json").read_text())["shards"][1]["address"]
            password = (folder / "secrets" / "postgres_superuser_password").read_text().strip()
            host, port = address.rsplit(":", 1)
            subprocess.run(["psql", "-q", "-h", host, "-p", port, "-U", "postgres", "-d", "chat",
                            "-c", "alter role chat set synchronous_commit = off"],
                           env=os.environ | {"PGPASSWORD": password}, check=True)
            with self.assertRaisesRegex(SystemExit, "shard-1.*synchronous_commit"):
                run.settings(cluster)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
