package manifests

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

func TestBootstrap_OfADualStackClusterWithAnInlineManifest(t *testing.T) {
	cfg := configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, configtest.DualStack, func(c *v1alpha1.Config) {
		c.ClusterConfig.ClusterInlineManifests = v1alpha1.ClusterInlineManifests{{
			InlineManifestName: "ns", InlineManifestContents: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: networking\n",
		}}
	})
	objects, err := Bootstrap(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, object := range objects {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	token := cfg.Cluster().Token()
	text := strings.NewReplacer(token.ID(), "tokenid", token.Secret(), "tokensecret").Replace(out.String())
	image := regexp.MustCompile(`coredns:v[0-9.]+`) // the generator's default, which is Talos's business
	golden.Check(t, "dual-stack.yaml", image.ReplaceAll([]byte(text), []byte("coredns:vX")))
}

func TestBootstrap_SaysWhatIsNotSimulated(t *testing.T) {
	cfg := configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, func(c *v1alpha1.Config) {
		c.ClusterConfig.ProxyConfig = nil
		c.ClusterConfig.ClusterNetwork.CNI = &v1alpha1.CNIConfig{CNIName: "flannel"}
		c.ClusterConfig.ExtraManifests = []string{"https://example.com/crds.yaml"}
	})
	_, err := Bootstrap(cfg)
	const want = "cluster.network.cni: flannel is not simulated; set cni.name to none and deploy the CNI\n" +
		"cluster.proxy: kube-proxy is not simulated; disable it\n" +
		"cluster.extraManifests: manifests from URLs are not fetched in a rehearsal"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestBootstrap_LeavesOutCoreDNSWhereItIsDisabled(t *testing.T) {
	yes := true
	objects, err := Bootstrap(configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, func(c *v1alpha1.Config) {
		c.ClusterConfig.CoreDNSConfig = &v1alpha1.CoreDNS{CoreDNSDisabled: &yes}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if strings.Contains(object.GetName(), "dns") {
			t.Errorf("%s %s is there", object.GetKind(), object.GetName())
		}
	}
}

func TestBootstrap_HasTheKindServiceAccountWherePodsMayReachTalos(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		objects, err := Bootstrap(configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, func(c *v1alpha1.Config) {
			c.MachineConfig.MachineFeatures.KubernetesTalosAPIAccessConfig = &v1alpha1.KubernetesTalosAPIAccessConfig{AccessEnabled: &enabled}
		}))
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetName() == "serviceaccounts.talos.dev" })
		if found != enabled {
			t.Errorf("enabled = %t, but the kind is there = %t", enabled, found)
		}
	}
}
