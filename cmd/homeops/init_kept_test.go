package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

const printedKey = "age1ckk4xn7pws9s0jgahwk8aauy0pl5karqlmv2tq7mg8c092d7seesgkgj4n"

// waitingAt reads machines of rackOf, and nothing answers at any other address.
func waitingAt(t *testing.T, where ...string) reader {
	return func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
		for _, a := range addresses {
			if !slices.Contains(where, a.String()) {
				return nil, errors.New(a.String() + ": no Talos answers on port 50000")
			}
		}
		return rackOf(t)(ctx, addresses)
	}
}

// What is not worth a question is an answer too once a person has given it.
func TestInit_KeepsWhatItDoesNotAskForAfterAMistake(t *testing.T) {
	project(t, nil)
	input := strings.Join([]string{
		"example.com", "10.0.50.91", "none", "", // the disk
		"", "", "none", "none", // network, router, DHCP, VIP
		"10.0.50.90-10.0.50.99", "none", "https://github.com/me/home-ops.git", "none", // the pool holds the node
		"", "", "", // domain and releases
		"", "", "", "", // addresses, where the machine waits, the disk
		"", "", "", "", "10.0.50.100-10.0.50.120", "", "", "",
		"", // the break-glass
	}, "\n") + "\n"
	got := begin(t, waitingAt(t, "10.0.50.11"), input, "house", "--at=10.0.50.11", "--talos-version=v1.11.2",
		"--kubernetes-version=v1.34.0", "--break-glass="+printedKey+"@/media/break-glass")
	if got.code != exitOK || strings.Contains(got.out, "no Talos answers") {
		t.Fatalf("got %+v", got)
	}
	// Who has named a release, or a place, can name another one; nobody else is asked.
	for _, want := range []string{"Talos release to install [v1.11.2]: ", "Kubernetes release to run [v1.34.0]: ", "KEY@PLACE, or none [" + printedKey + "@/media/break-glass]: "} {
		if strings.Count(got.out, want) != 1 {
			t.Errorf("%q is not asked once in\n%s", want, got.out)
		}
	}
	s, problems := spec.LoadFile("Pulumi.house.yaml")
	if problems.HasErrors() || s.Cluster.TalosVersion != "v1.11.2" || s.Cluster.KubernetesVersion != "v1.34.0" || s.Nodes[0].Address.String() != "10.0.50.91" {
		t.Errorf("%s, %s, %s: %v", s.Cluster.TalosVersion, s.Cluster.KubernetesVersion, s.Nodes[0].Address, problems)
	}
	if b := s.Secrets.BreakGlass; b == nil || b.Place != "/media/break-glass" || !slices.Equal(b.Recipients, []string{printedKey}) {
		t.Errorf("the break-glass is %+v", b)
	}
}

// A conversation that was broken off had found where the machines wait; so does the next one.
func TestInit_OffersWhereTheMachinesWaitedBefore(t *testing.T) {
	project(t, nil)
	machines := waitingAt(t, "10.0.50.11")
	broken := begin(t, machines, "example.com\n10.0.50.91\nnone\n\n\n10.0.50.11\n", "house", "--break-glass="+printedKey+"@/media/break-glass")
	if broken.code != exitUsage || !strings.Contains(broken.err, "your answers are kept") {
		t.Fatalf("got %+v", broken)
	}
	input := strings.Join([]string{
		"", "", "", "", "", // domain, addresses, where, disk
		"", "", "none", "none", "10.0.50.100-10.0.50.120", "none", "https://github.com/me/home-ops.git", "none", "",
	}, "\n") + "\n"
	got := begin(t, machines, input, "house")
	if got.code != exitOK || strings.Contains(got.out, "no Talos answers") || !strings.Contains(got.out, "(none: those above) [10.0.50.11]: \n") {
		t.Fatalf("got %+v", got)
	}
	s, _ := spec.LoadFile("Pulumi.house.yaml")
	if s.Nodes[0].Address.String() != "10.0.50.91" || s.Secrets.BreakGlass == nil {
		t.Errorf("got %s, %+v", s.Nodes[0].Address, s.Secrets.BreakGlass)
	}
	// A release that nobody chose is none of the answers: the next boot media may be newer.
	if strings.Contains(got.out, talosQuestion) {
		t.Errorf("asks for a release that was a default in\n%s", got.out)
	}
}
