"""What ships has no trace of the planted faults: looked for in the programs' code, data and symbols. The planted ones have
it, so this would be seen."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CHATCLUSTER_BIN", ROOT / "build" / "release" / "bin"))
PROGRAMS = ["chat-gateway", "chat-messages", "chat-api", "chat-worker", "chat-operator", "chatctl"]
FAULTS = re.findall(r"^  (\w+),  +//", (ROOT / "dataplane" / "base" / "planted.hpp").read_text(), re.M)


def traces(program):
    """Symbols and strings, without what is there for the debugger: that names every header."""
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "bare"
        subprocess.run(["objcopy", "--strip-debug", program, bare], check=True)
        symbols = subprocess.run(["nm", "-C", bare], check=True, capture_output=True, text=True).stdout
        data = bare.read_bytes()
    found = {line.split(" ", 2)[-1] for line in symbols.splitlines() if "planted" in line}
    return found | {word for word in ["CHATCLUSTER_FAULT", *FAULTS] if word.encode() in data}


class Shipping(unittest.TestCase):
    def test_nothing_is_planted_in_what_ships(self):
        self.assertGreaterEqual(len(FAULTS), 8)
        for program in PROGRAMS:
            self.assertEqual(set(), traces(BIN / program), program)

    def test_it_would_be_found(self):
        for program in ("chat-gateway", "chat-messages"):
            found = traces(BIN.parent / "planted" / "bin" / program)
            self.assertTrue(found.issuperset({"CHATCLUSTER_FAULT", *FAULTS}), found)


if __name__ == "__main__":
    unittest.main()
