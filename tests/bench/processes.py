"""What processes use, read from /proc: CPU seconds of whole trees, and memory."""
import os
import pathlib

TICK = os.sysconf("SC_CLK_TCK")


def stat(pid):
    """(parent, its cpu seconds, those of its children that ended), or None where it has gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:13])) / TICK, sum(map(int, fields[13:15])) / TICK


def tree(root):
    """The process and all its descendants that live."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := stat(entry)):
            children.setdefault(found[0], []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_seconds(pid):
    """User and system time of a server: for Postgres its backends too, those that ended included."""
    return sum(s[1] + s[2] for p in tree(pid) if (s := stat(p)))


def own_cpu_seconds(pid):
    """Of the process alone."""
    return found[1] if (found := stat(pid)) else 0.0


def processor_ticks():
    """(stolen by other guests of this host, all) of all processors since the machine began."""
    ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)


def memory_bytes(pid):
    """Resident memory; `anonymous` is what is not shared with a file or with other processes' shared memory."""
    result = {"rss": 0, "anonymous": 0}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        for key, name in (("VmRSS:", "rss"), ("RssAnon:", "anonymous")):
            if line.startswith(key):
                result[name] = int(line.split()[1]) * 1024
    return result


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "?")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) * 1024
    return {"cpu": model, "cores": os.cpu_count(), "memory_bytes": memory, "kernel": os.uname().release}
