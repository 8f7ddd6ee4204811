package node

import (
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// noExecRelease is the release of Talos that runs no program from a volume whose mount is secure; the next one does again
// (https://github.com/siderolabs/talos/pull/13774).
const noExecRelease = "v1.14.0"

// RunsFromVar says why no program can be run from /var on the machine; nil where one can.
func (n *Node) RunsFromVar() error {
	s := n.current()
	if s == nil || s.config() == nil {
		return fmt.Errorf("%s: nothing is installed", n.opts.Name)
	}
	return runsFrom(s.config(), s.version())
}

// runsFrom looks at the volume of /var. Without a document of it, it is mounted as by older releases.
func runsFrom(cfg config.Provider, release string) error {
	ephemeral, _ := cfg.Volumes().ByName(constants.EphemeralPartitionLabel)
	if release == noExecRelease && ephemeral.Mount().Secure() {
		return fmt.Errorf("fork/exec below /var: permission denied: Talos %s mounts it noexec", release)
	}
	return nil
}
