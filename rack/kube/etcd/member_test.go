package etcd

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

func member(t *testing.T, patches ...func(*v1alpha1.Config)) Member {
	t.Helper()
	address := netip.MustParseAddr("10.0.50.11")
	return Member{
		Name: "cp-1", Address: address, Addresses: []netip.Addr{address}, Dir: t.TempDir(),
		Config: configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, patches...),
	}
}

func args(t *testing.T, m Member, start Start) []string {
	t.Helper()
	args, err := m.Args(start)
	if err != nil {
		t.Fatal(err)
	}
	return args
}

func TestArgs_OfTheFirstMember(t *testing.T) {
	m := member(t)
	text := strings.Join(args(t, m, m.Bootstrap()), "\n") + "\n"
	golden.Check(t, "bootstrap.txt", []byte(strings.ReplaceAll(text, m.Dir, "/node")))
}

func TestArgs_OfAMemberThatJoinsAnExistingCluster(t *testing.T) {
	got := args(t, member(t), Start{Cluster: "cp-2=https://10.0.50.12:2380,cp-1=https://10.0.50.11:2380", Join: true})
	for _, want := range []string{
		"--initial-cluster-state=existing", "--initial-cluster=cp-2=https://10.0.50.12:2380,cp-1=https://10.0.50.11:2380",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
}

func TestArgs_OfAMemberWithDataSayNothingOfTheClustersBeginning(t *testing.T) {
	m := member(t)
	if err := os.MkdirAll(filepath.Join(m.DataDir(), "member"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, arg := range args(t, m, m.Bootstrap()) {
		if strings.HasPrefix(arg, "--initial-cluster") {
			t.Errorf("%s", arg)
		}
	}
}

func TestArgs_MoveAMetricsListenerToTheNodesOwnAddress(t *testing.T) {
	m := member(t, func(c *v1alpha1.Config) {
		c.ClusterConfig.EtcdConfig.EtcdExtraArgs = meta.Args{"listen-metrics-urls": meta.NewArgValue("http://0.0.0.0:2381", nil), "election-timeout": meta.NewArgValue("5000", nil)}
	})
	got := args(t, m, m.Bootstrap())
	for _, want := range []string{"--listen-metrics-urls=http://10.0.50.11:2381", "--election-timeout=5000"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
}

func TestArgs_RefuseAnotherDataDirectory(t *testing.T) {
	m := member(t, func(c *v1alpha1.Config) {
		c.ClusterConfig.EtcdConfig.EtcdExtraArgs = meta.Args{"data-dir": meta.NewArgValue("/elsewhere", nil)}
	})
	_, err := m.Args(m.Bootstrap())
	const want = "cluster.etcd.extraArgs: data-dir: Talos sets this flag itself and lets no config change it; remove it"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestInitialCluster_NamesTheNewMemberWhichTheClusterDoesNotKnowByName(t *testing.T) {
	got := initialCluster([]*etcdserverpb.Member{
		{ID: 1, Name: "cp-1", PeerURLs: []string{"https://10.0.50.11:2380"}},
		{ID: 2, PeerURLs: []string{"https://10.0.50.12:2380"}},
	}, 2, "cp-2")
	if want := "cp-1=https://10.0.50.11:2380,cp-2=https://10.0.50.12:2380"; got != want {
		t.Errorf("initial cluster = %s, want %s", got, want)
	}
}
