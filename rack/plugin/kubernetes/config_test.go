package kubernetes

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfigFor is a kubeconfig of one cluster and one user, as text.
func kubeconfigFor(t *testing.T, server, token string) resource.PropertyValue {
	t.Helper()
	content, err := clientcmd.Write(api.Config{
		Clusters:       map[string]*api.Cluster{"home": {Server: server}},
		AuthInfos:      map[string]*api.AuthInfo{"admin": {Token: token}},
		Contexts:       map[string]*api.Context{"home": {Cluster: "home", AuthInfo: "admin"}},
		CurrentContext: "home",
	})
	if err != nil {
		t.Fatal(err)
	}
	return resource.NewStringProperty(string(content))
}

func TestDiffConfig_ReplacesOnlyForAnotherCluster(t *testing.T) {
	here, there := kubeconfigFor(t, "https://192.0.2.1:6443", "a"), kubeconfigFor(t, "https://192.0.2.2:6443", "a")
	otherToken := kubeconfigFor(t, "https://192.0.2.1:6443", "b")
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	home, lab := resource.NewStringProperty("home"), resource.NewStringProperty("lab")

	for name, test := range map[string]struct {
		olds, news resource.PropertyMap
		diffs      []string
		replaces   []string
	}{
		"nothing changed": {
			resource.PropertyMap{"kubeconfig": here}, resource.PropertyMap{"kubeconfig": here}, nil, nil,
		},
		"another user of the same cluster": {
			resource.PropertyMap{"kubeconfig": here}, resource.PropertyMap{"kubeconfig": otherToken}, []string{"kubeconfig"}, nil,
		},
		"another server": {
			resource.PropertyMap{"kubeconfig": here},
			resource.PropertyMap{"kubeconfig": there},
			[]string{"kubeconfig"},
			[]string{"kubeconfig"},
		},
		"a server that is not known yet": {
			resource.PropertyMap{"kubeconfig": here},
			resource.PropertyMap{"kubeconfig": unknown},
			[]string{"kubeconfig"},
			[]string{"kubeconfig"},
		},
		"another server of the same identity": {
			resource.PropertyMap{"kubeconfig": here, "clusterIdentifier": home},
			resource.PropertyMap{"kubeconfig": there, "clusterIdentifier": home},
			[]string{"kubeconfig"},
			nil,
		},
		"a server not known yet of the same identity": {
			resource.PropertyMap{"kubeconfig": here, "clusterIdentifier": home},
			resource.PropertyMap{"kubeconfig": unknown, "clusterIdentifier": home},
			[]string{"kubeconfig"},
			nil,
		},
		"another identity": {
			resource.PropertyMap{"kubeconfig": here, "clusterIdentifier": home},
			resource.PropertyMap{"kubeconfig": here, "clusterIdentifier": lab},
			[]string{"clusterIdentifier"},
			[]string{"clusterIdentifier"},
		},
		"a first identity": {
			resource.PropertyMap{"kubeconfig": here},
			resource.PropertyMap{"kubeconfig": here, "clusterIdentifier": home},
			[]string{"clusterIdentifier"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := diffConfig(test.olds, test.news)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(response.GetDiffs(), test.diffs) || !slices.Equal(response.GetReplaces(), test.replaces) {
				t.Errorf("changes %q, replaces %q, want %q, %q", response.GetDiffs(), response.GetReplaces(), test.diffs, test.replaces)
			}
			if changed := response.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME; changed != (len(test.diffs) > 0) {
				t.Errorf("changed is %t", changed)
			}
		})
	}
}

func TestKubeconfigValue_TakesTextAndObjects(t *testing.T) {
	asObject := resource.NewPropertyValue(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "home",
		"clusters": []any{map[string]any{"name": "home", "cluster": map[string]any{"server": "https://192.0.2.1:6443"}}},
		"contexts": []any{map[string]any{"name": "home", "context": map[string]any{"cluster": "home", "user": "admin"}}},
	})
	for _, value := range []resource.PropertyValue{asObject, kubeconfigFor(t, "https://192.0.2.1:6443", "a")} {
		config, err := kubeconfigValue(value)
		if err != nil {
			t.Fatal(err)
		}
		if active, ok := activeCluster(config, nil); !ok || active.Server != "https://192.0.2.1:6443" {
			t.Errorf("the active cluster is %v", active)
		}
	}
}
