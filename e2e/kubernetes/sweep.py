"""Takes away what a single node leaves behind in the machine when its daemons are gone: before() notes what was there
first, and only what came later goes."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import node_files as files

# What kubelet and kube-proxy set.
SYSCTLS = ["net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet", "vm.overcommit_memory", "vm.panic_on_oom",
           "kernel.panic", "kernel.panic_on_oops", "kernel.keys.root_maxkeys", "kernel.keys.root_maxbytes"]
SAVES = {"iptables-save": "iptables-restore", "ip6tables-save": "ip6tables-restore"}
NAMESPACES = pathlib.Path("/run/netns")
# Folders that containerd's shims, CNI and the kubelet insist on, whatever they are told.
FIXED = [NAMESPACES, *map(pathlib.Path, ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet"))]


def _run(*arguments, input=None):
    return subprocess.run(arguments, input=input, capture_output=True, text=True, timeout=60)


def _sysctl(name):
    return pathlib.Path("/proc/sys") / name.replace(".", "/")


def _tables():
    listed = json.loads(_run("nft", "-j", "list", "tables").stdout or "{}").get("nftables", [])
    return [[entry["table"]["family"], entry["table"]["name"]] for entry in listed if "table" in entry]


def before():
    return {"sysctls": {name: _sysctl(name).read_text() for name in SYSCTLS if _sysctl(name).exists()},
            "tables": _tables(), "rules": {save: _run(save).stdout.splitlines() for save in SAVES},
            "namespaces": [path.name for path in NAMESPACES.glob("cni-*")],
            "folders": [str(folder) for folder in FIXED if folder.exists()]}


def end_containers(runtime):
    """Shims know their socket folder; a container's processes are in the cgroups that the kubelet made."""
    for cgroup in pathlib.Path("/sys/fs/cgroup").glob("*/kubepods"):
        for folder, _, _ in os.walk(cgroup):  # passes over what vanishes meanwhile
            for pid in _read(pathlib.Path(folder) / "cgroup.procs").split():
                _kill(int(pid))
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        command = _read(process / "cmdline").split("\0")
        if "containerd-shim" in command[0] and str(runtime) in " ".join(command):
            _kill(int(process.name))


def _read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def unmount(*paths):
    """Last mounted, first taken off."""
    for _ in range(3):
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        places = [line.split()[4].encode().decode("unicode_escape") for line in lines]
        ours = [place for place in places if any((place + "/").startswith(f"{folder}/") for folder in paths)]
        for place in reversed(ours):
            _run("umount", "-l", place)
        if not ours:
            return


def settings(noted):
    for name, value in noted["sysctls"].items():
        if _sysctl(name).read_text() != value:
            _sysctl(name).write_text(value)


def network(noted):
    for link in (files.BRIDGE, files.DNS_LINK):
        _run("ip", "link", "delete", link)
    for save, restore in SAVES.items():
        # The chains of Kubernetes and of CNI with the jumps into them; everyone else's rules stay.
        now = _run(save).stdout.splitlines()
        kept = [line for line in now if line in noted["rules"][save] or not re.search(r"\bKUBE-|\bCNI-", line)]
        if kept != now:
            _run(restore, input="\n".join(kept) + "\n")
    for family, name in _tables():
        rules = " rule " in _run("nft", "-j", "list", "table", family, name).stdout.replace('"', " ")
        if [family, name] not in noted["tables"] and (name == "kube-proxy" or not rules):
            _run("nft", "delete", "table", family, name)


def namespaces(noted):
    """Network namespaces that CNI made, once nothing lives in them."""
    for place in NAMESPACES.glob("cni-*"):
        if place.name not in noted["namespaces"]:
            _run("umount", "-l", str(place))
            place.unlink(missing_ok=True)


def cgroups():
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = False
        for root in pathlib.Path("/sys/fs/cgroup").glob("*/kubepods"):
            for folder, _, _ in os.walk(root, topdown=False):
                try:
                    os.rmdir(folder)
                except FileNotFoundError:
                    pass
                except OSError:
                    left = True
        if not left:
            return
        time.sleep(0.1)


def fixed_folders(noted):
    folders(*(folder for folder in FIXED if str(folder) not in noted["folders"]))


def folders(*paths):
    unmount(*paths)
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
