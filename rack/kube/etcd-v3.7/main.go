// Command etcd-v3.7 is etcd v3.7, under a hostname of its own.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"

	"github.com/home-ops/home-ops/rack/kube/entry"
)

func main() {
	entry.Run(map[string]func(){"etcd": func() { etcdmain.Main(os.Args) }})
}
