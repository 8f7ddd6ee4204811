package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

// A machine that cannot become a node is no end of the conversation: its owner names another one, or gives it what it lacks.
func TestInit_AsksAgainForAMachineThatCannotBecomeANode(t *testing.T) {
	for name, c := range map[string]struct {
		lacks func(*discover.Machine)
		want  string
	}{
		"no disk":                {func(m *discover.Machine) { m.Disks = m.Disks[2:] }, "10.0.50.11 has no disk of 10 GiB or more that is not on USB: add one"},
		"another card's address": {func(m *discover.Machine) { m.Links = m.Links[1:] }, "10.0.50.11 has no network card with that address: is there address translation in between?"},
	} {
		reads := 0
		read := func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
			machines, err := rackOf(t)(ctx, addresses)
			if reads++; reads == 1 {
				c.lacks(&machines[0])
			}
			return machines, err
		}
		project(t, nil)
		input := strings.Join([]string{
			"example.com", "10.0.50.11", "none",
			"", "", "", // the same machine, which has it by now
			"", "", "", "none", "none", "10.0.50.100-10.0.50.120", "none", "https://github.com/me/home-ops.git", "none",
		}, "\n") + "\n"
		got := begin(t, read, input, "home")
		want := "  " + c.want + "\nAddresses of the control planes (three survive the loss of one) [10.0.50.11]: \n"
		if got.code != exitOK || !strings.Contains(got.out, want) {
			t.Errorf("%s: %q is missing in %+v", name, want, got)
			continue
		}
		s, problems := spec.LoadFile("Pulumi.home.yaml")
		if problems.HasErrors() || s.Nodes[0].InstallDisk.Serial != "OS-10.0.50.11" || s.Nodes[0].MAC.IsZero() || len(s.Network.NodeCIDRs) != 1 {
			t.Errorf("%s: %+v, %v", name, s.Nodes[0], problems)
		}
		// Without a person to ask it is refused as before.
		dir := project(t, nil)
		reads = 0
		if got := begin(t, read, "", given()...); got.code != exitProblem || got.err != "homeops: "+c.want+"\n" || files(t, dir) != "Pulumi.yaml" {
			t.Errorf("%s, unasked: %+v", name, got)
		}
	}
}
