"""The operator as the scenarios install, look for, scale and take it away: all of it through kubectl and helm."""
import json
import os
import subprocess

from chat_on_kubernetes import ROOT, SYSTEM, eventually, kubectl
from programs import program

IMAGE = os.environ.get("CHATCLUSTER_E2E_IMAGE", "")            # what e2e/run put there, or an existing cluster can pull
NEXT_IMAGE = os.environ.get("CHATCLUSTER_E2E_NEXT_IMAGE", "")  # another name of an image, to upgrade to
DEFINITIONS = ("chatclusters.chatcluster.io", "chatoperations.chatcluster.io")
OF_THE_SYSTEM = "clusterroles,clusterrolebindings"


def overlay(folder, image):
    """An overlay as manifests/README.md shows it, beside the base since kustomize wants relative paths."""
    name, _, tag = image.rpartition(":")
    folder.mkdir(parents=True, exist_ok=True)
    base = os.path.relpath(ROOT / "manifests" / "kustomize" / "base", folder)
    (folder / "kustomization.yaml").write_text(
        f"resources: [{base}]\nimages: [{{name: chatcluster.local/chatcluster, newName: {name}, newTag: \"{tag}\"}}]\n")
    return folder


def install(image=IMAGE):
    """With kubectl; can be repeated."""
    folder = overlay(ROOT / "build" / "e2e-overlay", image)
    kubectl("apply", "--server-side", "--force-conflicts", "-k", folder)
    operator_serves()


def operator_serves(seconds=180):
    done = kubectl("-n", SYSTEM, "rollout", "status", "deployment/chat-operator", f"--timeout={seconds}s", check=False,
                   timeout=seconds + 30)
    if done.returncode != 0:
        print(kubectl("-n", SYSTEM, "describe", "pods", check=False).stdout[-5000:])
        raise AssertionError(f"the operator does not serve: {done.stderr or done.stdout}")
    eventually("an operator leads", leader, seconds)


def leader():
    """The Pod of the operator that acts."""
    lease = json.loads(kubectl("-n", SYSTEM, "get", "lease", "chat-operator", "-o", "json"))
    return lease["spec"].get("holderIdentity", "").rpartition("_")[0]


def operators():
    listed = json.loads(kubectl("-n", SYSTEM, "get", "pods", "-l", "app.kubernetes.io/component=operator", "-o", "json"))
    return sorted(item["metadata"]["name"] for item in listed["items"] if "deletionTimestamp" not in item["metadata"])


def scale_operator(replicas):
    kubectl("-n", SYSTEM, "scale", "deployment/chat-operator", f"--replicas={replicas}")
    if replicas == 0:
        eventually("no operator is left", lambda: not operators(), 90)
    else:
        operator_serves()


# -------------------------------------------------------------------- with Helm
def helm(*arguments, check=True):
    done = subprocess.run([program("helm"), *arguments, "--namespace", SYSTEM], capture_output=True, text=True, timeout=300,
                          check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"helm {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout if check else done


def install_with_helm(*more, image=IMAGE):
    name, _, tag = image.rpartition(":")
    helm("upgrade", "--install", "chatcluster", str(ROOT / "manifests" / "helm" / "chatcluster"), "--create-namespace",
         "--set-string", f"image.repository={name},image.tag={tag}", *more)
    operator_serves()


# -------------------------------------------------------------------- taking it away
def uninstall():
    """What kubectl installed, but the definitions: those take every ChatCluster along."""
    kubectl("delete", "namespace", SYSTEM, "--ignore-not-found", timeout=300)
    kubectl("delete", OF_THE_SYSTEM, "-l", "app.kubernetes.io/name=chatcluster", timeout=60)


def remains():
    """What of the operator is still there, the definitions apart."""
    listed = kubectl("get", f"{OF_THE_SYSTEM}", "-l", "app.kubernetes.io/name=chatcluster", "-o", "name").split()
    if kubectl("get", "namespace", SYSTEM, check=False).returncode == 0:
        listed += kubectl("-n", SYSTEM, "get", "all,secrets,configmaps,leases,networkpolicies,poddisruptionbudgets,roles,rolebindings",
                          "-l", "app.kubernetes.io/name=chatcluster", "-o", "name").split()
    return listed
