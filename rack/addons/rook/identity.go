package rook

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// identityName is the Secret in which Rook keeps which Ceph it looks after. It is in etcd alone.
const identityName = "rook-ceph-mon"

// fsid is the name of a Ceph that no other has: monitors and disks know to which they belong by it.
func (p *pass) fsid(c *cephCluster) (string, error) {
	if have := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, c.Namespace, identityName); have != nil {
		return string(have.Data["fsid"]), nil
	}
	id := uuid.NewString()
	return id, p.Apply(p.ctx, cluster.Secrets, &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: identityName, Namespace: c.Namespace,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "ceph.rook.io/v1", Kind: "CephCluster", Name: c.Name, UID: uid(string(c.UID))}},
		},
		Type: "kubernetes.io/rook", Data: map[string][]byte{"fsid": []byte(id)},
	})
}

// label is what an OSD writes at the beginning of its disk: of which Ceph it is, and its number.
type label struct {
	fsid string
	id   int
}

func (l label) String() string { return fmt.Sprintf("osd.%d of Ceph %s", l.id, l.fsid) }

// label is that of a disk of Ceph.
func (d Disk) label() (l label, ok bool) {
	_, err := fmt.Sscanf(d.Content, "osd.%d of Ceph ", &l.id)
	_, l.fsid, ok = strings.Cut(d.Content, " of Ceph ")
	return l, ok && err == nil
}

// OSD is the number of the OSD that has written what is on a disk, and ok is false for what none has.
func OSD(content string) (id int, ok bool) {
	l, ok := Disk{Content: content}.label()
	return l.id, ok
}

// disksOf are the disks of a node; those of another Ceph are in use.
func (p *pass) disksOf(node, fsid string) []Disk {
	disks := p.hosts.Disks(node)
	for i, d := range disks {
		if l, ok := d.label(); ok && l.fsid != fsid && d.InUse == "" {
			disks[i].InUse = fmt.Sprintf("osd.%d belonging to a different ceph cluster %q", l.id, l.fsid)
		}
	}
	return disks
}

// stores looks at what the monitors keep on their nodes, and tells which of them cannot run, with the reason. A monitor without a
// store gets one: an empty one where there was no Ceph yet, else what the others have, if they are enough to have a quorum. One that
// finds a store of another Ceph does not start.
func (p *pass) stores(c *cephCluster, fsid string, mons []daemon, formed bool) (storeless map[string]string, err error) {
	storeless = map[string]string{}
	have, blank := 0, map[string]string{}
	for _, mon := range mons {
		dir, err := p.hosts.HostPath(mon.node, filepath.Join(c.Spec.DataDir, "mon-"+mon.id, "data"))
		if err != nil {
			// Its machine is down, or its volume: that is told of its pod.
			continue
		}
		kept, err := os.ReadFile(filepath.Join(dir, "fsid"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			blank[mon.called()] = dir
		case err != nil:
			return nil, err
		case string(kept) != fsid:
			storeless[mon.called()] = fmt.Sprintf("%s on node %s has a store of another ceph cluster, %s", mon.called(), mon.node, kept)
		default:
			have++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(blank)) {
		if formed && 2*have <= len(mons) {
			storeless[name] = name + " has lost its store, and too few others have theirs"
			continue
		}
		if err := os.MkdirAll(blank[name], 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(blank[name], "fsid"), []byte(fsid), 0o600); err != nil {
			return nil, err
		}
	}
	return storeless, nil
}

// sayings are the reasons in the order of the names.
func sayings(reasons map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		all = append(all, reasons[name])
	}
	return strings.Join(all, "; ")
}
