#!/usr/bin/env python3
"""The documents of corpus/ against a real API server with the CustomResourceDefinitions of crds/: it accepts and refuses
what local mode does (tests/operator/api/corpus_test.cpp reads the same files)."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from api_server import ApiServer  # noqa: E402
from corpus import cases  # noqa: E402

GROUP = "/apis/chatcluster.io/v1alpha1/namespaces/default"


def plural(document):
    return "chatoperations" if "kind: ChatOperation" in document else "chatclusters"


def name_of(document):
    return re.search(r"^metadata: *(?:\{|\n +)name: ([^,}\n]+)", document, re.M)[1]


def message(answer):
    return answer if isinstance(answer, str) else answer.get("message", "")


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApiServer()
        cls.addClassCleanup(cls.server.close)
        cls.server.apply_crds()

    def create(self, document):
        # Strict is what every kubectl asks for: unknown and doubled fields are refused, not dropped.
        return self.server.request("POST", f"{GROUP}/{plural(document)}?dryRun=All&fieldValidation=Strict", document)

    def apply(self, document):
        path = f"{GROUP}/{plural(document)}/{name_of(document)}?fieldManager=corpus&force=true&fieldValidation=Strict"
        return self.server.request("PATCH", path, document, "application/apply-patch+yaml")

    def delete(self, document):
        self.server.request("DELETE", f"{GROUP}/{plural(document)}/{name_of(document)}")

    def judge(self, case, status, answer):
        self.assertEqual(status < 300, case.accepted, f"{status}: {message(answer)}")
        if not case.accepted:
            self.assertTrue(case.says, "a refusal without its message")
        for piece in case.says:
            self.assertIn(piece, message(answer))

    def test_each_document_is_judged_as_it_says(self):
        seen = [case for case in cases() if case.before is None]
        self.assertGreater(len(seen), 60)
        for case in seen:
            with self.subTest(f"{case.file}: {case.name}"):
                self.judge(case, *self.create(case.yaml))

    def test_each_change_is_judged_as_it_says(self):
        seen = [case for case in cases() if case.before is not None]
        self.assertGreater(len(seen), 15)
        for case in seen:
            with self.subTest(f"{case.file}: {case.name}"):
                status, answer = self.apply(case.before)
                self.assertLess(status, 300, message(answer))
                try:
                    self.judge(case, *self.apply(case.yaml))
                finally:
                    self.delete(case.before)

    def test_server_side_apply_takes_what_is_good(self):
        for case in cases():
            if case.accepted and case.before is None:
                with self.subTest(f"{case.file}: {case.name}"):
                    status, answer = self.apply(case.yaml)
                    self.delete(case.yaml)
                    self.assertLess(status, 300, message(answer))


if __name__ == "__main__":
    unittest.main()
