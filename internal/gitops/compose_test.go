package gitops_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// house is one machine, with a gateway for the home and nothing else.
const house = `config:
  home-ops:cluster: { domain: house.example.com, talosVersion: v1.11.1, talosContract: v1.11, kubernetesVersion: v1.34.1 }
  home-ops:network: { nodeCIDRs: [192.168.7.0/24] }
  home-ops:nodes:
    - { name: one, role: controlPlane, address: 192.168.7.10, interface: enp1s0, installDisk: { serial: A1 } }
  home-ops:cilium: { policyBaseline: true, pools: [{ name: default, blocks: [192.168.7.50-192.168.7.59] }] }
  home-ops:edge: { gateways: { internal: [192.168.7.50] } }
  home-ops:flux: { repository: https://git.example.com/me/house.git }
`

func small(t *testing.T) *spec.Stack {
	t.Helper()
	stack, problems := spec.Load("house", []byte(house))
	if err := spec.Merge(problems, stack.Validate()).Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

func TestCompose_ListsWhatTheStackCanRunAndSaysWhatItCannot(t *testing.T) {
	root, err := composed()
	if err != nil {
		t.Fatal(err)
	}
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t), small(t)} {
		composition, err := gitops.Compose(root, stack)
		if err != nil {
			t.Fatal(err)
		}
		content, err := composition.YAML()
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "composed/"+stack.Name+".yaml", content)
	}
}

// What Compose writes, Check accepts.
func TestCompose_MakesATreeThatIsInOrder(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t), small(t)} {
		cluster, problems := load(t, compose(t, stack), stack)
		report(t, append(problems, cluster.CheckStack(stack)...))
		report(t, cluster.CheckOrder())
	}
}

func TestCheckNeeds_ReportsAnAppAndAComponentWithoutWhatTheyNeed(t *testing.T) {
	home := spectest.Home(t)
	cluster, problems := load(t, compose(t, home), home)
	report(t, problems)
	without := *home
	without.Secrets.OnePassword, without.Edge.Gateways.External = nil, nil
	var got []string
	for _, problem := range cluster.CheckNeeds(&without) {
		got = append(got, problem.Error())
	}
	for _, want := range []string{
		"kubernetes/clusters/home: Kustomization etcd-backup needs secrets.onePassword, which the stack does not have; take it away, or add that to the stack file",
		"kubernetes/clusters/home: Kustomization echo with the component external needs edge.gateways.external, which the stack does not have; take it away, or add that to the stack file",
		"kubernetes/clusters/home: Kustomization kube-prometheus-stack with the component volsync needs secrets.onePassword, which the stack does not have; take it away, or add that to the stack file",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("it is not said: %s\ngot\n%s", want, strings.Join(got, "\n"))
		}
	}
	report(t, cluster.CheckNeeds(home))
}

// A misspelt need would be one that is never met, or one that is never asked for.
func TestCompose_RefusesANeedThatNoStackFileCanMeet(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"kubernetes/apps/it/kustomization.yaml": "kind: Kustomization\nresources: [it/ks.yaml]\n",
		"kubernetes/apps/it/it/ks.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: it\n" +
			"  annotations: { home-ops.github.io/needs: storage.cefph }\nspec: { path: ./kubernetes/apps/it/it/app }\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := gitops.Compose(root, small(t))
	const want = `kubernetes/apps/it: Kustomization it: the annotation home-ops.github.io/needs has "storage.cefph", which is none of cilium.bgp, `
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s...", err, want)
	}
}

// An app that reads the vault, claims a volume or has a route says so, or a cluster without them gets it.
func TestTree_AppsSayWhatTheyNeed(t *testing.T) {
	home, lab := spectest.Home(t), spectest.Lab(t)
	for _, stack := range []*spec.Stack{home, lab} {
		cluster, problems := load(t, compose(t, stack), stack)
		report(t, problems)
		for _, o := range cluster.Objects {
			for need, uses := range map[string]bool{
				"secrets.onePassword":    o.GetKind() == "ExternalSecret",
				"edge.gateways.internal": o.GetKind() == "HTTPRoute" && slices.Contains(gitops.GatewaysOf(o), "internal"),
				"edge.gateways.external": o.GetKind() == "HTTPRoute" && slices.Contains(gitops.GatewaysOf(o), "external"),
				"storage.defaultClass":   o.GetKind() == "PersistentVolumeClaim",
			} {
				if uses && !slices.Contains(cluster.NeedsOf(o.By), need) {
					t.Errorf("%s: Kustomization %s does not say that it needs %s (annotation home-ops.github.io/needs)", o.Where(), o.By.Name, need)
				}
			}
		}
	}
}
