package talos_test

import (
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/node"
)

const (
	rawStateHead = `failed recovering value for turnaround check: Data integrity error: "__pulumi_raw_state_delta" ` +
		"does not apply cleanly to the resource state\n\n"
	rawStateTail = "\n\nDetail: rawStateRecoverNatural cannot process Object values due to map vs object confusion"
)

// isRawState reports whether err is the genuine plugin's failure to write a state down.
func isRawState(err error) bool {
	return err != nil && strings.Contains(err.Error(), rawStateHead) && strings.HasSuffix(err.Error(), rawStateTail)
}

func TestTimeouts_FailOnlyOnceTheNodeIsConfigured(t *testing.T) {
	c := newCluster(t)
	machine, address := startNode(t)
	inputs := c.apply(address, within("create", "1m"))
	c.preview(applyType, inputs)
	if _, err := c.tryCreate(applyType, inputs); !isRawState(err) {
		t.Errorf("error %v", err)
	}
	awaitState(t, machine, node.Running)
}

func TestTimeouts_FailOnlyOnceTheNodeIsBootstrapped(t *testing.T) {
	c := newCluster(t)
	_, address, _ := c.configured(t, nil)
	if _, err := c.tryCreate(bootstrapType, c.inputs(address, within("create", "1m"))); !isRawState(err) {
		t.Errorf("error %v", err)
	}
	_, err := c.tryCreate(bootstrapType, c.inputs(address, within("create", "1s")))
	if err == nil || !strings.Contains(err.Error(), "AlreadyExists") {
		t.Errorf("error of a second bootstrap %v", err)
	}
}

func TestTimeouts_CannotBeAddedLater(t *testing.T) {
	c := newCluster(t)
	_, address, state := c.configured(t, nil)
	_, err := c.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(applyType), Olds: c.wire(state), News: c.wire(c.apply(address, within("update", "1m"))),
	})
	if !isRawState(err) {
		t.Errorf("error %v", err)
	}
}

func TestBootstrap_CannotBeImported(t *testing.T) {
	p := startProvider(t)
	_, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(bootstrapType), Id: "machine_bootstrap"})
	if !isRawState(err) {
		t.Errorf("error %v", err)
	}
}
