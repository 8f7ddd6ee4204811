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
	if p.TalosVersion, err = ask(i.quietly(), "talos-version", talosQuestion, string(firststack.TalosVersion), parseVersion); err != nil {
		return err
	}
	return i.kubernetes(firststack.KubernetesVersion)
}

// machines asks which machines there are, reads them, and asks for what they did not report. A machine that does not
// answer may have another address, and one that nothing can be installed on is another one, or gets a disk meanwhile.
func (i *initiation) machines(ctx context.Context) error {
	for {
		if err := i.addresses(); err != nil {
			return err
		}
		if i.read == nil {
			return i.describe()
		}
		if err := i.whereabouts(); err != nil {
			return err
		}
		machines, err := i.readMachines(ctx)
		if err == nil {
			if err = fit(machines); err != nil {
				i.inventory = inventory{}
			}
		}
		switch {
		case err == nil:
			i.silence = false
			return i.discover(machines)
		case i.silent || ctx.Err() != nil:
			return err
		}
		fmt.Fprintf(i.out, "  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		i.again("control-planes", "workers", "at")
		i.silence = true
	}
}

// whereabouts are where the machines wait now. It is asked once one was not where it was looked for: in maintenance mode a machine
// has the address that DHCP gave it, which is often another.
func (i *initiation) whereabouts() (err error) {
	asker := i.asker
	if !i.silence {
		asker = i.quietly()
	}
	i.at, err = ask(asker, "at", "Addresses that their consoles show, where DHCP gave others, one for each machine, control planes first (none: those above)",
		"none", func(text string) ([]netip.Addr, error) {
			at, err := orNone(listOf(parseAddr))(text)
			if err == nil && len(at) > 0 && len(at) != len(i.plan.Nodes) {
				return nil, fmt.Errorf("there are %d machines: give an address for each, control planes first, not %d", len(i.plan.Nodes), len(at))
			}
			return at, err
		})
	return err
}

func (i *initiation) addresses() error {
	controlPlanes, err := ask(i.asker, "control-planes", "Addresses of the control planes (three survive the loss of one)", "",
		some(listOf(parseAddr), "address"))
	if err != nil {
		return err
	}
	workers, err := ask(i.asker, "workers", "Addresses of the workers (none: the control planes do the work)", "", orNone(listOf(parseAddr)))
	if err != nil {
		return err
	}
	i.plan.Nodes = nil
	for n, a := range controlPlanes {
		i.plan.Nodes = append(i.plan.Nodes, firststack.Node{Name: fmt.Sprintf("cp-%d", n+1), Role: spec.RoleControlPlane, Address: a})
	}
	for n, a := range workers {
		i.plan.Nodes = append(i.plan.Nodes, firststack.Node{Name: fmt.Sprintf("worker-%d", n+1), Role: spec.RoleWorker, Address: a})
	}
	return nil
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
	pool := orNone(func(text string) ([]spec.Range, error) {
		blocks, err := listOf(spec.ParseRange)(text)
		if err == nil {
			// What is left over for the gateways shows before anything else is asked.
			_, err = firststack.GatewaysFrom(blocks, true)
		}
		return blocks, err
	})
	p.Pool, err = ask(i.asker, "pool", "Unused addresses for services, of which the gateways take the first (such as 10.0.50.100-10.0.50.149, or none)", "", pool)
	if err != nil || len(p.Pool) == 0 {
		return err
	}
	if err := i.internet(); err != nil {
		return err
	}
	p.Edge, err = firststack.GatewaysFrom(p.Pool, p.CloudflareAccount != "")
	return err
}

// internet asks for the tunnel by which the public comes in.
func (i *initiation) internet() (err error) {
	p := &i.plan
	p.CloudflareAccount, err = ask(i.asker, "cloudflare", "Id of the Cloudflare account that holds the domain, for a tunnel from the internet (none: only the home comes in)", "", orNone(parseAccount))
	if err != nil || p.CloudflareAccount == "" {
		return err
	}
	p.Email, err = ask(i.asker, "email", "Your mail address, for Let's Encrypt", "", parseEmail)
	return err
}

func (i *initiation) repository(ctx context.Context) (err error) {
	i.plan.Repository, err = ask(i.asker, "repository", "Git repository that Flux follows: yours, with this project in it", originURL(ctx), parseRepository)
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

// scpForm is ssh without a scheme: git@host:owner/name.git.
var scpForm = regexp.MustCompile(`^(?:[a-z]+@)?([^:/]+):([^/].*)$`)

// sshForm is ssh with one.
var sshForm = regexp.MustCompile(`^ssh://(?:[a-z]+@)?([^:/]+)(?::\d+)?/(.+)$`)

// originURL is the working tree's remote in a form that a cluster without keys can clone. The project's own is nobody's
// to propose.
func originURL(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "config", "--get", "remote.origin.url").Output()
	if err != nil {
		return ""
	}
	url := cloneURL(strings.TrimSpace(string(out)))
	if _, err := parseRepository(url); err != nil {
		return ""
	}
	return url
}

func cloneURL(remote string) string {
	if strings.HasPrefix(remote, "ssh://") {
		return sshForm.ReplaceAllString(remote, "https://$1/$2")
	}
	if strings.Contains(remote, "://") {
		return remote
	}
	return scpForm.ReplaceAllString(remote, "https://$1/$2")
}

// projectURL is where this project itself is. Its stack files are samples.
const projectURL = "https://github.com/home-ops/home-ops"

// isProjects reports whether a remote is the project's own.
func isProjects(remote string) bool {
	url := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(cloneURL(remote), "/"), ".git"))
	return url == projectURL
}

// list writes values as an answer.
func list[T fmt.Stringer](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return strings.Join(out, ",")
}
