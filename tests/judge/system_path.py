"""Makes the client and the cluster of tests/system importable from here, however a script was started."""
import pathlib
import sys

SYSTEM = str(pathlib.Path(__file__).resolve().parents[1] / "system")
if SYSTEM not in sys.path:
    sys.path.append(SYSTEM)
