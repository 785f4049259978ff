package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	// Only these of CoreDNS's plugins: all of them would bring half of the clouds' libraries along.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

func runCoreDNS() {
	// The order in which a query passes them; CoreDNS knows no other order than this list's.
	dnsserver.Directives = []string{"reload", "bind", "health", "ready", "errors", "cache", "kubernetes", "loop", "forward"}
	coremain.Run()
}
