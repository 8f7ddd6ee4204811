// Command etcd-v3.7 is etcd v3.7 and what restores its snapshots, under a hostname of its own.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	"go.etcd.io/etcd/server/v3/etcdmain"

	"github.com/home-ops/home-ops/rack/kube/entry"
)

func main() {
	entry.Run(map[string]func(){"etcd": func() { etcdmain.Main(os.Args) }, "etcdutl": restore})
}

// restore is the part of etcdutl that Talos links, too.
func restore() {
	root := &cobra.Command{Use: "etcdutl"}
	root.AddCommand(etcdutl.NewSnapshotCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
}
