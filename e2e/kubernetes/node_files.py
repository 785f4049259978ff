"""The configuration files of the single node: containerd, its network, the kubelet, kube-proxy, coredns."""
import json

PODS, SERVICES, DNS = "10.244.0.0/24", "10.96.0.0/16", "169.254.96.10"
BRIDGE, DNS_LINK = "chatcni0", "chatdns0"
NODE = "chatcluster-node"
PAUSE = "chatcluster.local/pause:1"


VOLUMES = 40  # a volume that was used is not used again


def volumes(folder):
    """A default storage class of volumes that are there already, each a folder of this machine."""
    items = [{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
              "metadata": {"name": "local", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
              "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}]
    here = {"required": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}]}]}}
    for number in range(VOLUMES):
        items.append({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"local-{number}"},
                      "spec": {"capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteOnce"],
                               "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "local",
                               "local": {"path": f"{folder}/volumes/{number}"}, "nodeAffinity": here}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def containerd(folder, runtime):
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE no sandbox starts otherwise.
    return f"""version = 2
root = "{folder}/containerd/root"
state = "{runtime}/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{runtime}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd/opt"
"""


def network(folder):
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": True, "hairpinMode": True,
              "ipam": {"type": "host-local", "dataDir": f"{folder}/cni-addresses", "ranges": [[{"subnet": PODS}]],
                       "routes": [{"dst": "0.0.0.0/0"}]}}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "0.4.0", "name": "chatcluster", "plugins": [bridge, portmap]}, indent=2)


def kubelet(folder, pki, ports):
    return json.dumps({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": f"{pki}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt", "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "address": "0.0.0.0", "port": ports["kubelet"], "healthzPort": ports["kubelet-health"],
        "clusterDNS": [DNS], "clusterDomain": "cluster.local", "resolvConf": f"{folder}/resolv.conf",
        # This kind of machine: cgroup v1, no CAP_SYS_RESOURCE, no quotas on its file system.
        "failCgroupV1": False, "cgroupDriver": "cgroupfs", "localStorageCapacityIsolation": False, "oomScoreAdj": 0,
        "failSwapOn": False, "containerLogMaxSize": "20Mi", "maxPods": 110, "maxOpenFiles": 20000,
        # A machine of tests is often nearly full: Pods are not thrown out for that before it really is.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "2%", "imagefs.available": "2%"},
        "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
    }, indent=2)


def proxy(kubeconfig, ports):
    return json.dumps({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)}, "clusterCIDR": PODS, "hostnameOverride": NODE,
        "healthzBindAddress": f"127.0.0.1:{ports['proxy-health']}", "metricsBindAddress": f"127.0.0.1:{ports['proxy-metrics']}",
        # Others' tables of connections are the machine's own.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }, indent=2)


def coredns(kubeconfig, ports):
    return f""".:53 {{
    bind {DNS}
    errors
    health 127.0.0.1:{ports['dns-health']}
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {kubeconfig} test
        ttl 5
    }}
    forward . /etc/resolv.conf
    cache 5
}}
"""
