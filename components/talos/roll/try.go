package roll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"gopkg.in/yaml.v3"
)

// apply changes the config of a running machine. One that changes its network is tried first: a machine that is not
// reached with it goes back to the former one by itself, and no one has to walk to it.
func (r *Roll) apply(ctx context.Context, machine Machine, node Node) error {
	current, err := machine.Config(ctx)
	if err != nil {
		return fmt.Errorf("its present config: %w", err)
	}
	changes, err := changesNetwork(current, node.Config)
	if err != nil {
		return err
	}
	if changes {
		if err := r.try(ctx, machine, node); err != nil {
			return err
		}
	}
	return machine.Apply(ctx, node.Config, Now)
}

// try has the machine run with its new config for a while, and returns nil when it still answers after that.
func (r *Roll) try(ctx context.Context, machine Machine, node Node) error {
	r.tell(fmt.Sprintf("%s: tries its new network for %s, and goes back to the former one unless it is still seen then", node.Name, r.limits.Watch))
	// The answer may be lost with the address that it would come from.
	if err := machine.Try(ctx, node.Config, r.limits.Try); errors.Is(err, ErrRefused) {
		return err
	}
	lost := r.watch(ctx, machine)
	if lost == nil {
		return nil
	}
	err := r.wait(ctx, node.Name, "the machine to go back to its former network", r.limits.Try+r.limits.Return, func(ctx context.Context) error {
		_, err := machine.Running(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return fmt.Errorf("with its new network it was not reached any more (%w); it has gone back to the former one: correct its network in the stack file", lost)
}

// watch looks at a machine for a while. The last look counts: a link that is set up anew is away for a moment.
func (r *Roll) watch(ctx context.Context, machine Machine) (last error) {
	until, done := context.WithTimeout(ctx, r.limits.Watch)
	defer done()
	tick := time.NewTicker(r.limits.Interval)
	defer tick.Stop()
	for {
		attempt, end := context.WithTimeout(ctx, min(r.limits.Attempt, r.limits.Watch))
		_, last = machine.Running(attempt)
		end()
		select {
		case <-until.Done():
			return last
		case <-tick.C:
		}
	}
}

// changesNetwork says that two configs differ in the machine's network: in machine.network, or in a document of those
// that Talos keeps for it.
func changesNetwork(current, wanted []byte) (bool, error) {
	before, err := networkIn(current)
	if err != nil {
		return false, fmt.Errorf("its present config: %w", err)
	}
	after, err := networkIn(wanted)
	return !bytes.Equal(before, after), err
}

func networkIn(raw []byte) ([]byte, error) {
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		return nil, err
	}
	var parts []any
	if main := cfg.RawV1Alpha1(); main != nil && main.MachineConfig != nil {
		parts = append(parts, main.MachineConfig.MachineNetwork)
	}
	for _, document := range cfg.Documents() {
		if isNetworks(document) {
			parts = append(parts, document)
		}
	}
	return yaml.Marshal(parts)
}

// isNetworks says that a kind of document is declared beside the link's: Talos has a package for each topic
// (https://github.com/siderolabs/talos/tree/v1.14.1/pkg/machinery/config/types).
func isNetworks(document config.Document) bool {
	return reflect.TypeOf(document).Elem().PkgPath() == reflect.TypeFor[network.LinkConfigV1Alpha1]().PkgPath()
}
