package rehearsal

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
)

const (
	releasesPath     = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases"
	secretClaimsPath = "/apis/external-secrets.io/v1/externalsecrets"
	repositoriesPath = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories"
)

// madeBy is what a Kustomization makes: a HelmRelease or an ExternalSecret.
func madeBy(kustomization, kind, api, name, ready, more string) string {
	return `{apiVersion: ` + api + `, kind: ` + kind + `, metadata: {name: ` + name + `, namespace: apps, generation: 1, labels: ` +
		`{kustomize.toolkit.fluxcd.io/name: ` + kustomization + `, kustomize.toolkit.fluxcd.io/namespace: flux-system}}, spec: {` + more + `}, ` +
		`status: {observedGeneration: 1, syncedResourceVersion: first, conditions: [{type: Ready, status: "` + ready + `", reason: UpgradeFailed, message: a hook fails}]}}`
}

func release(ready string) string {
	return madeBy("app", "HelmRelease", "helm.toolkit.fluxcd.io/v2", "web", ready, "dependsOn: [{name: database}], chartRef: {kind: OCIRepository, name: web}")
}

func claimOf(ready, more string) string {
	return madeBy("app", "ExternalSecret", "external-secrets.io/v1", "web", ready, more)
}

// wholeOwned is a tree of every kind: a root, an app that needs another, and what the app makes.
func wholeOwned(b *broken) {
	b.list(repositoriesPath, strings.ReplaceAll(kustomization("flux-system", "True"), "kind: Kustomization", "kind: GitRepository"))
	ofRoot := func(text, spec string) string {
		return strings.Replace(text, "generation: 1}, spec: {}",
			"generation: 1, labels: {kustomize.toolkit.fluxcd.io/name: root, kustomize.toolkit.fluxcd.io/namespace: flux-system}}, spec: {"+spec+"}", 1)
	}
	// The root is in the tree itself, and the app comes before what it needs.
	b.list(kustomizationsPath, ofRoot(kustomization("app", "True"), "dependsOn: [{name: base}]"), ofRoot(kustomization("base", "True"), ""),
		ofRoot(kustomization("root", "True"), "sourceRef: {kind: GitRepository, name: flux-system}"))
	b.list(releasesPath, release("True"), madeBy("base", "HelmRelease", "helm.toolkit.fluxcd.io/v2", "database", "True", ""))
	b.list(secretClaimsPath, claimOf("True", "refreshInterval: 1h"))
}

const (
	readyLine      = "everything that Git owns is ready"
	reconciledLine = "everything that Git owns is reconciled when asked, and ready"
)

// redReconciled are lines about what is ready, and what was once.
var redReconciled = []red{
	{
		line: readyLine, fault: "a release failed after its Kustomization was reconciled", want: "HelmRelease apps/web: UpgradeFailed: a hook fails",
		whole: wholeOwned, damage: func(b *broken) { b.list(releasesPath, release("False")) },
	},
	{
		line: readyLine, fault: "a secret cannot be read any more", want: "ExternalSecret apps/web: UpgradeFailed",
		whole: wholeOwned, damage: func(b *broken) { b.list(secretClaimsPath, claimOf("False", "")) },
	},
	{
		line: reconciledLine, fault: "the helm-controller is dead", want: "HelmRelease apps/database: its controller was asked at ",
		whole: wholeOwned, damage: func(b *broken) { b.deaf = []string{"helmreleases"} },
	},
	{
		line: reconciledLine, fault: "the kustomize-controller is dead", want: "Kustomization flux-system/root: its controller was asked at ",
		whole: wholeOwned, damage: func(b *broken) { b.deaf = []string{"kustomizations"} },
	},
	{
		line: reconciledLine, fault: "the source-controller is dead", want: "GitRepository flux-system/flux-system: its controller was asked at ",
		whole: wholeOwned, damage: func(b *broken) { b.deaf = []string{"gitrepositories"} },
	},
	{
		line: reconciledLine, fault: "External Secrets is dead", want: "ExternalSecret apps/web: its controller was asked at ",
		whole: wholeOwned, damage: func(b *broken) { b.deaf = []string{"externalsecrets"} },
	},
	{
		line: reconciledLine, fault: "the controller answers that it failed", want: "HelmRelease apps/web: UpgradeFailed: a hook fails",
		whole: wholeOwned, damage: func(b *broken) { b.list(releasesPath, release("False")) },
	},
	{
		line: reconciledLine, fault: "one is suspended", want: "Kustomization flux-system/app: it is suspended",
		whole: wholeTree, damage: func(b *broken) {
			b.list(kustomizationsPath, kustomization("root", "True"), strings.Replace(kustomization("app", "True"), "spec: {}", "spec: {suspend: true}", 1))
		},
	},
	{
		line: reconciledLine, fault: "the root is alone", want: "1 Kustomizations",
		whole: wholeOwned, damage: func(b *broken) { b.list(kustomizationsPath, kustomization("root", "True")) },
	},
	{
		line: "everything that Git owns is ready after its return", fault: "the helm-controller is dead", want: "HelmRelease apps/database: its controller was asked at ",
		whole: wholeOwned, damage: func(b *broken) { b.deaf = []string{"helmreleases"} },
		do: func(ctx context.Context, b *broken) { _ = b.addReady(ctx, b.cluster, "after its return") },
	},
}

// A Kustomization that is being reconciled is not ready, and those that depend on it would wait.
func TestReconciled_AsksEachAfterWhatItBuildsOn(t *testing.T) {
	b := newBroken(t)
	wholeOwned(b)
	if _, err := b.checkReconciled(t.Context(), b.cluster); err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, path := range b.annotated {
		place[path[strings.LastIndex(path[:strings.LastIndex(path, "/")], "/")+1:]] = i
	}
	if len(place) != 7 || len(b.annotated) != 7 {
		t.Errorf("asked %q, wanted each of 7 once", b.annotated)
	}
	for _, pair := range [][2]string{
		{"gitrepositories/flux-system", "kustomizations/root"},
		{"kustomizations/root", "kustomizations/base"},
		{"kustomizations/base", "kustomizations/app"},
		{"kustomizations/app", "helmreleases/web"},
		{"kustomizations/app", "externalsecrets/web"},
		{"helmreleases/database", "helmreleases/web"},
	} {
		if place[pair[0]] > place[pair[1]] {
			t.Errorf("%s was asked before %s, on which it builds", pair[1], pair[0])
		}
	}
}

// A Flux before v2.7 puts its own request back when it applies what bears another. The answer to ours counts all the same, and one that
// was taken away before it was answered is made again.
func TestReconciled_CountsWhatWasAnsweredOnce(t *testing.T) {
	b := newBroken(t)
	wholeTree(b)
	client, err := dynamic.NewForConfig(b.cluster.rest)
	if err != nil {
		t.Fatal(err)
	}
	asking := newRequest(client, time.Now())
	look := func() error {
		all, err := b.listOwned(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		return asking.advance(t.Context(), all)
	}
	b.deaf = []string{"kustomizations/app"}
	for range 2 {
		if err := look(); err == nil || !strings.Contains(err.Error(), "flux-system/app: its controller") {
			t.Fatalf("the app has not answered: %v", err)
		}
	}
	wholeTree(b)
	b.deaf = nil
	if err := look(); err == nil || !strings.Contains(err.Error(), "flux-system/app: its controller") || strings.Contains(err.Error(), "root") {
		t.Fatalf("the request to the app was taken away, and the root has answered: %v", err)
	}
	if err := look(); err != nil {
		t.Fatalf("both have answered: %v", err)
	}
	wholeTree(b)
	if err := look(); err != nil {
		t.Errorf("both have answered before: %v", err)
	}
}

func TestReconciled_LeavesAloneWhatNobodyReconciles(t *testing.T) {
	b := newBroken(t)
	wholeOwned(b)
	b.deaf = []string{"externalsecrets", "helmrepositories"}
	b.list("/apis/source.toolkit.fluxcd.io/v1/helmrepositories", "{apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, metadata: {name: a, namespace: apps}, spec: {type: oci}}")
	for spec, once := range map[string]bool{
		"refreshInterval: 0s": true, "refreshPolicy: CreatedOnce, refreshInterval: 1h": true, "refreshPolicy: OnChange, refreshInterval: 0s": false,
	} {
		b.list(secretClaimsPath, claimOf("True", spec))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := b.checkReconciled(ctx, b.cluster); (err == nil) != once {
			t.Errorf("%s: %v", spec, err)
		}
		cancel()
	}
}
