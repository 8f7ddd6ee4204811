package main

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

// interview fills the plan, question by question.
func (i *initiation) interview(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		i.cluster, i.machines, i.network, i.services, i.repository,
		func(context.Context) error { return i.secrets() },
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (i *initiation) cluster(context.Context) (err error) {
	p := &i.plan
	if p.Domain, err = ask(i.asker, "domain", "Domain of the cluster's host names", "", parseDomain); err != nil {
		return err
	}
	// The releases are not worth a question: those that the project is tested with are the default.
	quiet := *i.asker
	quiet.silent = true
	if p.TalosVersion, err = ask(&quiet, "talos-version", "", string(firststack.TalosVersion), parseVersion); err != nil {
		return err
	}
	p.KubernetesVersion, err = ask(&quiet, "kubernetes-version", "", string(firststack.KubernetesVersion), parseVersion)
	return err
}

// machines asks which machines there are, reads them, and asks for what they did not report.
func (i *initiation) machines(ctx context.Context) error {
	controlPlanes, err := ask(i.asker, "control-planes", "Addresses of the control planes (three survive the loss of one)", "",
		some(listOf(parseAddr), "address"))
	if err != nil {
		return err
	}
	workers, err := ask(i.asker, "workers", "Addresses of the workers (none: the control planes do the work)", "", orNone(listOf(parseAddr)))
	if err != nil {
		return err
	}
	for n, a := range controlPlanes {
		i.plan.Nodes = append(i.plan.Nodes, firststack.Node{Name: fmt.Sprintf("cp-%d", n+1), Role: spec.RoleControlPlane, Address: a})
	}
	for n, a := range workers {
		i.plan.Nodes = append(i.plan.Nodes, firststack.Node{Name: fmt.Sprintf("worker-%d", n+1), Role: spec.RoleWorker, Address: a})
	}
	if i.read == nil {
		return i.describe()
	}
	return i.discover(ctx)
}

func (i *initiation) network(context.Context) (err error) {
	p := &i.plan
	if len(p.NodeCIDRs) == 0 {
		p.NodeCIDRs = []netip.Prefix{usualNetwork(p.Nodes[0].Address)}
	}
	p.NodeCIDRs, err = ask(i.asker, "networks", "Network of the machines", list(p.NodeCIDRs), some(listOf(parsePrefix), "network"))
	if err != nil {
		return err
	}
	guess := p.Gateways
	if len(guess) == 0 {
		guess = usualGateways(p.NodeCIDRs)
	}
	if p.Gateways, err = ask(i.asker, "gateways", "Router", list(guess), orNone(listOf(parseAddr))); err != nil {
		return err
	}
	if slices.Equal(p.Gateways, usualGateways(p.NodeCIDRs)) {
		p.Gateways = nil // the stack file's own default
	}
	p.DHCPRanges, err = ask(i.asker, "dhcp", "Addresses that the router gives away by DHCP (such as 10.0.50.200-10.0.50.250, or none)", "",
		orNone(listOf(spec.ParseRange)))
	return err
}

func (i *initiation) services(context.Context) (err error) {
	p := &i.plan
	question := "Unused address for the Kubernetes API, shared by the control planes"
	parse := parseAddr
	if n := slices.IndexFunc(p.Nodes, func(n firststack.Node) bool { return n.Role == spec.RoleWorker }); n == 1 || len(p.Nodes) == 1 {
		question, parse = question+" (none: that of the only one)", orNone(parseAddr)
	}
	if p.VIP, err = ask(i.asker, "vip", question, "", parse); err != nil {
		return err
	}
	p.Pool, err = ask(i.asker, "pool", "Unused addresses for services (such as 10.0.50.100-10.0.50.149, or none)", "", orNone(listOf(spec.ParseRange)))
	return err
}

func (i *initiation) repository(ctx context.Context) (err error) {
	i.plan.Repository, err = ask(i.asker, "repository", "Git repository that Flux follows", originURL(ctx), parseRepository)
	return err
}

// usualNetwork guesses the network of an address by the length that most home routers give theirs.
func usualNetwork(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a, bits).Masked()
}

// usualGateways are the routers that a stack file without gateways has.
func usualGateways(networks []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for _, p := range networks {
		if p.Addr().Is4() {
			out = append(out, p.Masked().Addr().Next())
		}
	}
	return out
}

var scpForm = regexp.MustCompile(`^git@([^:/]+):(.+)$`)

// originURL is the working tree's remote in a form that a cluster without keys can clone.
func originURL(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "config", "--get", "remote.origin.url").Output()
	if err != nil {
		return ""
	}
	url := scpForm.ReplaceAllString(strings.TrimSpace(string(out)), "https://$1/$2")
	if _, err := parseRepository(url); err != nil {
		return ""
	}
	return url
}

// list writes values as an answer.
func list[T fmt.Stringer](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return strings.Join(out, ",")
}
