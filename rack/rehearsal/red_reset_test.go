package rehearsal

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	ofCluster     = "reset of the cluster: "
	refusesDrill  = `echo 'nothing was done: "another" is not home' >&2; exit 1`
	refusesCopies = `case "$*" in
*half.tar.age*) echo "it is cut short or changed" >&2; exit 1 ;;
*stranger.txt*) echo "it is sealed for other keys" >&2; exit 1 ;;
*-from\ home-break-glass*) echo "it is a copy of kind break-glass" >&2; exit 1 ;;
esac`
)

// operated has a homeops that is a script, and the project's pages.
func operated(b *broken, script string) {
	b.config.Project = "../.."
	b.pulumi("", summary(""))
	b.config.Homeops = b.program("homeops", script)
}

func drilledReset(ctx context.Context, b *broken) { _ = b.drillReset(ctx) }

// builtAgain has pulumi build a cluster again.
func builtAgain(ctx context.Context, b *broken) {
	watch, untouched := b.watchAccounts("reset of the cluster")
	if _, err := b.cli.Up(ctx, watch); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
	untouched()
}

func builds(b *broken, more ...string) {
	b.pulumi("", append(more, pre("create", "talos:machine/bootstrap:Bootstrap", "talos-bootstrap"), pre("same", "cloudflare:index/record:Record", "edge"),
		pre("update", "onepassword:index/item:Item", "home-break-glass"), summary(`"create": 1`))...)
}

func lookedAnew(ctx context.Context, b *broken) {
	before := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{UID: "before"}, Data: map[string][]byte{corev1.TLSPrivateKeyKey: []byte("key")}}
	if err := b.anew(ctx, b.cluster, "reset of the cluster", before); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

func wholeAnew(b *broken) { served(b, []byte("certificate"), []byte("key")) }

// redReset are lines about machines that are reset.
var redReset = []red{
	{
		line: "drill: a reset without the stack's name does nothing", fault: "it goes on", want: "it went on", do: drilledReset,
		whole: func(b *broken) { operated(b, refusesDrill) }, damage: func(b *broken) { operated(b, "exit 0") },
	},
	{
		line: "drill: a reset without the stack's name does nothing", fault: "it refuses something else", want: "no such stack", do: drilledReset,
		damage: func(b *broken) { operated(b, "echo no such stack >&2; exit 1") },
	},
	{
		line: "drill: a reset without the stack's name does nothing", fault: "a machine went down all the same", want: "cp-1 is off", do: drilledReset,
		whole: func(b *broken) { operated(b, refusesDrill) }, damage: oneMachine,
	},
	{
		line: ofCluster + "no account outside of the cluster is touched, but for what it keeps of the kubeconfig", fault: "a record is",
		want: "replace urn:pulumi:home::home-ops::cloudflare:index/record:Record::www", do: builtAgain,
		whole: func(b *broken) { builds(b) }, damage: func(b *broken) { builds(b, pre("replace", "cloudflare:index/record:Record", "www")) },
	},
	{
		line: ofCluster + "no account outside of the cluster is touched, but for what it keeps of the kubeconfig", fault: "the machine secrets are",
		want: "update urn:pulumi:home::home-ops::talos:machine/secrets:Secrets::talos-secrets", do: builtAgain,
		damage: func(b *broken) { builds(b, pre("update", "talos:machine/secrets:Secrets", "talos-secrets")) },
	},
	{
		line: ofCluster + "etcd is a new one", fault: "it has what was written into the former", want: "<nil>", do: lookedAnew,
		whole: wholeAnew,
		damage: func(b *broken) {
			b.api["/api/v1/namespaces/default/configmaps/"+markerName] = "{kind: ConfigMap, apiVersion: v1, metadata: {name: m}}"
		},
	},
	{
		line: ofCluster + "the gateways have the certificate of before", fault: "they have another", want: "its key, in another Secret", do: lookedAnew,
		whole: wholeAnew, damage: func(b *broken) { served(b, []byte("certificate"), []byte("another")) },
	},
	{
		line: ofCluster + "the gateways have the certificate of before", fault: "the Secret is that of before", want: "its key, in another Secret", do: lookedAnew,
		damage: func(b *broken) {
			wholeAnew(b)
			b.api[gatewaysPath] = strings.Replace(b.api[gatewaysPath], "name: gateways-tls", "name: gateways-tls, uid: before", 1)
		},
	},
}

const gatewaysPath = "/api/v1/namespaces/network/secrets/gateways-tls"

// drilledRestores has homeops meet copies that must not be taken.
func drilledRestores(ctx context.Context, b *broken) {
	kept := copies{place: b.t.TempDir(), identity: filepath.Join(b.t.TempDir(), "identity.txt")}
	for _, name := range []string{"home-state-1", "home-break-glass-1"} {
		if err := os.WriteFile(filepath.Join(kept.place, name), []byte("a copy"), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	backend := filepath.Join(b.config.Dir, "state")
	if err := os.MkdirAll(backend, 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := b.drillRestores(ctx, kept, backend); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

// takes has homeops take a copy that it should refuse, by a part of its words.
func takes(line, part string) red {
	return red{
		line: "drill: " + line + " is refused", fault: "it is taken", want: "it was taken", do: drilledRestores,
		whole: func(b *broken) { operated(b, refusesCopies) },
		damage: func(b *broken) {
			operated(b, `case "$*" in *`+part+`*) exit 0 ;; esac`+"\n"+refusesCopies)
		},
	}
}

func restoredNewest(ctx context.Context, b *broken) {
	_ = b.restoreNewest(ctx, copies{identity: "identity.txt"})
}

func previewedRestored(ctx context.Context, b *broken) { _ = b.previewRestored(ctx) }

// redLostState are lines about a state that is lost.
var redLostState = []red{
	takes("half a copy", "half.tar.age"), takes("another key", "stranger.txt"), takes("a copy of another kind", `-from\ home-break-glass`),
	{
		line: "drill: another key is refused", fault: "for another reason", want: "no such file", do: drilledRestores,
		damage: func(b *broken) { operated(b, "echo no such file >&2; exit 1") },
	},
	{
		line: "drill: half a copy is refused", fault: "and written all the same", want: "the backend has ", do: drilledRestores,
		damage: func(b *broken) {
			stacks := filepath.Join(b.config.Dir, "state", "stacks")
			operated(b, "mkdir -p "+stacks+"; echo half > "+stacks+"/home.json\n"+refusesCopies)
		},
	},
	{
		line: "the state is restored into an empty backend", fault: "it is not", want: "no copy opens", do: restoredNewest,
		whole: func(b *broken) { operated(b, "exit 0") }, damage: func(b *broken) { operated(b, "echo no copy opens >&2; exit 1") },
	},
	{
		line: "a preview with the restored state finds nothing to change", fault: "it does", want: "update:1", do: previewedRestored,
		whole: func(b *broken) { b.pulumi("", summary(`"same": 80`)) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 79, "update": 1`)) },
	},
	{
		line: "a preview with the restored state finds nothing to change", fault: "it finds nothing at all", want: "map[]", do: previewedRestored,
		damage: func(b *broken) { b.pulumi("", summary("")) },
	},
}
