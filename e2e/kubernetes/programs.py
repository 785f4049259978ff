"""Where the programs of Kubernetes are, and ports for them."""
import os
import pathlib
import shutil
import socket


def program(name):
    """The path of a program: in $KUBEBUILDER_ASSETS, else as e2e/kubernetes/build made it, else in the PATH."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folders = [os.environ.get("KUBEBUILDER_ASSETS")]
    folders += [str(made) for made in sorted((cache / "chatcluster" / "kubernetes").glob("v*/bin"), reverse=True)]
    for folder in filter(None, folders):
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is missing: e2e/install kubernetes brings etcd, e2e/kubernetes/build makes the others")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
