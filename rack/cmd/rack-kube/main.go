// Command rack-kube is every Kubernetes process of a rehearsal in one binary: the programs share almost all of their
// code, so linking them once saves minutes and half a gigabyte. Its first argument, or the name it is called by, picks
// the program; the rest is that program's own. Built with the tag clients, it goes without the control plane: those of
// other releases are programs in rack/kube/vMINOR.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// programsHere are the upstream entry points. Each takes its arguments from os.Args, as upstream's own main does.
func programsHere() map[string]func() {
	programs := map[string]func(){"etcd": etcd, "etcdutl": etcdUtility, "kubectl": kubectl, "kwok": kwok}
	maps.Copy(programs, controlPlane())
	return programs
}

func main() {
	programs := programsHere()
	run, ok := programs[filepath.Base(os.Args[0])]
	if !ok && len(os.Args) > 1 {
		if run, ok = programs[os.Args[1]]; ok {
			os.Args = os.Args[1:]
		}
	}
	if !ok {
		names := slices.Sorted(maps.Keys(programs))
		fmt.Fprintf(os.Stderr, "usage: rack-kube PROGRAM [ARGUMENT...]\nprograms: %s\n", strings.Join(names, ", "))
		os.Exit(2)
	}
	if err := setHostname(); err != nil {
		fmt.Fprintf(os.Stderr, "rack-kube: %v\n", err)
		os.Exit(1)
	}
	run()
}

// setHostname names the machine as the rack says. The rack starts each program in a UTS namespace of its own, so this
// changes nobody else's.
func setHostname() error {
	name := os.Getenv(process.HostnameVariable)
	if name == "" {
		return nil
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("hostname %s: %w", name, err)
	}
	return os.Unsetenv(process.HostnameVariable)
}
