package node_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/rack/node"
)

// eventually waits for what comes true by itself.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("still not so after 30 seconds")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func list(t *testing.T, c *client.Client, root string) []string {
	t.Helper()
	stream, err := c.LS(t.Context(), &machineapi.ListRequest{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for {
		info, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.GetRelativeName())
	}
}

func bootID(t *testing.T, c *client.Client) string {
	t.Helper()
	r, err := c.Read(t.Context(), "/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func machineStatus(t *testing.T, c *client.Client) runtimeres.MachineStatusSpec {
	t.Helper()
	status, err := safe.StateGetByID[*runtimeres.MachineStatus](t.Context(), c.COSI, runtimeres.MachineStatusID)
	if err != nil {
		t.Fatal(err)
	}
	return *status.TypedSpec()
}

func TestRead_TellsWhatModulesSayOfThemselves(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(o *node.Options) {
		o.File = func(name string) ([]byte, error) {
			if name != "/proc/spl/there" {
				return nil, fmt.Errorf("stat %s: %w", name, fs.ErrNotExist)
			}
			return []byte("ONLINE\n"), nil
		}
	})
	c := newCluster(t, n.address)
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane))
	n.await(t, node.Running)
	for name, want := range map[string]codes.Code{"/proc/spl/there": codes.OK, "/proc/spl/gone": codes.NotFound, "/proc/other": codes.Unimplemented} {
		r, err := n.admin(t, c).Read(t.Context(), name)
		var said []byte
		if err == nil {
			said, err = io.ReadAll(r)
		}
		if status.Code(err) != want || want == codes.OK && string(said) != "ONLINE\n" {
			t.Errorf("%s: %q, %v", name, said, err)
		}
	}
}
