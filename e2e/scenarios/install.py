#!/usr/bin/env python3
"""From nothing, with both ways: Helm, taken away again, then kubectl."""
import unittest

from judged import operator
from chat_on_kubernetes import SYSTEM, kubectl


class Install(unittest.TestCase):
    def definitions(self):
        found = kubectl("get", "crd", "-l", "app.kubernetes.io/name=chatcluster", "-o", "name").split()
        return {name.partition("/")[2] for name in found}

    def serves(self):
        self.assertEqual(self.definitions(), set(operator.DEFINITIONS))
        self.assertEqual(len(operator.operators()), 2)
        self.assertIn(operator.leader(), operator.operators())
        self.assertIn("KIND:       ChatCluster", kubectl("explain", "chatcluster.spec"))

    def test_both_ways(self):
        if operator.remains():
            self.skipTest("an operator is installed here already")
        fresh = not self.definitions()
        operator.install_with_helm(*([] if fresh else ["--take-ownership"]))
        kubectl("label", "namespace", SYSTEM, "pod-security.kubernetes.io/enforce=restricted", "--overwrite")
        self.serves()
        operator.helm("uninstall", "chatcluster", "--wait")
        self.assertEqual(self.definitions(), set(operator.DEFINITIONS), "they stay: with them every ChatCluster would go")
        kubectl("delete", "namespace", SYSTEM, timeout=300)
        self.assertEqual(operator.remains(), [])
        operator.install()
        self.serves()
        operator.install()  # once more: nothing restarts
        pods = operator.operators()
        operator.operator_serves()
        self.assertEqual(operator.operators(), pods)


if __name__ == "__main__":
    unittest.main()
