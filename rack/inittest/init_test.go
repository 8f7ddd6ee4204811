//go:build linux

// Package inittest shows `homeops init` against simulated machines in maintenance mode, at the addresses that the
// written stack file then holds.
package inittest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/runbook"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/spec"
)

// The environment by which the test binary, started again inside a sealed room, knows what to do.
const (
	roomVar    = "INITTEST_ROOM"
	projectVar = "INITTEST_PROJECT"
	homeopsVar = "INITTEST_HOMEOPS"
	typedVar   = "INITTEST_TYPED"
)

func TestMain(m *testing.M) {
	if os.Getenv(roomVar) == "" {
		os.Exit(m.Run())
	}
	if err := inside(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// machines are the simulated ones: three small computers with a fast disk for Talos and a larger one for data.
var machines = []netip.Prefix{
	netip.MustParsePrefix("10.0.50.11/16"), netip.MustParsePrefix("10.0.50.12/16"), netip.MustParsePrefix("10.0.50.13/16"),
}

func hardware(n int) node.Hardware {
	return node.Hardware{
		Arch: "amd64", Manufacturer: "Intel(R) Corporation", Product: "NUC",
		Disks: []node.Disk{
			{Path: "/dev/sda", Size: 2000398934016, Type: node.DiskSSD, Model: "CT2000MX500", Serial: fmt.Sprintf("DATA%d", n)},
			{Path: "/dev/nvme0n1", Size: 500107862016, Type: node.DiskNVMe, Model: "SNV2S", Serial: fmt.Sprintf("SYSTEM%d", n)},
			{Path: "/dev/sdb", Size: 31004295168, Type: node.DiskSSD, Transport: "usb", Model: "Stick"},
		},
		Links: []node.Link{
			{Name: "enp1s0", MAC: fmt.Sprintf("52:54:00:AA:00:1%d", n)},
			{Name: "enp2s0", MAC: fmt.Sprintf("52:54:00:AA:00:2%d", n), Down: true},
		},
	}
}

// fromThePage are the words behind homeops of the command of docs/first-stack.md that reads the machines.
func fromThePage(t *testing.T) []string {
	t.Helper()
	commands, err := runbook.Page(os.DirFS("../.."), "docs/first-stack.md")
	if err != nil {
		t.Fatal(err)
	}
	const homeops = "go run ./cmd/homeops "
	i := slices.IndexFunc(commands, func(c runbook.Command) bool {
		return !c.Inline && strings.HasPrefix(c.Text, homeops) && !strings.Contains(c.Text, "--offline")
	})
	if i < 0 {
		t.Fatal("the page has no command that reads machines any more")
	}
	return strings.Fields(strings.TrimPrefix(commands[i].Text, homeops))
}

func TestInit_ReadsMachinesAndWritesAStackThatValidates(t *testing.T) {
	if testing.Short() {
		t.Skip("builds homeops and makes a sealed room")
	}
	homeops := filepath.Join(t.TempDir(), "homeops")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", homeops, "./cmd/homeops")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	project := t.TempDir()
	if err := os.WriteFile(filepath.Join(project, "Pulumi.yaml"), []byte("name: home-ops\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	err := sandbox.Seal(t.Context(), sandbox.Command{
		Path: os.Args[0], Env: append(os.Environ(), roomVar+"=1", projectVar+"="+project, homeopsVar+"="+homeops,
			typedVar+"="+strings.Join(fromThePage(t), "\n")),
		Stdout: &said, Stderr: &said, Grace: time.Second,
	})
	t.Log(said.String())
	if errors.Is(err, sandbox.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	written(t, filepath.Join(project, "Pulumi.house.yaml"))
}

// written checks that the file says what the machines are made of.
func written(t *testing.T, file string) {
	t.Helper()
	s, problems := spec.LoadFile(file)
	for _, p := range spec.Merge(problems, s.Validate()) {
		t.Error(p)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}; !slices.Equal(s.Network.NodeCIDRs, want) {
		t.Errorf("network %v, want %v", s.Network.NodeCIDRs, want)
	}
	if len(s.Nodes) != len(machines) || s.Storage.RookCeph == nil || len(s.Storage.RookCeph.Nodes) != len(machines) {
		t.Fatalf("nodes %+v, storage %+v", s.Nodes, s.Storage)
	}
	for n, got := range s.Nodes {
		if want := fmt.Sprintf("52:54:00:aa:00:1%d", n); got.MAC.String() != want {
			t.Errorf("%s: MAC %s, want %s", got.Name, got.MAC, want)
		}
		if want := (spec.DiskSelector{Serial: fmt.Sprintf("SYSTEM%d", n)}); got.InstallDisk != want {
			t.Errorf("%s: install disk %+v, want %+v", got.Name, got.InstallDisk, want)
		}
		if got.Arch != spec.ArchAMD64 {
			t.Errorf("%s: architecture %s", got.Name, got.Arch)
		}
		want := []spec.DiskSelector{{Serial: fmt.Sprintf("DATA%d", n)}}
		if disks := s.Storage.RookCeph.Nodes[n].Disks; !slices.Equal(disks, want) {
			t.Errorf("%s: Ceph's disks %+v, want %+v", got.Name, disks, want)
		}
	}
}

// inside runs in the sealed room: it powers the machines on and calls homeops as an operator would.
func inside(ctx context.Context) error {
	var addresses []netip.Addr
	for _, m := range machines {
		addresses = append(addresses, m.Addr())
	}
	dir, err := os.MkdirTemp("", "inittest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := sandbox.Furnish(sandbox.Room{Addresses: addresses, Dir: dir}); err != nil {
		return err
	}
	ctx, powerOff := context.WithTimeout(ctx, time.Minute)
	defer powerOff()
	for i, m := range machines {
		if err := powerOn(ctx, filepath.Join(dir, m.Addr().String()), i, m); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		append(strings.Split(os.Getenv(typedVar), "\n"), "--ceph=yes", "--secrets=none"),
		{"validate"},
	} {
		cmd := exec.CommandContext(ctx, os.Getenv(homeopsVar), args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = os.Getenv(projectVar), os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("homeops %s: %w", args[0], err)
		}
	}
	return nil
}

// idle is the Kubernetes of a machine without a configuration: there is none to run, and nothing to stop.
type idle struct{ node.Kubernetes }

func (idle) Shutdown(context.Context, bool) error { return nil }

// powerOn boots a machine from Talos's image, without a configuration.
func powerOn(ctx context.Context, dir string, i int, at netip.Prefix) error {
	n, err := node.New(node.Options{
		Dir: dir, Addresses: []netip.Prefix{at}, Hardware: hardware(i),
		Kubernetes: idle{},
	})
	if err != nil {
		return err
	}
	go func() { _ = n.Run(ctx) }() // ends with the room
	return n.WaitFor(ctx, node.Maintenance)
}
