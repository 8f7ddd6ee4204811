package node_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
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
