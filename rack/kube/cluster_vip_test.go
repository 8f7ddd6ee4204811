package kube_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
	"github.com/home-ops/home-ops/rack/node"
)

const (
	// inOrder is how long a virtual IP may be away that is given up, on a busy machine; it moves within moments.
	inOrder = 15 * time.Second
	// expires is the shortest that an election lasts from which nobody resigns: a session of a minute, last renewed a third of
	// that ago.
	expires = 35 * time.Second
)

// Who has the virtual IP resigns wherever Talos has it resign, and nowhere else.
func TestCluster_MovesTheVirtualIPAsTalosDoes(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11", "10.0.50.12", "10.0.50.13") {
		return
	}
	configs := configtest.New(t, "https://"+vip+":6443", configtest.VIP(vip))
	c := newCluster(t)
	for i := 1; i <= 3; i++ {
		c.add(configs, machine.TypeControlPlane, fmt.Sprintf("cp-%d", i), fmt.Sprintf("10.0.50.1%d", i))
	}
	if err := c.machines["cp-1"].kube.Bootstrap(t.Context(), node.Recovery{}); err != nil {
		t.Fatal(err)
	}
	c.waitReady("cp-3")

	was := c.holder()
	c.stopInOrder(was)
	c.moves("a machine that is stopped", was, inOrder)
	c.powerOn(was)
	c.whole()

	was = c.holder()
	c.reconfigure(was, configs.Config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) { cfg.MachineConfig.MachineNetwork = nil }))
	c.moves("a config without it", was, inOrder)
	c.reconfigure(was, configs.Config(t, machine.TypeControlPlane))

	was = c.holder()
	c.reconfigure(was, configs.Config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineKubelet.KubeletExtraArgs = meta.Args{"v": meta.NewArgValue("3", nil)}
	}))
	c.moves("a kubelet that restarts", was, inOrder)

	was = c.holder()
	c.killEtcd(was)
	c.moves("an etcd that dies", was, inOrder)
	c.whole()

	was = c.holder()
	c.plugOut(was)
	c.eventually("nobody has it after a power cut", inOrder, c.held(""))
	c.powerOn(was)
	c.eventually("who comes back ends the election that it won", expires, func(context.Context) error {
		if c.holder() == "" {
			return errors.New("nobody has it")
		}
		return nil
	})
	c.whole()

	was = c.holder()
	if err := c.machines[was].kube.LeaveEtcd(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := time.Now()
	c.eventually("nobody has it when its holder has left etcd", inOrder, c.held(""))
	c.moves("an election that nobody resigns from", was, lease-time.Since(left))
	if away := time.Since(left); away < expires {
		t.Errorf("the election of a member that has left lasted %s", away)
	}
	if err := c.write(t.Context()); err != nil {
		t.Errorf("the API does not answer there: %v", err)
	}
}

// held is nil while the virtual IP leads to the machine.
func (c *cluster) held(by string) func(context.Context) error {
	return func(context.Context) error {
		if holder := c.holder(); holder != by {
			return fmt.Errorf("%q has it", holder)
		}
		return nil
	}
}

// moves waits until another than the former holder has the virtual IP.
func (c *cluster) moves(why, from string, within time.Duration) {
	c.t.Helper()
	c.eventually(why+" has the virtual IP moved from "+from, within, func(context.Context) error {
		if holder := c.holder(); holder == "" || holder == from {
			return fmt.Errorf("%q has it", holder)
		}
		return nil
	})
	if held := c.machines[from].kube.VIPs(); len(held) > 0 {
		c.t.Errorf("%s says that it still has %v", from, held)
	}
	if held := c.machines[c.holder()].kube.VIPs(); len(held) != 1 || held[0].String() != vip {
		c.t.Errorf("%s says that it has %v", c.holder(), held)
	}
}

// stopInOrder is what a reboot does.
func (c *cluster) stopInOrder(name string) {
	c.t.Helper()
	if err := c.machines[name].kube.Shutdown(c.t.Context(), false); err != nil {
		c.t.Fatal(err)
	}
	c.machines[name].cut()
}

// killEtcd kills the process of a machine's member.
func (c *cluster) killEtcd(name string) {
	c.t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		args, _ := os.ReadFile(file)
		parts := strings.Split(string(args), "\x00")
		if len(parts) > 2 && parts[1] == "etcd" && slices.Contains(parts, "--name="+name) {
			var pid int
			if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(file)), "%d", &pid); err != nil {
				c.t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				c.t.Fatal(err)
			}
			return
		}
	}
	c.t.Fatalf("no etcd of %s runs", name)
}

func (c *cluster) reconfigure(name string, cfg config.Provider) {
	c.t.Helper()
	m := c.machines[name]
	m.machine.Config = cfg
	if err := m.kube.Reconfigure(c.t.Context(), m.machine); err != nil {
		c.t.Fatal(err)
	}
}

// whole waits until every control plane serves, and each stands for the virtual IP.
func (c *cluster) whole() {
	c.t.Helper()
	ready, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	if err := c.fabric.WaitReady(ready); err != nil {
		c.logs()
		c.t.Fatal(err)
	}
}
