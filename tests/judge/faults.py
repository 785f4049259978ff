"""Faults of processes: what they are, how one is done to a cluster, and a sequence of them drawn from a seed."""
import os
import pathlib
import random
import signal
import time
import typing

import system_path  # noqa: F401
from cluster import alive, eventually

TARGETS = ["gateway-0", "gateway-1", "messages-0", "redis", "shard-0", "shard-1", "api-0", "worker-0", "operator"]
BACK_SECONDS = 60


class Fault(typing.NamedTuple):
    how: str          # kill (SIGKILL) · stop (SIGSTOP, and SIGCONT after `seconds`) · scale (chatctl apply)
    target: str       # a process; for scale the number of gateways
    seconds: float = 0.0

    @property
    def kind(self):
        if self.how == "scale":
            return "gateways by apply"
        return f"{'kill -9' if self.how == 'kill' else 'SIGSTOP'} {self.target.split('-')[0]}"

    def __str__(self):
        if self.how == "scale":
            return f"apply: {self.target} gateways"
        if self.how == "stop":
            return f"SIGSTOP {self.target} for {self.seconds:.1f} s"
        return f"kill -9 {self.target}" + (f", back after {self.seconds:.1f} s" if self.seconds else "")


def draw(rng):
    """One moment's faults: mostly one, at times two or three of different processes."""
    if rng.random() < 0.08:
        return [Fault("scale", str(rng.choice([2, 3, 4])))]
    many = rng.choices([1, 2, 3], [80, 14, 6])[0]
    faults = []
    for target in rng.sample(TARGETS, many):
        how = rng.choices(["kill", "stop"], [65, 35])[0]
        # Nobody starts a dead operator again but the one who soaks; a killed other one is the operator's business.
        seconds = rng.uniform(0.5, 5.0) if how == "stop" else rng.uniform(0.5, 3.0) if target == "operator" else 0.0
        faults.append(Fault(how, target, round(seconds, 1)))
    return faults


def schedule(seed, count):
    """(seconds to wait first, faults) of `count` faults or one or two more: the same for the same seed, whatever happens."""
    rng, moments, drawn = random.Random(seed), [], 0
    while drawn < count:
        faults = draw(rng)
        moments.append((round(rng.uniform(2.5, 5.0), 1), faults))
        drawn += len(faults)
    return moments


def children(pid):
    found = [pid]
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    return found


def pid_of(cluster, target):
    if target == "operator":
        return cluster.operator_pid()
    return eventually(f"{target} runs", lambda: cluster.pids().get(target), BACK_SECONDS)


def inject(cluster, fault):
    """Blocks until the fault is over as far as whoever does it is concerned; what follows is the operator's."""
    if fault.how == "scale":
        cluster.chatctl("apply", "-f", cluster.write(gateways=int(fault.target)))
    elif fault.how == "kill":
        pid_of(cluster, fault.target)
        cluster.kill(fault.target)
        if fault.target == "operator":
            time.sleep(fault.seconds)  # the fault itself: so long there is no operator
            cluster.start_operator()
    else:
        pids = children(pid_of(cluster, fault.target))  # a shard is many processes
        for pid in pids:
            send(pid, signal.SIGSTOP)
        time.sleep(fault.seconds)
        for pid in pids:
            send(pid, signal.SIGCONT)


def send(pid, sig):
    if alive(pid):
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            pass
