package rehearsal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/gitserver"
)

const kustomizationsPath = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"

// kustomization is one that has the condition Ready with this status.
func kustomization(name, ready string) string {
	return `{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: ` + name + `, namespace: flux-system, generation: 1}, spec: {}, ` +
		`status: {observedGeneration: 1, conditions: [{type: Ready, status: "` + ready + `", reason: HealthCheckFailed, message: a pod crashes, observedGeneration: 1}]}}`
}

func wholeTree(b *broken) {
	b.list(kustomizationsPath, kustomization("root", "True"), kustomization("app", "True"))
}

// repository has the sample app in the Git server.
func repository(b *broken) {
	b.t.Helper()
	tree := b.t.TempDir()
	for name, text := range map[string]string{
		echoFile: "metadata:\n  annotations:\n    a: b\n",
		filepath.Join(filepath.Dir(echoFile), "kustomization.yaml"): "kind: Kustomization\nresources:\n  - deployment.yaml\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o700); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	var err error
	if b.world.git, err = gitserver.New(b.t.Context(), gitserver.Options{Tree: tree, Path: "/o/r.git", Branch: "main", Dir: b.t.TempDir()}); err != nil {
		b.t.Fatal(err)
	}
}

// sops is a program of that name which encrypts as the script says, and a key.
func sops(b *broken, script string) {
	b.t.Helper()
	repository(b)
	b.config.Flux.Bin = filepath.Dir(b.program(fluxparts.Sops, script))
	var err error
	if b.secrets.age, err = age.GenerateX25519Identity(); err != nil {
		b.t.Fatal(err)
	}
}

var redFlux = slices.Concat(redReconciled, []red{
	{
		line: "everything that Git owns is ready", fault: "one Kustomization is not",
		whole: wholeTree, damage: func(b *broken) {
			b.list(kustomizationsPath, kustomization("root", "True"), kustomization("app", "False"))
		},
		want: "Kustomization flux-system/app: HealthCheckFailed: a pod crashes",
	},
	{
		line: "everything that Git owns is ready", fault: "one is suspended",
		whole: wholeTree, damage: func(b *broken) {
			b.list(kustomizationsPath, kustomization("root", "True"), strings.Replace(kustomization("app", "True"), "spec: {}", "spec: {suspend: true}", 1))
		},
		want: "Kustomization flux-system/app: it is suspended",
	},
	{
		line: "everything that Git owns is ready", fault: "the root is alone",
		whole: wholeTree, damage: func(b *broken) { b.list(kustomizationsPath, kustomization("root", "True")) }, want: "1 Kustomizations",
	},
	{
		line: "a commit is applied", fault: "it never is",
		damage: func(b *broken) {
			repository(b)
			b.api["/apis/apps/v1/namespaces/echo/deployments/echo"] = "{kind: Deployment, apiVersion: apps/v1, metadata: {name: echo}}"
		}, want: "the sample app is as before",
	},
	{
		line: "an encrypted file is decrypted", fault: "nothing encrypts it",
		damage: func(b *broken) { sops(b, "cat") }, want: "sops left it in plain text",
	},
	{
		line: "an encrypted file is decrypted", fault: "the cluster has another key",
		damage: func(b *broken) {
			sops(b, "echo sealed")
			b.api["/api/v1/namespaces/echo/secrets/rehearsal-sops"] = "{kind: Secret, apiVersion: v1, metadata: {name: rehearsal-sops}, data: {text: c2VhbGVk}}"
		}, want: "the Secret holds 6 other bytes",
	},
})
