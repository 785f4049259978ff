#!/usr/bin/env python3
"""The fixture itself: who may come in, what a restart keeps, that its controllers run, that nothing of it stays."""
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api_server import ApiServer  # noqa: E402

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name, owner=None):
    metadata = {"name": name}
    if owner:
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
                                        "uid": owner["metadata"]["uid"]}]
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})


class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer(controller_manager=True)
        cls.addClassCleanup(cls.server.close)

    def eventually(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, "it did not become true within a minute")
            time.sleep(0.1)

    def test_strangers_are_refused(self):
        self.assertEqual(self.server.request("GET", MAPS, token="unknown")[0], 401)
        account = self.server.account_token("default")
        self.assertEqual(self.server.request("GET", MAPS, token=account)[0], 403)

    def test_a_client_certificate_opens(self):
        seen = self.server.kubectl(f"--kubeconfig={self.server.client_kubeconfig}", "auth", "whoami", "-o", "json")
        self.assertEqual(json.loads(seen)["status"]["userInfo"]["username"], "admin")

    def test_a_restart_keeps_what_was_stored_and_learns_of_users(self):
        self.assertEqual(self.server.request("POST", MAPS, config_map("kept"))[0], 201)
        stranger = self.server.add_user("stranger")
        before = self.server.api.process.pid
        self.server.restart_api()
        self.assertNotEqual(self.server.api.process.pid, before)
        self.assertEqual(self.server.request("GET", f"{MAPS}/kept")[1]["data"], {"a": "b"})
        refused = self.server.kubectl(f"--kubeconfig={stranger}", "get", "configmaps", check=False)
        self.assertIn('User "stranger" cannot list resource "configmaps"', refused.stderr)

    def test_the_controllers_collect_what_lost_its_owner(self):
        owner = self.server.request("POST", MAPS, config_map("owner"))[1]
        self.server.request("POST", MAPS, config_map("owned", owner))
        self.server.request("DELETE", f"{MAPS}/owner")
        self.eventually(lambda: self.server.request("GET", f"{MAPS}/owned")[0] == 404)


class Command(unittest.TestCase):
    def test_it_serves_restarts_on_a_signal_and_leaves_nothing(self):
        program = pathlib.Path(__file__).resolve().with_name("api_server.py")
        process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        lines = [process.stdout.readline().strip() for _ in range(2)]
        self.assertEqual([line.partition("=")[0] for line in lines], ["CLIENT_KUBECONFIG", "KUBECONFIG"])
        folder = pathlib.Path(lines[1].partition("=")[2]).parent
        self.assertTrue(folder.is_dir())
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.stdout.readline().strip(), "RESTARTED")
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        process.stdout.close()
        self.assertFalse(folder.exists())


if __name__ == "__main__":
    unittest.main()
