package node_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/node"
)

func withImage(tag string) func(*v1alpha1.Config) {
	return func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineInstall.InstallImage = "ghcr.io/siderolabs/installer:" + tag
	}
}

func booted(release string) func(*node.Options) {
	return func(o *node.Options) { o.MediaVersion = release }
}

func TestMaintenance_RefusesWhatItsReleaseDoesNotKnow(t *testing.T) {
	t.Parallel()
	const (
		hostname = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nauto: \"off\"\nhostname: a\n"
		kubelet  = "---\napiVersion: v1alpha1\nkind: KubePrismConfig\n"
		mount    = "---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nmount:\n  secure: false\n"
	)
	for name, test := range map[string]struct{ release, document, refusal string }{
		"a document of v1.12 in v1.11": {"v1.11.6", hostname, `failed to parse config: "HostnameConfig" "v1alpha1": not registered`},
		"a document of v1.14 in v1.13": {"v1.13.9", kubelet, `failed to parse config: "KubePrismConfig" "v1alpha1": not registered`},
		"a key of v1.13 in v1.12": {
			"v1.12.0", mount, "failed to parse config: unknown keys found during decoding:\nmount:\n    secure: false\n",
		},
		"a key of v1.13 in v1.13": {"v1.13.9", mount, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, booted(test.release))
			n.await(t, node.Maintenance)
			config := append(newCluster(t, n.address).config(t, machine.TypeWorker), test.document...)
			_, err := n.insecure(t).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{Data: config, DryRun: true})
			if test.refusal == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, codes.Unknown, test.refusal)
		})
	}
}

func TestApply_NeverRebootsFromV114On(t *testing.T) {
	t.Parallel()
	n := startNode(t, booted("v1.14.1"))
	c := newCluster(t, n.address)
	n.await(t, node.Maintenance)
	resp, err := n.insecure(t).ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, withImage("v1.14.1")), Mode: liveMode,
	})
	if err != nil {
		t.Fatalf("%v, %v", resp, err)
	}
	n.await(t, node.Running)
	admin := n.admin(t, c)
	before := bootID(t, admin)
	got := apply(t, admin, c.config(t, machine.TypeControlPlane, withImage("v1.14.1"), withFile))
	if got.GetMode() != liveMode || got.GetModeDetails() != "Applied configuration without a reboot" {
		t.Errorf("a file: mode %s, %s", got.GetMode(), got.GetModeDetails())
	}
	if files, err := n.Applied().Machine().Files(); err != nil || len(files) != 1 {
		t.Errorf("the config is not in effect: %v, %v", files, err)
	}
	if bootID(t, admin) != before {
		t.Error("it rebooted all the same")
	}
	_, err = admin.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, withImage("v1.14.1")), Mode: rebootMode,
	})
	wantError(t, err, codes.Unimplemented, "the REBOOT mode is not supported, please use AUTO or NO_REBOOT modes instead")
}

func TestUpgrade_SkipsNoMoreReleasesThanTheImageAllows(t *testing.T) {
	t.Parallel()
	for name, stage := range map[string]bool{"at once": false, "at the next boot": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, booted("v1.11.1"))
			c := newCluster(t, n.address)
			c.running(t, machine.TypeControlPlane, n)
			admin := n.admin(t, c)
			if _, err := admin.Upgrade(t.Context(), "ghcr.io/siderolabs/installer:v1.14.1", stage, false); err != nil {
				t.Fatal(err)
			}
			const want = "pre-flight checks failed: host version 1.11.1 is too old to upgrade to Talos 1.14.1"
			eventually(t, func() bool { return n.Err() != nil && strings.HasSuffix(n.Err().Error(), want) })
			n.await(t, node.Running)
			awaitAPI(t, admin)
			if version, err := admin.Version(t.Context()); err != nil || version.GetMessages()[0].GetVersion().GetTag() != "v1.11.1" {
				t.Errorf("it runs %v, %v", version, err)
			}
		})
	}
}
