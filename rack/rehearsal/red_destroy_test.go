package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// urnOf is the URN of a resource of the stack home.
func urnOf(kind, name string) string {
	return fmt.Sprintf("urn:pulumi:home::home-ops::%s::%s", kind, name)
}

const (
	tunnelType  = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
	secretsType = "talos:machine/secrets:Secrets" //nolint:gosec // a type
)

// stateWith is an export of the state that has a protected tunnel, and more.
func stateWith(more ...string) string {
	resources := append([]string{fmt.Sprintf(`{"urn": %q, "protect": true}`, urnOf(tunnelType, "edge-tunnel"))}, more...)
	return `{"deployment": {"resources": [` + strings.Join(resources, ", ") + `]}}`
}

// stops is what pulumi says of a resource that it does not delete.
func stops(name string) string {
	return fmt.Sprintf(`{"diagnosticEvent": {"severity": "error", "urn": %q, "message": "Preview failed: resource cannot be deleted\nbecause it is protected."}}`, urnOf(tunnelType, name))
}

func refusing(b *broken, events ...string) {
	b.config.Project = "../.."
	b.pulumiEnds(1, stateWith(), append(events, summary(`"delete": 3`))...)
}

func refusedDestroy(ctx context.Context, b *broken) {
	refusedWhile(noCluster)(ctx, b)
}

func refusedWhile(stands func(context.Context) error) func(context.Context, *broken) {
	return func(ctx context.Context, b *broken) {
		if err := b.stopsAtProtected(ctx, "a running cluster", stands); err != nil && ctx.Err() == nil {
			b.t.Error(err)
		}
	}
}

// atCloudflare has an account with the settings of a new zone, and records in it.
func atCloudflare(b *broken, names ...string) {
	zone := b.stack.Edge.Cloudflare.Zone
	b.world.edge.public = cloudflare.New(cloudflare.Options{
		Tokens: []string{strings.Repeat("t", 40)}, Zones: []cloudflare.Zone{{ID: strings.Repeat("0", 32), Name: zone, Account: b.stack.Edge.Cloudflare.AccountID}},
	})
	for _, name := range names {
		b.world.edge.public.Upsert(zone, cloudflare.Record{Name: name + "." + zone, Type: "A", Content: "192.0.2.7"})
	}
}

// withdrawn has kubectl take the gateways away; whoever plays external-dns does what it does by then.
func withdrawn(ctx context.Context, b *broken) {
	if err := b.withdraw(ctx, b.cluster); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

// kubectlDoes has a kubectl that is a script, and the project's pages.
func kubectlDoes(b *broken, script string) {
	b.config.Project, b.config.Kube = "../..", b.program("kubectl", script)
}

// externalDNS takes a record away once kubectl has been called.
func externalDNS(b *broken, name string) {
	called := filepath.Join(b.config.Dir, "called")
	kubectlDoes(b, "touch "+called)
	go func() {
		for b.t.Context().Err() == nil {
			if _, err := os.Stat(called); err == nil {
				zone := b.stack.Edge.Cloudflare.Zone
				b.world.edge.public.Delete(zone, name+"."+zone, "A")
				return
			}
		}
	}()
}

// diskMachine is a machine with a disk that a program has written.
func diskMachine(b *broken) *machine {
	b.t.Helper()
	dir := b.t.TempDir()
	m, err := node.New(node.Options{
		Name: "worker-1", Dir: dir, Addresses: []netip.Prefix{netip.MustParsePrefix(machineAddress + "/16")}, Kubernetes: struct{ node.Kubernetes }{},
		Hardware: node.Hardware{Disks: []node.Disk{{Path: "/dev/sdb", Size: 1e12, Type: node.DiskSSD, Serial: "DATA"}}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := m.Write("/dev/sdb", "an OSD"); err != nil {
		b.t.Fatal(err)
	}
	machine := &machine{Node: m, dir: dir, spec: spec.Node{Name: "worker-1"}}
	b.rack.nodes = append(b.rack.nodes, machine)
	return machine
}

// staying has what stays looked at after a change of the accounts or the disks.
func staying(change func(b *broken, m *machine, file string)) func(context.Context, *broken) {
	return func(_ context.Context, b *broken) {
		m := diskMachine(b)
		data, err := b.writeData()
		if err != nil {
			b.t.Fatal(err)
		}
		file := filepath.Join(m.dir, "on-a-user-volume")
		if err := os.WriteFile(file, []byte(markerText), 0o600); err != nil {
			b.t.Fatal(err)
		}
		data.files = []string{file}
		accounts := b.world.accounts()
		change(b, m, file)
		b.whatStays(report.Step{Name: "a reset"}, accounts, data)
	}
}

// afterwards has the end of a destroy looked at.
func afterwards(left []stored, deleted int) func(context.Context, *broken) {
	return func(_ context.Context, b *broken) { b.nothingLeft(left, deleted, slices.Clone(b.world.accounts())) }
}

// forgottenStack has a stack looked at that was removed.
func forgottenStack(ctx context.Context, b *broken) {
	b.file = &stackFile{Copy: filepath.Join(b.config.Dir, "Pulumi.home.yaml")}
	b.leftAlone(ctx, b.world.accounts())
}

// removed is a backend without the stack, and a stack file.
func removed(b *broken) {
	b.pulumi("", summary(""))
	b.cli.Path = b.program("pulumi", "echo no stack named home >&2; exit 255")
	if err := os.WriteFile(filepath.Join(b.config.Dir, "Pulumi.home.yaml"), []byte("config: {}\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// redDestroy are lines about a cluster that is taken down.
var redDestroy = []red{
	{
		line: "destroy of a running cluster stops at what is protected, and names it", fault: "it destroys", want: "pulumi destroyed it", do: refusedDestroy,
		whole: func(b *broken) { refusing(b, stops("edge-tunnel")) },
		damage: func(b *broken) {
			refusing(b)
			b.pulumi(stateWith(), stops("edge-tunnel"), summary(`"delete": 3`))
		},
	},
	{
		line: "destroy of a running cluster stops at what is protected, and names it", fault: "it fails of something else", want: "it names nothing that is protected", do: refusedDestroy,
		damage: func(b *broken) {
			refusing(b, `{"diagnosticEvent": {"severity": "error", "message": "the passphrase is wrong"}}`)
		},
	},
	{
		line: "destroy of a running cluster stops at what is protected, and names it", fault: "what it stops at is not protected", want: "it stopped at another, which is not protected", do: refusedDestroy,
		damage: func(b *broken) { refusing(b, stops("edge-tunnel"), stops("another")) },
	},
	{
		line: "destroy of a running cluster touches nothing when it is refused", fault: "something is gone from the state", want: "the state: [", do: refusedDestroy,
		whole: func(b *broken) { refusing(b, stops("edge-tunnel")) },
		damage: func(b *broken) {
			refusing(b, stops("edge-tunnel"))
			state := filepath.Join(b.cli.Project, "state")
			b.cli.Path = b.program("pulumi", `[ "$1" != stack ] || exec cat `+state+`
echo '{"deployment": {}}' > `+state+`; exit 1`)
		},
	},
	{
		line: "destroy of a running cluster touches nothing when it is refused", fault: "the cluster is not as it was", want: "cp-1 is off",
		do:     refusedWhile(func(context.Context) error { return errors.New("cp-1 is off") }),
		damage: func(b *broken) { refusing(b, stops("edge-tunnel")) },
	},
	{
		line: "a stack that is forgotten leaves everything as it runs", fault: "it is still there", want: "the backend has it still", do: forgottenStack,
		whole: removed, damage: func(b *broken) { b.cli.Path = b.program("pulumi", "echo '{}'") },
	},
	{
		line: "a stack that is forgotten leaves everything as it runs", fault: "its file is not", want: "the stack file is gone", do: forgottenStack,
		damage: func(b *broken) {
			removed(b)
			if err := os.Remove(filepath.Join(b.config.Dir, "Pulumi.home.yaml")); err != nil {
				b.t.Fatal(err)
			}
		},
	},
	{
		line: "a stack that is forgotten leaves everything as it runs", fault: "a machine does not", want: "cp-1 is off", do: forgottenStack,
		damage: func(b *broken) {
			removed(b)
			oneMachine(b)
		},
	},
	{
		line: "a stack that was forgotten is remembered from its copy", fault: "nothing comes back", want: "gone", do: func(ctx context.Context, b *broken) {
			if err := b.forgotten(ctx, copies{identity: "identity.txt"}); err != nil && ctx.Err() == nil {
				b.t.Error(err)
			}
		},
		whole: func(b *broken) { forgetting(b, stateWith()) }, damage: func(b *broken) { forgetting(b, `{"deployment": {}}`) },
	},
	{
		line: "external-dns takes its names away before the cluster goes", fault: "it leaves one", want: "A www.", do: withdrawn,
		whole: func(b *broken) {
			atCloudflare(b, "external", "echo")
			externalDNS(b, "echo")
		},
		damage: func(b *broken) {
			atCloudflare(b, "echo", "www")
			externalDNS(b, "echo")
		},
	},
	{
		line: "external-dns takes its names away before the cluster goes", fault: "it has written none", want: "nothing is shown", do: withdrawn,
		damage: func(b *broken) {
			atCloudflare(b, "external")
			kubectlDoes(b, "exit 0")
		},
	},
	{
		line: "a reset: the accounts are as they were", fault: "a record is gone", want: "[record A external.",
		damage: func(b *broken) { atCloudflare(b, "external") }, do: staying(func(b *broken, _ *machine, _ string) {
			zone := b.stack.Edge.Cloudflare.Zone
			b.world.edge.public.Delete(zone, "external."+zone, "A")
		}),
	},
	{
		line: "a reset: data disks and user volumes have what they had", fault: "a disk is wiped", want: `worker-1 /dev/sdb had "an OSD", and has ""`,
		damage: func(*broken) {}, do: staying(func(b *broken, m *machine, _ string) {
			if err := m.Write("/dev/sdb", ""); err != nil {
				b.t.Error(err)
			}
		}),
	},
	{
		line: "a reset: data disks and user volumes have what they had", fault: "a user volume is made anew", want: "the marker of a user volume is",
		damage: func(*broken) {}, do: staying(func(b *broken, _ *machine, file string) {
			if err := os.Remove(file); err != nil {
				b.t.Error(err)
			}
		}),
	},
	{
		line: "a reset: data disks and user volumes have what they had", fault: "there is none", want: "nothing is shown",
		damage: func(*broken) {}, do: func(_ context.Context, b *broken) { b.whatStays(report.Step{Name: "a reset"}, nil, dataOnDisks{}) },
	},
	{
		line: "a step: every machine is in maintenance mode", fault: "one is off", want: "cp-1 is off",
		damage: oneMachine, do: func(_ context.Context, b *broken) {
			b.came(step(), "every machine is in maintenance mode", b.allWait())
		},
	},
	{
		line: "a reset: the state keeps what is in the cluster", fault: "it forgets", want: "0 of 80 objects",
		damage: func(*broken) {}, do: func(_ context.Context, b *broken) { b.rememberedOrNot(report.Step{Name: "a reset"}, 80, 0) },
	},
	{
		line: "a reset: the state knows the accounts and the machine secrets alone", fault: "it knows an object", want: "1 objects of the cluster",
		damage: func(*broken) {}, do: func(_ context.Context, b *broken) {
			b.onlyAccounts(report.Step{Name: "a reset"}, []stored{known(secretsType, true), known("kubernetes:core/v1:Namespace", false)})
		},
	},
	{
		line: "a reset: the state knows the accounts and the machine secrets alone", fault: "the machine secrets are not protected", want: "protected there: false",
		damage: func(*broken) {}, do: func(_ context.Context, b *broken) {
			b.onlyAccounts(report.Step{Name: "a reset"}, []stored{known(secretsType, false)})
		},
	},
	{
		line: "after the destroy the state is empty", fault: "something is in it", want: "edge-tunnel",
		damage: func(*broken) {}, do: afterwards([]stored{known(tunnelType, false)}, 9),
	},
	{
		line: "after the destroy the state is empty", fault: "nothing was deleted", want: "0 resources were deleted",
		damage: func(*broken) {}, do: afterwards(nil, 0),
	},
	{
		line: "after the destroy nothing is left at the accounts", fault: "a record is", want: "[record A external.",
		whole: func(b *broken) { atCloudflare(b) },
		damage: func(b *broken) {
			zone := b.stack.Edge.Cloudflare.Zone
			b.world.edge.public.Upsert(zone, cloudflare.Record{Name: "external." + zone, Type: "A", Content: "192.0.2.7"})
		},
		do: func(_ context.Context, b *broken) {
			blank := slices.DeleteFunc(b.world.accounts(), func(line string) bool { return strings.HasPrefix(line, "record ") })
			b.nothingLeft(nil, 9, blank)
		},
	},
	{
		line: "after the destroy data disks and user volumes have what they had", fault: "a disk is wiped", want: "had \"an OSD\"",
		damage: func(*broken) {}, do: func(ctx context.Context, b *broken) {
			m := diskMachine(b)
			data, err := b.writeData()
			if err != nil {
				b.t.Fatal(err)
			}
			b.config.Project = "../.."
			b.pulumi(`{"deployment": {}}`, summary(`"delete": 9`))
			if err := errors.Join(m.Write("/dev/sdb", ""), b.destroyed(ctx, data, b.world.accounts())); err != nil && ctx.Err() == nil {
				b.t.Error(err)
			}
		},
	},
}

// known is a resource of the state.
func known(kind string, protect bool) stored {
	return stored{URN: resource.URN(urnOf(kind, "edge-tunnel")), Protect: protect}
}

// forgetting has a pulumi that removes a stack, and a homeops that restores it with a state.
func forgetting(b *broken, restored string) {
	operated(b, "exit 0")
	b.pulumi(stateWith(), summary(""))
	state := filepath.Join(b.cli.Project, "state")
	copied := filepath.Join(b.config.Dir, "copied")
	if err := os.WriteFile(copied, []byte(restored), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.cli.Path = b.program("pulumi", `[ "$2" != rm ] || exec rm `+state+"\n"+"exec cat "+state)
	b.config.Homeops = b.program("homeops", `[ "$2" != restore ] || exec cp `+copied+" "+state)
	b.file = &stackFile{Copy: copied}
}
