package talos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
)

// bootIDPath changes with every boot of a node.
const bootIDPath = "/proc/sys/kernel/random/boot_id"

// resetOnDestroy carries out onDestroy as it stands in the state. STATE and EPHEMERAL are wiped, the installed
// system stays; with reboot it also waits until the node is back.
func resetOnDestroy(ctx context.Context, state resource.PropertyMap) error {
	if !boolAt(state, "onDestroy", "reset") {
		return nil
	}
	node, err := machineIn(state)
	if err != nil {
		return err
	}
	timeout, err := timeoutFor(state, "delete")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	request := &machineapi.ResetRequest{
		Graceful: boolAt(state, "onDestroy", "graceful"),
		Reboot:   boolAt(state, "onDestroy", "reboot"),
		SystemPartitionsToWipe: []*machineapi.ResetPartitionSpec{
			{Label: "STATE", Wipe: true},
			{Label: "EPHEMERAL", Wipe: true},
		},
	}
	if err := node.do(ctx, func(ctx context.Context, c *client.Client) error {
		return node.reset(ctx, c, request)
	}); err != nil {
		return diagnostic{"Error resetting machine", err}
	}
	return nil
}

func (m machine) reset(ctx context.Context, c *client.Client, request *machineapi.ResetRequest) error {
	var bootID string
	if request.GetReboot() {
		var err error
		if bootID, err = readBootID(ctx, c); err != nil {
			return fmt.Errorf("read the boot id before the reset: %w", err)
		}
	}

	response, err := c.ResetGenericWithResponse(ctx, request)
	if err != nil {
		return err
	}
	if len(response.GetMessages()) == 0 {
		return errors.New("no messages returned from action run")
	}
	if err := waitForServicesToStop(ctx, c, response.GetMessages()[0].GetActorId()); err != nil {
		return err
	}
	if !request.GetReboot() {
		return nil
	}
	return m.waitForReboot(ctx, c, bootID)
}

// waitForServicesToStop follows the reset's own events until the node stops its services. From then on the
// connection may break at any time, which is how a reset ends. The reset fails when one of its sequences does.
func waitForServicesToStop(ctx context.Context, c *client.Client, actor string) error {
	events := make(chan client.EventResult)
	if err := c.EventsWatchV2(ctx, events, client.WithTailEvents(-1), client.WithActorID(actor)); err != nil {
		return fmt.Errorf("watch the reset: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the node to stop its services: %w", ctx.Err())
		case event := <-events:
			if event.Error != nil {
				return fmt.Errorf("watch the reset: %w", event.Error)
			}
			switch payload := event.Event.Payload.(type) {
			case *machineapi.TaskEvent:
				if payload.GetTask() == "stopAllServices" {
					return nil
				}
			case *machineapi.SequenceEvent:
				if failure := payload.GetError(); failure != nil && failure.GetMessage() != "" {
					return fmt.Errorf("sequence %s: %s", payload.GetSequence(), failure.GetMessage())
				}
			}
		}
	}
}

// waitForReboot waits until the node answers in maintenance, or with its configuration but after another boot.
func (m machine) waitForReboot(ctx context.Context, c *client.Client, before string) error {
	for {
		if m.inMaintenance(ctx) {
			return nil
		}
		if after, err := readBootID(ctx, c); err == nil && after != before {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the node to come back from its reset: %w", ctx.Err())
		case <-time.After(shortestWait):
		}
	}
}

func (m machine) inMaintenance(ctx context.Context) bool {
	c, err := m.insecurely(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_, err = c.Disks(client.WithNode(ctx, m.node))
	return err == nil
}

func readBootID(ctx context.Context, c *client.Client) (string, error) {
	reader, err := c.Read(ctx, bootIDPath)
	if err != nil {
		return "", err
	}
	defer func() { _ = reader.Close() }()
	content, err := io.ReadAll(reader)
	return strings.TrimSpace(string(content)), err
}
