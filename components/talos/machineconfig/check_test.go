package machineconfig_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

type object = map[string]any

func TestBuild_RefusesWhatTalosOrKubernetesWould(t *testing.T) {
	patch := func(p object) func(*spec.Stack, *spec.Node) {
		return func(_ *spec.Stack, n *spec.Node) { n.Patches = []map[string]any{p} }
	}
	network := func(key string, value ...any) object {
		return object{"cluster": object{"network": object{key: value}}}
	}
	for _, test := range []struct {
		name   string
		node   string
		change func(*spec.Stack, *spec.Node)
		want   string
	}{
		{
			name: "a key that the node's Talos does not know", node: "cp-1",
			change: patch(object{"machine": object{"nonsense": true}}),
			want:   "node cp-1: patches[0]: error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nmachine:\n    nonsense: true\n",
		},
		{
			name: "a pod network without a mask", node: "cp-1",
			change: patch(network("podSubnets", "10.42.0.0")),
			want:   `node cp-1: cluster.network.podSubnets: "10.42.0.0" is not a network`,
		},
		{
			name: "a service network with host bits", node: "cp-1",
			change: patch(network("serviceSubnets", "10.43.0.1/16")),
			want:   `node cp-1: cluster.network.serviceSubnets: "10.43.0.1/16" is not a network`,
		},
		{
			name: "pods of two families and services of one", node: "worker-1",
			change: patch(network("podSubnets", "10.42.0.0/16", "fd00:42::/56")),
			want: "node worker-1: cluster.network: pods have [10.42.0.0/16 fd00:42::/56], services [10.43.0.0/16]: " +
				"both want the same address families in the same order",
		},
		{
			name: "another change of containerd", node: "worker-1",
			change: patch(object{"machine": object{"files": []any{object{
				"path": "/etc/cri/conf.d/20-customization.part", "op": "create", "content": "[metrics]\n", "permissions": 0,
			}}}}),
			want: "node worker-1: machine.files: /etc/cri/conf.d/20-customization.part is there twice, and Talos would not boot; " +
				"the first keeps image layers for Spegel",
		},
		{
			name: "an installer that is not pinned", node: "cp-1",
			change: patch(object{"machine": object{"install": object{"image": "ghcr.io/siderolabs/installer:latest"}}}),
			want:   "node cp-1: machine.install.image: ghcr.io/siderolabs/installer:latest is not an installer of Talos v1.11.1",
		},
		{
			name: "a host name other than the node's", node: "cp-2",
			change: patch(object{"machine": object{"network": object{"hostname": "cp-1"}}}),
			want:   `node cp-2: machine.network.hostname: "cp-1" is not the node's name`,
		},
		{
			name: "a label that a worker may not give itself", node: "worker-1",
			change: func(_ *spec.Stack, n *spec.Node) {
				n.Labels = map[string]string{
					"node-role.kubernetes.io/storage": "", "node.kubernetes.io/kind": "nas", "example.com/a": "",
				}
			},
			want: "node worker-1: machine.nodeLabels: a worker may not set node-role.kubernetes.io/storage itself " +
				"(https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction)",
		},
		{
			name: "an endpoint in the clear", node: "worker-1",
			change: func(s *spec.Stack, _ *spec.Node) { s.Cluster.Endpoint = "http://10.0.50.50:6443" },
			want:   "node worker-1: cluster.controlPlane.endpoint: http://10.0.50.50:6443 is not https with a port",
		},
		{
			name: "a Kubernetes that the Talos release does not run", node: "cp-1",
			change: func(s *spec.Stack, _ *spec.Node) { s.Cluster.KubernetesVersion = "v1.35.0" },
			want:   "node cp-1: cluster.kubernetesVersion: version of Kubernetes 1.35.0 is too new to be used with Talos 1.11.1",
		},
		{
			name: "no install disk", node: "cp-1",
			change: func(_ *spec.Stack, n *spec.Node) { n.InstallDisk = spec.DiskSelector{} },
			want:   "node cp-1: installDisk: select the disk that Talos is installed on",
		},
		{
			name: "an install disk between two sizes", node: "cp-1",
			change: func(_ *spec.Stack, n *spec.Node) { n.InstallDisk = spec.DiskSelector{MinSize: 1e11, MaxSize: 2e11} },
			want:   "node cp-1: installDisk: minSize and maxSize together: Talos takes one of them for the install disk",
		},
		{
			name: "a passphrase that was not given", node: "cp-1",
			change: func(_ *spec.Stack, n *spec.Node) {
				n.Encryption.State = &spec.VolumeEncryption{
					Keys: []spec.EncryptionKey{{Type: spec.KeyStatic, PassphraseRef: "config:disk"}},
				}
			},
			want: "node cp-1: encryption.state.keys[0].passphraseRef: config:disk gave no passphrase",
		},
		{
			name: "a volume expression that is not one", node: "worker-1",
			change: func(_ *spec.Stack, n *spec.Node) {
				n.UserVolumes = []spec.UserVolume{{Name: "data", Match: "disk.size", MinSize: 1e10, Filesystem: "xfs"}}
			},
			want: "node worker-1: userVolumes[0]: match: expression output type is uint, expected bool",
		},
		{
			name: "several mistakes at once", node: "worker-1",
			change: func(s *spec.Stack, n *spec.Node) {
				n.Labels = map[string]string{"bad label": "x", "also bad": "y"}
				s.Network.PodCIDRs = append(s.Network.PodCIDRs, netip.MustParsePrefix("fd00::/56"))
			},
			want: `node worker-1: v1alpha1.Config: invalid machine node labels: name "also bad" is invalid; name "bad label" is invalid` +
				"\ncluster.network: pods have [10.42.0.0/16 fd00::/56], services [10.43.0.0/16]: " +
				"both want the same address families in the same order",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := spectest.Home(t)
			placeholder := machineconfig.Placeholder(stack)
			node, ok := stack.Node(test.node)
			if !ok {
				t.Fatal(test.node)
			}
			test.change(stack, &node)
			raw, err := machineconfig.Build(stack, node, placeholder)
			if err == nil {
				t.Fatalf("accepted:\n%s", raw)
			}
			if err.Error() != test.want {
				t.Errorf("error\n%s\nwant\n%s", strings.TrimSpace(err.Error()), test.want)
			}
		})
	}
}
