// Package entry starts one of several programs that are linked into one binary, under a hostname of its own.
package entry

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
)

// HostnameVariable is the environment variable by which the rack names the machine; it is that of its package process.
const HostnameVariable = "RACK_HOSTNAME"

// Run runs the program that the first argument names. Each takes its arguments from os.Args, as upstream's own main does.
func Run(programs map[string]func()) {
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
	name := os.Getenv(HostnameVariable)
	if name == "" {
		return nil
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("hostname %s: %w", name, err)
	}
	return os.Unsetenv(HostnameVariable)
}
