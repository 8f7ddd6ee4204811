package rehearsal

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const secretsPath = "/api/v1/secrets"

// records are Helm's records of all that is planned, with more of them.
func records(b *broken, leaveOut string, more ...string) {
	b.t.Helper()
	planned, err := b.plannedReleases()
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, release := range planned {
		if release != leaveOut {
			namespace, name, _ := strings.Cut(release, "/")
			all = append(all, release3(namespace, name, 1, "deployed"))
		}
	}
	b.list(secretsPath, append(all, more...)...)
}

// release3 is a record as Helm 3 keeps it.
func release3(namespace, name string, revision int, status string) string {
	return fmt.Sprintf(`{kind: Secret, apiVersion: v1, metadata: {name: sh.helm.release.v1.%[2]s.v%[3]d, namespace: %[1]s, labels: {owner: helm, name: %[2]s, version: "%[3]d", status: %[4]s}}}`,
		namespace, name, revision, status)
}

// leavings are secrets, and what a run leaves of which none is in.
func leavings(b *broken) {
	for i := range 10 {
		b.secrets.values[spec.SecretRef(fmt.Sprint("config:", i))] = ownSecret()
	}
	b.cluster.rest.KeyData = []byte("the key of the kubeconfig, which is long enough")
	b.cluster.talosconfig = "context: home\ncontexts: {home: {key: " + base64.StdEncoding.EncodeToString([]byte("the key of the talosconfig")) + "}}\n"
	leave(b, "logs", "nothing")
	leave(b, "state", "nothing")
}

// leave writes what a run leaves in a folder.
func leave(b *broken, folder, text string) {
	b.t.Helper()
	dir := filepath.Join(b.config.Dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

var redState = []red{
	{
		line: "every release is deployed", fault: "the newest revision of one failed",
		whole:  func(b *broken) { records(b, "") },
		damage: func(b *broken) { records(b, "", release3("kube-system", "cilium", 2, "failed")) }, want: "kube-system/cilium is failed",
	},
	{
		line: "every release is deployed", fault: "one was never made",
		whole:  func(b *broken) { records(b, "") },
		damage: func(b *broken) { records(b, "kube-system/cilium") }, want: "kube-system/cilium is in the plan, and not in the cluster",
	},
	{
		line: "no operation is left half done", fault: "one is",
		whole: func(b *broken) { b.pulumi(`{"deployment": {"resources": [{"urn": "a"}]}}`) },
		damage: func(b *broken) {
			b.pulumi(`{"deployment": {"resources": [], "pending_operations": [{"type": "creating", "resource": {"urn": "urn:x"}}]}}`)
		}, want: "creating of urn:x",
	},
	{
		line: "no secret is in plain text", fault: "one is in the state",
		whole: leavings, damage: func(b *broken) { leave(b, "state", `{"a": "`+b.secrets.values["config:3"]+`"}`) }, want: "config:3 is in ",
	},
	{
		line: "no secret is in plain text", fault: "one is in a log, in base64",
		whole: leavings, damage: func(b *broken) { leave(b, "logs", base64.StdEncoding.EncodeToString(b.cluster.rest.KeyData)) },
		want: "kubeconfig key (base64) is in ",
	},
	{
		line: "no secret is in plain text", fault: "there are too few to look for",
		whole: leavings, damage: func(b *broken) { b.secrets.values = nil }, want: "too little to mean anything",
	},
}

const (
	poolType = "kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool"
	bgpType  = "kubernetes:cilium.io/v2:CiliumBGPClusterConfig"
)

// file is the stack file that previews edit.
func file(b *broken, path string, stack *spec.Stack) {
	b.t.Helper()
	b.stack, b.file = stack, &stackFile{Copy: path}
}

func previewed(ctx context.Context, b *broken) {
	if err := b.previewChanges(ctx); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

func ranAgain(ctx context.Context, b *broken) {
	if err := b.upAgain(ctx); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

func previewedNothing(ctx context.Context, b *broken) {
	if err := b.previewNothing(ctx); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

func whileBad(ctx context.Context, b *broken) {
	_ = b.revoked(ctx, fault{name: "it is", strike: func() {}, says: []string{"token"}})
}

// changeTried is a change that must be refused with a word.
func changeTried(ctx context.Context, b *broken) {
	if err := b.refused(ctx, refusedLine, func(map[string]any) error { return nil }, "token"); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

// redRuns are lines that runs of pulumi write.
var redRuns = []red{
	{
		line: "up again changes nothing", fault: "it changes something",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 3, "update": 1`)) },
		want: "update:1", do: ranAgain,
	},
	{
		line: "up again changes nothing", fault: "it looked at nothing",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary("")) },
		want: "map[]", do: ranAgain,
	},
	{
		line: "a preview finds nothing to change", fault: "it finds something",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 3, "update": 1`)) },
		want: "update:1", do: previewedNothing,
	},
	{
		line: "a preview finds nothing to change", fault: "it looked at nothing",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary("")) },
		want: "map[]", do: previewedNothing,
	},
	{
		line: "nothing is other than `up` has made it", fault: "somebody has changed something",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 3, "update": 1`)) },
		want: "update:1", do: previewedNothing,
	},
	{
		line: "a shorter pool previews as that pool alone", fault: "something else changes as well",
		whole: func(b *broken) {
			file(b, spectest.HomeFile(b.t), spectest.Home(b.t))
			b.pulumi("", pre("same", "pulumi:pulumi:Stack", "home"), pre("update", poolType, "cilium-pool-default"), summary(`"update": 1`))
		},
		damage: func(b *broken) {
			b.pulumi("", pre("update", poolType, "cilium-pool-default"), pre("replace", "kubernetes:core/v1:ConfigMap", "flux-settings"), summary(`"update": 1`))
		}, want: "replace kubernetes:core/v1:ConfigMap flux-settings", do: previewed,
	},
	{
		line: "a shorter pool previews as that pool alone", fault: "nothing changes",
		whole: func(b *broken) {
			file(b, spectest.HomeFile(b.t), spectest.Home(b.t))
			b.pulumi("", pre("update", poolType, "cilium-pool-default"), summary(`"update": 1`))
		},
		damage: func(b *broken) { b.pulumi("", summary(`"same": 1`)) }, want: "", do: previewed,
	},
	{
		line: "another ASN previews as the BGP cluster config alone", fault: "it is replaced",
		whole: func(b *broken) {
			file(b, spectest.LabFile(b.t), spectest.Lab(b.t))
			b.pulumi("", pre("update", bgpType, "cilium-bgp"), summary(`"update": 1`))
		},
		damage: func(b *broken) { b.pulumi("", pre("replace", bgpType, "cilium-bgp"), summary(`"replace": 1`)) },
		want:   "replace " + bgpType, do: previewed,
	},
	{
		line: "today's program changes nothing that the other made", fault: "it does",
		damage: func(b *broken) {
			b.config.Base = b.t.TempDir()
			b.pulumi("", pre("update", poolType, "cilium-pool-default"), summary(`"same": 3, "update": 1`))
		}, want: "update " + poolType,
		// What comes after it has no cluster to look at.
		do: func(ctx context.Context, b *broken) { _ = program(ctx, b.rehearsal) },
	},
	{
		line: "with every token good again up changes nothing", fault: "it does",
		whole: func(b *broken) { b.pulumi("", summary(`"same": 3`)) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 3, "create": 1`)) },
		want: "create:1", do: func(ctx context.Context, b *broken) { _ = b.allowedAgain(ctx) },
	},
	{
		line: "up changes nothing, while it is", fault: "it does",
		whole: func(b *broken) { b.pulumi("", summary("")) }, damage: func(b *broken) { b.pulumi("", summary(`"delete": 1`)) },
		want: "delete:1", do: func(ctx context.Context, b *broken) { _ = b.revoked(ctx, fault{name: "it is", strike: func() {}}) },
	},
	{
		line: refusedLine, fault: "it is not", want: "pulumi said that all went well", do: changeTried,
		whole: func(b *broken) {
			file(b, spectest.HomeFile(b.t), spectest.Home(b.t))
			b.pulumiFails("a token is bad")
		}, damage: func(b *broken) { b.pulumi("", summary("")) },
	},
	{
		line: refusedLine, fault: "something else is wrong", want: `nobody said ["token"]`, do: changeTried,
		whole: func(b *broken) {
			file(b, spectest.HomeFile(b.t), spectest.Home(b.t))
			b.pulumiFails("a token is bad")
		}, damage: func(b *broken) { b.pulumiFails("oh") },
	},
	{
		line: faultLine, fault: "nobody says why it fails",
		whole: func(b *broken) { b.pulumiFails("a token is bad") }, damage: func(b *broken) { b.pulumiFails("oh") },
		want: `nobody said ["token"]`, do: whileBad,
	},
	{
		line: faultLine, fault: "all goes well",
		whole: func(b *broken) { b.pulumiFails("a token is bad") }, damage: func(b *broken) { b.pulumi("", summary("")) },
		want: "pulumi said that all went well", do: whileBad,
	},
	{
		line: "a second up beside one that is at work is refused", fault: "it goes on", want: "pulumi said that all went well",
		whole: func(b *broken) {
			b.besideRefused(errors.New("the stack is currently locked by 1 lock(s). ... delete the lock file with `pulumi cancel`"))
		},
		damage: func(b *broken) { b.report.Checks = nil; b.besideRefused(nil) }, do: func(context.Context, *broken) {},
	},
	{
		line: "a second up beside one that is at work is refused", fault: "it fails by something else", want: "no such host",
		damage: func(b *broken) { b.besideRefused(errors.New("no such host")) }, do: func(context.Context, *broken) {},
	},
	{
		line: "losing a control plane", fault: "one of three takes the API with it",
		damage: func(*broken) {}, want: "80.0 s",
		do: func(_ context.Context, b *broken) {
			f := feeling{requests: 100, failed: 60, away: 80 * time.Second}
			b.add("losing a control plane", f.asExpected(true), f.String())
		},
	},
	{
		line: "losing a control plane", fault: "one of two is not missed",
		damage: func(*broken) {}, want: "0 of 100",
		do: func(_ context.Context, b *broken) {
			f := feeling{requests: 100}
			b.add("losing a control plane", f.asExpected(false), f.String())
		},
	},
	{
		line: "its return", fault: "there is no cluster",
		damage: func(b *broken) { b.pulumi("") }, want: "after 4m0s",
		do: func(ctx context.Context, b *broken) { b.awaitReturn(ctx) },
	},
	{
		line: "the cluster is whole", fault: "there is none",
		damage: func(b *broken) { b.pulumi("") }, want: "kubeconfig",
	},
}
