// Command etcd-v3.7 is etcd v3.7, under a hostname of its own.
package main

import (
	"fmt"
	"os"
	"syscall"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// hostnameVariable is process.HostnameVariable of the rack, whose module this one cannot import.
const hostnameVariable = "RACK_HOSTNAME"

func main() {
	if len(os.Args) < 2 || os.Args[1] != "etcd" {
		fmt.Fprintf(os.Stderr, "usage: %s etcd [ARGUMENT...]\n", os.Args[0])
		os.Exit(2)
	}
	os.Args = os.Args[1:]
	if name := os.Getenv(hostnameVariable); name != "" {
		if err := syscall.Sethostname([]byte(name)); err != nil {
			fmt.Fprintf(os.Stderr, "etcd: hostname %s: %v\n", name, err)
			os.Exit(1)
		}
		_ = os.Unsetenv(hostnameVariable)
	}
	etcdmain.Main(os.Args)
}
