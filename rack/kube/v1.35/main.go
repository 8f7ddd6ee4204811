// Command v1.35 is the control plane of Kubernetes v1.35 in one binary, as rack-kube is that of the release which the
// rack itself is built with.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
)

// hostnameVariable is process.HostnameVariable of the rack, whose module this one cannot import.
const hostnameVariable = "RACK_HOSTNAME"

// programs are the upstream entry points. Each takes its arguments from os.Args, as upstream's own main does.
var programs = map[string]func(){
	"kube-apiserver":          kubeAPIServer,
	"kube-controller-manager": kubeControllerManager,
	"kube-scheduler":          kubeScheduler,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		names := slices.Sorted(maps.Keys(programs))
		fmt.Fprintf(os.Stderr, "usage: %s PROGRAM [ARGUMENT...]\nprograms: %s\n", os.Args[0], strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Args = os.Args[1:]
	if err := setHostname(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
	programs[os.Args[0]]()
}

// setHostname names the machine as the rack says, in the UTS namespace that the rack started the program in.
func setHostname() error {
	name := os.Getenv(hostnameVariable)
	if name == "" {
		return nil
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("hostname %s: %w", name, err)
	}
	return os.Unsetenv(hostnameVariable)
}
