package bgp

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

// router is FRR in a network namespace of its own, wired to that of the nodes.
type router struct {
	t   *testing.T
	dir string
	pid string
}

// startRouter gives the router its addresses and the nodes theirs, and starts FRR
// with the configuration.
func startRouter(t *testing.T, stack *spec.Stack, plan *bgp.Plan, conf string) *router {
	t.Helper()
	r := &router{t: t, dir: t.TempDir()}
	holder := exec.Command("sleep", "infinity")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	background(t, holder)
	r.pid = strconv.Itoa(holder.Process.Pid)

	command(t, "ip", "link", "add", "nodes", "type", "veth", "peer", "name", "lan")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", "nodes").Run() })
	command(t, "ip", "link", "set", "lan", "netns", r.pid)
	command(t, "ip", "link", "set", "nodes", "up")
	r.inside("ip", "link", "set", "lo", "up")
	r.inside("ip", "link", "set", "lan", "up")
	for _, session := range plan.Sessions {
		network, ok := stack.Network.NodeNetworkOf(session.Address)
		if !ok {
			t.Skipf("peer %s is not on the nodes' network", session.Name)
		}
		// Without duplicate address detection, an IPv6 address works at once.
		r.inside("ip", "addr", "add", fmt.Sprintf("%s/%d", session.Address, network.Bits()), "dev", "lan", "nodad")
		for _, node := range session.Nodes {
			command(t, "ip", "addr", "replace", fmt.Sprintf("%s/%d", node.Address, network.Bits()), "dev", "nodes", "nodad")
		}
	}
	r.daemon("zebra", "hostname router\n")
	r.daemon("bgpd", conf)
	return r
}

// inside runs a program in the router's network namespace.
func (r *router) inside(args ...string) {
	r.t.Helper()
	command(r.t, "nsenter", append([]string{"-t", r.pid, "-n"}, args...)...)
}

func (r *router) daemon(name, conf string) {
	r.t.Helper()
	file := filepath.Join(r.dir, name+".conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		r.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(r.dir, name+".log"))
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command("nsenter", "-t", r.pid, "-n", filepath.Join(daemons, name), "-u", "root", "-g", "root",
		"-f", file, "-z", filepath.Join(r.dir, "zserv"), "-i", filepath.Join(r.dir, name+".pid"),
		"--vty_socket", r.dir, "-P", "0", "--log", "stdout")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	background(r.t, cmd)
	r.t.Cleanup(func() {
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && r.t.Failed() {
			r.t.Logf("%s:\n%s", name, text)
		}
	})
	r.await(name+" answers", func() string {
		if _, err := os.Stat(filepath.Join(r.dir, name+".vty")); err != nil {
			return err.Error()
		}
		return ""
	})
}

// show is what FRR answers to a show command, in JSON.
func (r *router) show(what string, into any) error {
	out, err := exec.Command("vtysh", "--vty_socket", r.dir, "-c", "show "+what+" json").CombinedOutput()
	if err != nil {
		return fmt.Errorf("show %s: %w\n%s", what, err, out)
	}
	// vtysh complains first that it has no configuration file of its own.
	text := string(out)
	if at := strings.IndexAny(text, "{["); at >= 0 {
		text = text[at:]
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("show %s: %w\n%s", what, err, out)
	}
	return nil
}

// await asks until the answer is empty. The last answer says what is missing.
func (r *router) await(what string, missing func() string) {
	r.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		answer := missing()
		if answer == "" {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("waiting until %s: %s", what, answer)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
