"""Daemons that outlive the command that started them, each known by its pid and the moment it began."""
import json
import os
import pathlib
import signal
import subprocess
import time

STOPS_WITHIN = 20  # seconds, then it is killed


def started_at(pid):
    """The start time of a process in clock ticks since boot; None where there is none."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


class Daemons:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.logs = self.folder / "logs"

    def _file(self, name):
        return self.folder / f"{name}.pid.json"

    def known(self):
        return sorted(path.name.removesuffix(".pid.json") for path in self.folder.glob("*.pid.json"))

    def pid(self, name):
        """Its pid while it runs; a pid that was given to someone else since is not its."""
        try:
            facts = json.loads(self._file(name).read_text())
        except (OSError, ValueError):
            return None
        return facts["pid"] if started_at(facts["pid"]) == facts["started_at"] else None

    def start(self, name, arguments, environment=None):
        if self.pid(name):
            return
        self.logs.mkdir(parents=True, exist_ok=True)
        with open(self.logs / f"{name}.log", "ab") as log:
            process = subprocess.Popen([str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True, cwd="/",
                                       env={**os.environ, **(environment or {})})
        self._file(name).write_text(json.dumps({"pid": process.pid, "started_at": started_at(process.pid)}))

    def stop(self, name, number=signal.SIGTERM):
        pid = self.pid(name)
        deadline = time.monotonic() + STOPS_WITHIN
        if pid:
            os.kill(pid, number)
        while pid and self.pid(name):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            try:
                os.waitpid(pid, os.WNOHANG)  # where it is this process's child
            except ChildProcessError:
                pass
            time.sleep(0.05)
        self._file(name).unlink(missing_ok=True)

    def tail(self, name):
        text = (self.logs / f"{name}.log").read_text(errors="replace")
        return f"the end of {self.logs / name}.log:\n" + "\n".join(text.splitlines()[-15:])
