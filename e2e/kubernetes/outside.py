"""A place outside the Pod network, as a person's device is: a network namespace of its own with a way to the node and to Service
addresses, and none to a Pod's."""
import os
import subprocess

import node_files as files

NAME = "chatcluster-client"
LINK = "chatclient0"
NODE_END, CLIENT_END = "198.51.100.1", "198.51.100.2"


def _run(*arguments, check=True):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    if check and done.returncode != 0:
        raise SystemExit(f"e2e: {' '.join(arguments)} failed: {done.stderr.strip()}")


def make(node_address):
    """Its name, for `ip netns exec`; what an earlier run left is taken away first."""
    take_away()
    inside = ("ip", "-n", NAME)
    _run("ip", "netns", "add", NAME)
    _run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAME)
    _run("ip", "address", "add", f"{NODE_END}/30", "dev", LINK)
    _run("ip", "link", "set", LINK, "up")
    _run(*inside, "address", "add", f"{CLIENT_END}/30", "dev", "eth0")
    for link in ("lo", "eth0"):
        _run(*inside, "link", "set", link, "up")
    for there in (f"{node_address}/32", files.SERVICES):
        _run(*inside, "route", "add", there, "via", NODE_END)
    return NAME


def take_away():
    _run("ip", "link", "delete", LINK, check=False)
    if os.path.exists(f"/run/netns/{NAME}"):
        _run("ip", "netns", "delete", NAME)
