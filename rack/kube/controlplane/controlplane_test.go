package controlplane

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

func plane(t *testing.T, patches ...func(*v1alpha1.Config)) Plane {
	t.Helper()
	configs := configtest.New(t, "https://10.0.50.10:6443")
	return Plane{
		Config: configs.Config(t, machine.TypeControlPlane, patches...), Node: "cp-1", Hostname: "cp-1",
		Address: netip.MustParseAddr("10.0.50.11"), Addresses: []netip.Addr{netip.MustParseAddr("10.0.50.11"), netip.MustParseAddr("fd00:50::11")},
		Dir: "/node", EtcdURL: "https://10.0.50.11:2379",
	}
}

func rendered(t *testing.T, p Plane) []byte {
	t.Helper()
	components, err := p.Components()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, c := range components {
		fmt.Fprintf(&out, "=== %s, healthy at %s\n%s\n", c.Name, c.HealthURL, strings.Join(c.Args, "\n"))
		for _, name := range slices.Sorted(maps.Keys(c.Files)) {
			fmt.Fprintf(&out, "--- %s/%s\n%s", c.Dir, name, c.Files[name])
		}
	}
	return out.Bytes()
}

func TestComponents_OfADefaultConfig(t *testing.T) {
	golden.Check(t, "default.txt", rendered(t, plane(t)))
}

func TestComponents_OfAConfigThatChangesThem(t *testing.T) {
	golden.Check(t, "changed.txt", rendered(t, plane(t, configtest.DualStack, func(c *v1alpha1.Config) {
		c.ClusterConfig.APIServerConfig.ExtraArgsConfig = meta.Args{
			"enable-admission-plugins": meta.NewArgValue("AlwaysPullImages", nil), "bind-address": meta.NewArgValue("0.0.0.0", nil), "authorization-mode": meta.NewArgValue("Webhook", nil),
		}
		c.ClusterConfig.ControllerManagerConfig.ExtraArgsConfig = meta.Args{"bind-address": meta.NewArgValue("0.0.0.0", nil), "node-cidr-mask-size-ipv4": meta.NewArgValue("25", nil)}
		c.ClusterConfig.SchedulerConfig = &v1alpha1.SchedulerConfig{
			ExtraArgsConfig: meta.Args{"bind-address": meta.NewArgValue("0.0.0.0", nil)},
			SchedulerConfig: meta.Unstructured{Object: map[string]any{"profiles": []any{map[string]any{"schedulerName": "default-scheduler"}}}},
		}
		c.ClusterConfig.ControlPlane.LocalAPIServerPort = 7443
	})))
}

func TestComponents_LeaveOutWhatTheMachineDisables(t *testing.T) {
	yes := true
	components, err := plane(t, func(c *v1alpha1.Config) {
		c.MachineConfig.MachineControlPlane = &v1alpha1.MachineControlPlaneConfig{
			MachineScheduler: &v1alpha1.MachineSchedulerConfig{MachineSchedulerDisabled: &yes},
		}
	}).Components()
	if err != nil {
		t.Fatal(err)
	}
	if len(components) != 2 || components[1].Name != ControllerManagerName {
		t.Errorf("components = %v", components)
	}
}

func TestComponents_RefuseAFlagThatHoldsThemTogether(t *testing.T) {
	_, err := plane(t, func(c *v1alpha1.Config) {
		c.ClusterConfig.APIServerConfig.ExtraArgsConfig = meta.Args{"etcd-servers": meta.NewArgValue("http://elsewhere", nil)}
	}).Components()
	const want = "cluster.apiServer.extraArgs: etcd-servers: Talos sets this flag itself and lets no config change it; remove it"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestSANs_AreThoseOfARealControlPlane(t *testing.T) {
	names, addresses, err := plane(t, func(c *v1alpha1.Config) {
		c.ClusterConfig.APIServerConfig.ExtraCertSANs = []string{"k8s.home.example", "10.0.50.10"}
	}).SANs()
	if err != nil {
		t.Fatal(err)
	}
	const wantNames = "[kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local localhost cp-1 k8s.home.example]"
	const wantAddresses = "[10.96.0.1 10.0.50.11 fd00:50::11 127.0.0.1 10.0.50.10]"
	if fmt.Sprint(names) != wantNames || fmt.Sprint(addresses) != wantAddresses {
		t.Errorf("SANs = %v %v, want %s %s", names, addresses, wantNames, wantAddresses)
	}
}

func TestAdminKubeconfig_NamesTheEndpointAndTheAdministrator(t *testing.T) {
	kubeconfig, err := plane(t).AdminKubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if config.CurrentContext != "admin@home" || config.Clusters["home"].Server != "https://10.0.50.10:6443" {
		t.Errorf("kubeconfig = %s", kubeconfig)
	}
	rest, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil || len(rest.CertData) == 0 || len(rest.CAData) == 0 {
		t.Errorf("rest config: %v", err)
	}
}

func TestSecrets_OfAWorkerConfigAreRefused(t *testing.T) {
	p := plane(t)
	p.Config = configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeWorker)
	if _, err := p.Kubeconfig(p.URL(), TalosAdmin); err == nil || !strings.Contains(err.Error(), "no certificate authority with a key") {
		t.Errorf("error = %v", err)
	}
}

// The API server accepts all, and pods are told of the issuing one alone: Talos gives the controller manager no other file.
func TestSecrets_HaveWhoIsAcceptedBesideWhoIssues(t *testing.T) {
	former, next := plane(t), authorityOf(t)
	p := plane(t, func(c *v1alpha1.Config) {
		c.ClusterConfig.ClusterAcceptedCAs = []*x509.PEMEncodedCertificate{{Crt: c.ClusterConfig.ClusterCA.Crt}}
		c.ClusterConfig.ClusterCA = next
	})
	files, err := p.secrets()
	if err != nil {
		t.Fatal(err)
	}
	issuing, accepted := strings.TrimSpace(string(next.Crt)), string(files["accepted-ca.crt"])
	before := strings.TrimSpace(string(former.Config.K8sAPIServerCAConfig().IssuingCA().Crt))
	if strings.TrimSpace(string(files["ca.crt"])) != issuing || !strings.Contains(accepted, issuing) || !strings.Contains(accepted, before) {
		t.Errorf("pods are told of\n%s\nand the API server accepts\n%s", files["ca.crt"], accepted)
	}
	if former.SameSecrets(p) {
		t.Error("its programs would go on with the former secrets")
	}
	components, err := p.Components()
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]string{}
	for _, component := range components {
		for _, arg := range component.Args {
			name, value, _ := strings.Cut(arg, "=")
			flags[component.Name+" "+name] = filepath.Base(value)
		}
	}
	for flag, want := range map[string]string{
		"kube-apiserver --client-ca-file": "accepted-ca.crt", "kube-controller-manager --root-ca-file": "ca.crt",
		"kube-controller-manager --cluster-signing-cert-file": "ca.crt",
	} {
		if flags[flag] != want {
			t.Errorf("%s is %s, not %s", flag, flags[flag], want)
		}
	}
}

func authorityOf(t *testing.T) *x509.PEMEncodedCertificateAndKey {
	t.Helper()
	ca, err := x509.NewSelfSignedCertificateAuthority(x509.ECDSA(true), x509.Organization("kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	return x509.NewCertificateAndKeyFromCertificateAuthority(ca)
}
