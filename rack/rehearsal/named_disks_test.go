package rehearsal

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

const longhornNodesPath = "/apis/longhorn.io/v1beta2/nodes"

// onDisks has the machines of the stack, none of them powered on, and Ceph and ZFS on the disks that the stack file names.
func onDisks(b *broken) {
	b.t.Helper()
	for i, n := range b.stack.Nodes {
		m, err := node.New(node.Options{
			Name: n.Name, Dir: b.t.TempDir(), Addresses: []netip.Prefix{netip.PrefixFrom(n.Address, 16)},
			Hardware: hardwareOf(b.stack, n), Kubernetes: struct{ node.Kubernetes }{},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		b.rack.nodes = append(b.rack.nodes, &machine{Node: m, spec: n})
		for _, disk := range m.Disks() {
			for _, s := range b.cephSelects(n.Name) {
				if selects(s, disk) {
					writeOn(b, m, disk.Path, fmt.Sprintf("osd.%d of Ceph one", i))
				}
			}
			for _, p := range b.stack.Storage.ZFS.Pools {
				for _, s := range p.Disks {
					if p.Node == n.Name && selects(s, disk) {
						writeOn(b, m, disk.Path, "ZFS pool "+p.Name)
					}
				}
			}
		}
	}
}

func writeOn(b *broken, m *node.Node, path, content string) {
	b.t.Helper()
	if err := m.Write(path, content); err != nil {
		b.t.Fatal(err)
	}
}

// misplace empties a machine's first disk whose content begins so, and puts another content onto its decoy.
func misplace(b *broken, name, begins, onDecoy string) {
	b.t.Helper()
	m := b.rack.host(name)
	for _, disk := range m.Disks() {
		content, err := m.Content(disk.Path)
		if err != nil {
			b.t.Fatal(err)
		}
		if strings.HasPrefix(content, begins) {
			writeOn(b, m.Node, disk.Path, "")
			break
		}
	}
	writeOn(b, m.Node, "/dev/sdz", onDecoy)
}

// longhornAlone is a stack with Longhorn alone, on one machine that stores and one that does not.
func longhornAlone(b *broken) {
	b.stack.Storage = spec.Storage{Longhorn: &spec.Longhorn{UserVolume: "longhorn"}}
	b.rack.nodes = []*machine{
		{spec: spec.Node{Name: "lab-1", NodeSettings: spec.NodeSettings{UserVolumes: []spec.UserVolume{{Name: "longhorn"}}}}, stores: []string{"longhorn"}},
		{spec: spec.Node{Name: "lab-2"}},
	}
	b.list(longhornVolumesPath, fmt.Sprintf(storedVolume, "healthy"))
	storedOn(b, "/var/mnt/longhorn", "True")
}

// storedOn has Longhorn store at a path of lab-1.
func storedOn(b *broken, path, ready string) {
	b.list(longhornNodesPath,
		fmt.Sprintf(`{kind: Node, apiVersion: longhorn.io/v1beta2, metadata: {name: lab-1}, status: {diskStatus: {d: {diskPath: %s, conditions: [{type: Ready, status: "%s"}]}}}}`, path, ready),
		"{kind: Node, apiVersion: longhorn.io/v1beta2, metadata: {name: lab-2}, status: {}}")
}
