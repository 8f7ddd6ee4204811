package kubelet

import (
	"os"
	"path/filepath"
	"sync"
)

// cniFile stands for the configuration that a CNI agent installs.
const cniFile = "05-cilium.conflist"

// network is what a node knows of its CNI: whether an agent ever put its configuration in place, which outlives the
// agent and reboots, and whether the agent runs now, without which no sandbox gets a network.
type network struct {
	dir string

	mu      sync.Mutex
	running bool
}

func newNetwork(dir string) *network { return &network{dir: dir} }

func (n *network) configured() bool {
	_, err := os.Stat(filepath.Join(n.dir, cniFile))
	return err == nil
}

func (n *network) agentRunning() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.running
}

// setAgent notes whether the agent runs, and reports whether that is news.
func (n *network) setAgent(running bool) (news bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	news = n.running != running
	n.running = running
	if !running || n.configured() {
		return news, nil
	}
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return news, err
	}
	return news, os.WriteFile(filepath.Join(n.dir, cniFile), []byte("{}\n"), 0o644)
}
