#!/usr/bin/env python3
"""The bench of many ChatClusters works, with two. No figure is judged but those that are no matter of time: what is made is
made once, and at rest nothing is written."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("CHATCLUSTER_BIN", HERE.parents[1] / "build" / "release" / "bin"))


class Bench(unittest.TestCase):
    def test_two_chat_clusters(self):
        run = subprocess.run([HERE / "operator" / "run", "--clusters", "2", "--quick", "--build", BIN.parent],
                             capture_output=True, text=True, timeout=500)
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        self.assertEqual(report["clusters"], 2)
        made = report["bring_up"]["requests"]
        for workload, number in (("statefulsets", 8), ("deployments", 6)):
            self.assertGreaterEqual(made[f"patch apps/{workload}"], number, made)
        for part in ("start_up", "at_rest"):  # I8; a new operator that finds all as it should be is at rest too
            writes = dict(report[part]["writes"])
            figures = writes.pop("patch chatcluster.io/chatclusters/status", 0)  # a database's size, once in 15 s
            self.assertEqual(writes, {}, part)
            self.assertLessEqual(figures, 2 * (1 + report[part].get("seconds", 15) // 15), part)
        self.assertGreater(report["at_rest"]["decisions"], 0)
        self.assertEqual(report["change"]["changes"], 4)
        self.assertGreaterEqual(report["change"]["requests_per_change"]["patch apps/deployments"], 1)
        self.assertEqual(len(report["takeover"]["applied_s"]), 1)
        for part in ("bring_up", "start_up", "at_rest"):
            self.assertGreater(report[part]["rss_mb"], 1)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
