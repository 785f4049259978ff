// One program that is all of Kubernetes that the tests need, chosen by the name it is called by (a link named kubectl is
// kubectl) or by its first argument. One binary, since they share nearly everything: 170 MB once, not seven times.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // what the originals' own mains register as well
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func server(command *cobra.Command) { os.Exit(cli.Run(command)) }

func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints it and ends with its status
	}
}

func run(name string) bool {
	switch name {
	case "kube-apiserver":
		server(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		server(controllers.NewControllerManagerCommand())
	case "kube-scheduler":
		server(scheduler.NewSchedulerCommand())
	case "kube-proxy":
		server(proxy.NewProxyCommand())
	case "kubelet":
		server(kubelet.NewKubeletCommand(context.Background()))
	case "kubectl":
		runKubectl()
	case "coredns":
		runCoreDNS()
	default:
		return false
	}
	return true
}

func main() {
	if run(filepath.Base(os.Args[0])) {
		return
	}
	if len(os.Args) > 1 {
		os.Args = os.Args[1:]
		if run(os.Args[0]) {
			return
		}
	}
	fmt.Fprintln(os.Stderr, "call it kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, kubelet, kubectl or coredns")
	os.Exit(2)
}
