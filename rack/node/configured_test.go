package node_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/durationpb"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/rack/node"
)

func TestApply_InstallsThenBootsTheImage(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(o *node.Options) {
		o.MediaVersion = "v1.11.0"
		o.Extensions = func(string) []node.Extension { return []node.Extension{{Name: "iscsi-tools", Version: "v0.2.0"}} }
	})
	n.await(t, node.Maintenance)
	c := newCluster(t, n.address)
	schematic := strings.Repeat("ab", 32)
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineInstall.InstallImage = "factory.talos.dev/metal-installer/" + schematic + ":v1.11.3"
		cfg.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkHostname: "cp-1"}
	}))
	n.await(t, node.Running)

	admin := n.admin(t, c)
	version, err := admin.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := version.GetMessages()[0]; got.GetVersion().GetTag() != "v1.11.3" || got.GetPlatform().GetName() != "metal" {
		t.Errorf("version: %v", got)
	}
	extensions, err := safe.StateListAll[*runtimeres.ExtensionStatus](t.Context(), admin.COSI)
	if err != nil || extensions.Len() != 2 || extensions.Get(1).TypedSpec().Metadata.Version != schematic {
		t.Errorf("extensions: %v, %v", extensions, err)
	}
	m := n.kube.machine
	if m.Name != "cp-1" || m.TalosVersion != "v1.11.3" || m.Schematic != schematic || !slices.Equal(m.Addresses, []netip.Addr{n.address}) {
		t.Errorf("Kubernetes was told of %+v", m)
	}
	if n.Applied() == nil || n.Applied().NetworkHostnameConfig().Hostname() != "cp-1" {
		t.Error("Applied is not the config that was applied")
	}
	n.stop()
	want := []node.State{node.Maintenance, node.Installing, node.Rebooting, node.Booting, node.Running, node.Off}
	if got := n.seen(); !slices.Equal(got, want) {
		t.Errorf("states %v, want %v", got, want)
	}
}

func TestApply_ThatCannotInstallComesBackToMaintenance(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.await(t, node.Maintenance)
	c := newCluster(t, n.address)
	apply(t, n.insecure(t), c.config(t, machine.TypeWorker, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineInstall.InstallDisk = "/dev/sdz"
	}))
	n.await(t, node.Rebooting)
	n.await(t, node.Maintenance)
	if err := n.Err(); err == nil || err.Error() != "install sequence: lstat /dev/sdz: no such file or directory" {
		t.Errorf("Err: %v", err)
	}
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane))
	n.await(t, node.Running)
}

func TestApply_OfAnImageThatNoRegistryHasComesBackToMaintenance(t *testing.T) {
	t.Parallel()
	var pulled atomic.Value
	n := startNode(t, func(o *node.Options) {
		o.Pull = func(ref string) error {
			pulled.Store(ref)
			// A registry answers after the machine has.
			time.Sleep(200 * time.Millisecond)
			return errors.New("not found")
		}
	})
	n.await(t, node.Maintenance)
	config := newCluster(t, n.address).config(t, machine.TypeWorker)
	apply(t, n.insecure(t), config)
	n.await(t, node.Rebooting)
	n.await(t, node.Maintenance)
	if err := n.Err(); err == nil || err.Error() != "install sequence: task install: error pulling installer image: not found" {
		t.Errorf("Err: %v", err)
	}
	if ref, _ := pulled.Load().(string); ref == "" || !strings.Contains(string(config), ref) {
		t.Errorf("pulled %q, which the config does not name", ref)
	}
}

func TestImagePull_SaysWhatTheRegistrySays(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(o *node.Options) {
		o.Pull = func(ref string) error {
			if strings.HasSuffix(ref, ":v1.99.0") {
				return errors.New("not found")
			}
			return nil
		}
	})
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	pull := func(by *client.Client, ref string) error {
		_, err := by.MachineClient.ImagePull(t.Context(), &machineapi.ImagePullRequest{Reference: ref})
		return err
	}
	operator := n.as(t, c, role.Operator)
	if err := pull(operator, "ghcr.io/siderolabs/kubelet:v1.36.4"); err != nil {
		t.Error(err)
	}
	wantError(t, pull(operator, "ghcr.io/siderolabs/kubelet:v1.99.0"), codes.NotFound, "error pulling image: not found")
	wantError(t, pull(n.as(t, c, role.Reader), "ghcr.io/siderolabs/kubelet:v1.36.4"), codes.PermissionDenied, "not authorized")
}

func TestConfigured_RefusesStrangers(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)

	foreign := foreignCluster(t, n.address)
	trusting := &tls.Config{InsecureSkipVerify: true}
	for name, test := range map[string]struct {
		config *tls.Config
		text   string
	}{
		"without a client certificate":            {trusting, "remote error: tls: certificate required"},
		"with one of another cluster":             {foreign.tlsConfig(t, trusting), "remote error: tls: unknown certificate authority"},
		"who believes in another cluster's CA":    {foreign.tlsConfig(t, nil), "certificate signed by unknown authority"},
		"who dials by a name that is not its own": {c.tlsConfig(t, &tls.Config{ServerName: "other"}), "certificate is valid for"},
	} {
		if err := dial(n.address, test.config); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %s", name, err, test.text)
		}
	}
	if err := dial(n.address, c.tlsConfig(t, nil)); err != nil {
		t.Errorf("an administrator: %v", err)
	}
}

// dial returns the error with which the node refuses the connection, nil when it does not within a moment.
func dial(to netip.Addr, config *tls.Config) error {
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", netip.AddrPortFrom(to, 50000).String(), config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	// A client learns what the server thinks of its certificate with the first byte that it reads.
	_, err = conn.Read(make([]byte, 1))
	return err
}

// tlsConfig is that of an administrator, with the cluster's CA unless base says whom to believe.
func (c *cluster) tlsConfig(t *testing.T, base *tls.Config) *tls.Config {
	t.Helper()
	cert, err := c.bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert.Crt, cert.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := base.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.Certificates = []tls.Certificate{pair}
	if !config.InsecureSkipVerify {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(c.bundle.Certs.OS.Crt)
	}
	return config
}

func TestConfigured_GivesEachRoleItsMethods(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)

	reader, operator := n.as(t, c, role.Reader), n.as(t, c, role.Operator)
	if _, err := reader.Version(t.Context()); err != nil {
		t.Error(err)
	}
	wantError(t, reader.Reboot(t.Context()), codes.PermissionDenied, "not authorized")
	wantError(t, operator.Reset(t.Context(), false, true), codes.PermissionDenied, "not authorized")
	_, err := operator.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{})
	wantError(t, err, codes.PermissionDenied, "not authorized")
	if _, err := safe.StateListAll[*configres.MachineConfig](t.Context(), reader.COSI); err == nil {
		t.Error("a reader saw the machine config")
	}
	if list, err := safe.StateListAll[*configres.MachineConfig](t.Context(), n.admin(t, c).COSI); err != nil || list.Len() != 2 {
		t.Errorf("an administrator saw %v, %v", list, err)
	}
	if err := operator.Reboot(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMachineConfig_CanBeReadAndEdited(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	got, err := safe.StateGetByID[*configres.MachineConfig](t.Context(), n.admin(t, c).COSI, configres.ActiveID)
	if err != nil || got.Config().K8sClusterConfig().ClusterName() != "test" {
		t.Fatalf("%v, %v", got, err)
	}
	// What talosctl shows and edits is the YAML beside the message.
	raw, err := cosi.NewStateClient(connection(t, n, c)).Get(t.Context(), &cosi.GetRequest{
		Namespace: configres.NamespaceName, Type: configres.MachineConfigType, Id: configres.ActiveID,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := c.config(t, machine.TypeControlPlane); raw.GetResource().GetSpec().GetYamlSpec() != string(want) {
		t.Errorf("got %s", raw.GetResource().GetSpec().GetYamlSpec())
	}
}

// connection is a plain one, for what Talos's client hides.
func connection(t *testing.T, n *testNode, c *cluster) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(n.address.String()+":50000", grpc.WithTransportCredentials(credentials.NewTLS(c.tlsConfig(t, nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestConfigured_SaysWhatIsNotSimulated(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)

	_, err := admin.MachineClient.Rollback(t.Context(), &machineapi.RollbackRequest{})
	wantError(t, err, codes.Unimplemented, "the simulated node does not do machine.MachineService/Rollback")
	_, err = admin.TimeClient.Time(t.Context(), nil)
	wantError(t, err, codes.Unimplemented, "the simulated node does not do time.TimeService/Time")
	_, err = admin.EtcdStatus(t.Context())
	wantError(t, err, codes.Unimplemented, "the simulated node does not do etcd status")
}

func TestKubeconfig_IsAnArchiveOfOneFile(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	got, err := n.admin(t, c).Kubeconfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "kubeconfig of " + n.kube.machine.Name; string(got) != want {
		t.Errorf("kubeconfig %q, want %q", got, want)
	}
	raw, err := n.admin(t, c).KubeconfigRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zipped, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	header, err := tar.NewReader(unzipped).Next()
	if err != nil || header.Name != "kubeconfig" || header.Mode != 0o600 {
		t.Errorf("archive holds %v, %v", header, err)
	}
}

func TestGenerateClientConfiguration_SignsWhatTheNodeAccepts(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	resp, err := n.admin(t, c).GenerateClientConfiguration(t.Context(), &machineapi.GenerateClientConfigurationRequest{
		Roles: []string{"os:reader"}, CrtTtl: durationpb.New(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := resp.GetMessages()[0]
	pair, err := tls.X509KeyPair(got.GetCrt(), got.GetKey())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(got.GetCa())
	reader := newClient(t, client.WithEndpoints(n.address.String()), client.WithTLSConfig(&tls.Config{
		RootCAs: pool, Certificates: []tls.Certificate{pair},
	}))
	if _, err := reader.Version(t.Context()); err != nil {
		t.Error(err)
	}
	wantError(t, reader.Reboot(t.Context()), codes.PermissionDenied, "not authorized")
}

func awaitAPI(t *testing.T, c *client.Client) {
	t.Helper()
	eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Version(ctx)
		return err == nil
	})
}
