package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/spec"
)

// change is one edit of the stack file, and the kind of the one object that a preview must show to be updated.
type change struct {
	name     string
	old, new string
	want     string
}

// changes are those that can be made to the stack.
func changes(s *spec.Stack) []change {
	var all []change
	for _, p := range s.Cilium.Pools {
		last := p.Blocks[len(p.Blocks)-1]
		shorter := spec.Range{First: last.First, Last: last.Last.Prev()}
		if last.Prefix.IsValid() || !shorter.Last.IsValid() || shorter.Last.Less(shorter.First) {
			continue
		}
		all = append(all, change{
			"a shorter pool previews as that pool alone", last.String(), shorter.String(),
			"kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool",
		})
		break
	}
	if b := s.Cilium.BGP; b != nil {
		all = append(all, change{
			"another ASN previews as the BGP cluster config alone", fmt.Sprintf("localASN: %d", b.LocalASN), fmt.Sprintf("localASN: %d", b.LocalASN+1),
			"kubernetes:cilium.io/v2:CiliumBGPClusterConfig",
		})
	}
	return all
}

// previewChanges edits the room's stack file, previews, and puts it back. Nothing is applied.
func (r *rehearsal) previewChanges(ctx context.Context) error {
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	for _, c := range changes(r.stack) {
		if strings.Count(string(before), c.old) != 1 {
			r.add(c.name, false, fmt.Sprintf("%q is not in the stack file once", c.old))
			continue
		}
		var got []string
		err := r.withFile(strings.Replace(string(before), c.old, c.new, 1), func() error {
			_, err := r.cli.Preview(ctx, func(e apitype.EngineEvent) { got = appendStep(got, e) })
			return err
		})
		if err != nil {
			return err
		}
		alone := len(got) == 1 && strings.HasPrefix(got[0], "update "+c.want+" ")
		r.add(c.name, alone, strings.Join(got, ", "))
	}
	// It is judged against what the last update left behind.
	return r.refused(ctx, "another pod network is refused", func(config map[string]any) error {
		network, _ := config["home-ops:network"].(map[string]any)
		if network == nil {
			return errors.New("it has no network")
		}
		network["podCIDRs"] = otherPodCIDRs(r.stack)
		return nil
	}, "the pod network of a running cluster stays as it was made")
}

// otherPodCIDRs are half as large, so that they clash with nothing that the old ones do not.
func otherPodCIDRs(s *spec.Stack) []string {
	var other []string
	for _, cidr := range s.Network.PodCIDRs {
		other = append(other, netip.PrefixFrom(cidr.Addr(), cidr.Bits()+1).String())
	}
	return other
}

// withFile has another text in the stack file while do runs. The file keeps its identity: it is mounted over the
// operator's.
func (r *rehearsal) withFile(text string, do func() error) error {
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if err := os.WriteFile(r.file.Copy, []byte(text), 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	doErr := do()
	if err := os.WriteFile(r.file.Copy, before, 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	return doErr
}

// appendStep adds what the engine means to do to a resource, if anything but reading it.
func appendStep(steps []string, e apitype.EngineEvent) []string {
	if e.ResourcePreEvent == nil || e.ResourcePreEvent.Metadata.Op == apitype.OpSame || e.ResourcePreEvent.Metadata.Op == apitype.OpRead {
		return steps
	}
	m := e.ResourcePreEvent.Metadata
	return append(steps, fmt.Sprintf("%s %s %s", m.Op, m.Type, resource.URN(m.URN).Name()))
}
