package addons_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/addons/internal/apitest"
	"github.com/home-ops/home-ops/rack/addons/internal/hosttest"
	"github.com/home-ops/home-ops/rack/addons/rook"
)

// machines are those of all tests, as what is in the API server is.
var machines *hosttest.Hosts

// server is the API server of all tests, and definitions the directory of what it may be made to know. Under -short there is none.
var (
	server      *apitest.Server
	definitions string
)

var made = flag.String("definitions", "", "directory that `go run ../crds -out` has filled; default: it is run")

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if definitions = *made; definitions == "" {
		if definitions, err = makeDefinitions(); err != nil {
			return 1, err
		}
		defer os.RemoveAll(definitions)
	}
	dir, err := os.MkdirTemp("", "addons-machines-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	machines = hosttest.New(dir, disks)
	if server, err = apitest.Start(context.Background()); err != nil {
		return 1, err
	}
	defer server.Stop()
	return m.Run(), nil
}

func makeDefinitions() (string, error) {
	dir, err := os.MkdirTemp("", "addons-definitions-")
	if err != nil {
		return "", err
	}
	return dir, apitest.Definitions(context.Background(), dir)
}

// play runs the operators during a test.
func play(t *testing.T, change ...func(*addons.Options)) *apitest.Client {
	t.Helper()
	if server == nil {
		t.Skip("needs an API server")
	}
	o := addons.Options{More: addons.Cilium(filepath.Join(definitions, "cilium")), Hosts: machines, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for _, apply := range change {
		apply(&o)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- addons.Run(ctx, server.Config, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return server.Client(t)
}

// disks are those of the nodes a, b and c: one for the system and one that is blank.
func disks(node string) []rook.Disk {
	return []rook.Disk{
		{Path: "/dev/nvme0n1", Links: []string{"/dev/disk/by-id/nvme-Disk_SYSTEM-" + node}, Size: 512e9, InUse: "the system disk"},
		{Path: "/dev/nvme1n1", Links: []string{"/dev/disk/by-id/nvme-Disk_DATA-" + node}, Size: 2e12},
	}
}
