package rook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// clusterStatus is the status of a CephCluster.
type clusterStatus struct {
	State      string      `json:"state"`
	Phase      string      `json:"phase"`
	Message    string      `json:"message"`
	Conditions []condition `json:"conditions,omitempty"`
	Ceph       *health     `json:"ceph,omitempty"`
	Storage    *osds       `json:"storage,omitempty"`
	Version    *version    `json:"version,omitempty"`
	// ObservedGeneration is the one that was last made to run.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

type osds struct {
	OSD struct {
		StoreType map[string]int `json:"storeType"`
	} `json:"osd"`
}

type version struct {
	Image   string `json:"image"`
	Version string `json:"version"`
}

// ceph makes a CephCluster run, as far as its disks let it.
func (p *pass) ceph(c *cephCluster, object *unstructured.Unstructured) error {
	old, err := cluster.As[struct {
		Status clusterStatus `json:"status"`
	}](object)
	if err != nil {
		return err
	}
	s := old.Status
	before, revision, err := p.loadMap(c.Namespace)
	if err != nil {
		return err
	}
	m := before.clone()
	fsid, err := p.fsid(c)
	if err != nil {
		return err
	}
	disks, size, err := p.disks(c, fsid, &m)
	switch {
	case err == nil:
		err = p.daemons(c, fsid, &m, disks, size, &s)
	case s.ObservedGeneration > 0:
		// Ceph runs on, and is asked how it is.
		err = errors.Join(err, p.daemons(c, fsid, &m, disks, size, &s))
		fallthrough
	default:
		s.set(Progressing, "ClusterProgressing", oneLine(err))
	}
	return errors.Join(err, p.saveMap(c, before, m, revision), p.WriteStatus(p.ctx, Clusters, object, s))
}

// daemons runs the monitors, managers and disks, and tells how they are.
func (p *pass) daemons(c *cephCluster, fsid string, m *osdMap, disks []daemon, size uint64, s *clusterStatus) error {
	mons, tooFew := p.monitors(c)
	if tooFew != "" {
		s.set(Progressing, "ClusterProgressing", "failed to perform validation before cluster creation: "+tooFew)
		return nil
	}
	storeless, err := p.stores(c, fsid, mons, len(m.OSDs) > 0 && s.ObservedGeneration > 0)
	if err != nil {
		return err
	}
	var mgrs []daemon
	for i := range max(c.Spec.Mgr.Count, 1) {
		mgrs = append(mgrs, daemon{kind: "mgr", id: letter(i)})
	}
	down, behind, err := p.run(owner{"CephCluster", c.Name, string(c.UID), c}, slices.Concat(mons, mgrs, disks))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(storeless)) {
		if !slices.Contains(down, name) {
			down = append(down, name)
		}
	}
	if s.ObservedGeneration == 0 && len(storeless) > 0 {
		s.set(Progressing, "ClusterProgressing", "failed to start ceph monitors: "+sayings(storeless))
		return nil
	}
	if s.ObservedGeneration == 0 && len(down) > 0 {
		s.set(Progressing, "ClusterProgressing", "Configuring the Ceph cluster: waiting for "+strings.Join(down, ", "))
		return nil
	}
	for _, o := range m.OSDs {
		if slices.ContainsFunc(disks, func(d daemon) bool { return d.called() == o.called() }) {
			continue
		}
		// Nothing but its disk would make it run.
		down = append(down, o.called())
		if err := p.crash(c.Namespace, strconv.Itoa(o.ID)); err != nil {
			return err
		}
	}
	m.see(p.now, down)
	m.place(p.now, p.poolsOf(c.Namespace))
	m.Degraded = m.downAndIn(down) > 0 || len(behind) > 0 || m.Lacking || m.copying(p.now)
	why := unsettled(c, m, s.ObservedGeneration)
	if 2*len(storeless) >= len(mons) {
		// Nobody answers: Rook can look after nothing, and no volume can be read.
		why = "failed to get the monitors' quorum: " + sayings(storeless)
	}
	if why != "" {
		s.set(Progressing, "ClusterProgressing", why)
	} else {
		s.set(Ready, "ClusterCreated", "Cluster created successfully")
		s.ObservedGeneration = c.Generation
	}
	s.Version = &version{Image: c.Spec.CephVersion.Image, Version: versionOf(c.Spec.CephVersion.Image)}
	s.Storage = &osds{}
	s.Storage.OSD.StoreType = map[string]int{"bluestore": len(m.OSDs)}
	if !p.asked(s.Ceph) {
		s.Ceph = p.health(c.Namespace, mons, down, m)
	}
	s.Ceph.Capacity.Total, s.Ceph.Capacity.Available = size, size
	return nil
}

// unsettled is why a change of a cluster that runs is not done yet: a new disk has no OSD that runs, or Rook does not go on to the
// OSDs that there are because their data lack something.
func unsettled(c *cephCluster, m *osdMap, observed int64) string {
	if observed == 0 || observed == c.Generation {
		return ""
	}
	fresh := slices.DeleteFunc(slices.Clone(m.OSDs), func(o osd) bool { return o.Ran })
	switch {
	case len(fresh) > 0:
		return "Configuring the Ceph cluster: waiting for " + namesOf(fresh)
	case c.Spec.HealthyPGs && m.Degraded:
		return "Configuring the Ceph cluster: PGs are not healthy to update OSDs, will try updating it again later"
	}
	return ""
}

// set changes the phase, with its condition; the others become false.
func (s *clusterStatus) set(phase, reason, message string) {
	s.Phase, s.Message = phase, message
	s.State = map[string]string{Ready: "Created", Progressing: "Creating", Failure: "Error"}[phase]
	s.Conditions = setCondition(s.Conditions, phase, reason, message)
}

// setCondition makes the phase the one condition that holds.
func setCondition(conditions []condition, phase, reason, message string) []condition {
	now := metav1.Now()
	at := slices.IndexFunc(conditions, func(c condition) bool { return c.Type == phase })
	if at < 0 {
		conditions = append(conditions, condition{Type: phase})
		at = len(conditions) - 1
	}
	for i := range conditions {
		want := condition{Type: conditions[i].Type, Status: "False", Reason: conditions[i].Reason, Message: conditions[i].Message}
		if i == at {
			want.Status, want.Reason, want.Message = "True", reason, message
		}
		have := conditions[i]
		want.LastTransitionTime, want.LastHeartbeatTime = have.LastTransitionTime, have.LastHeartbeatTime
		if want != have {
			want.LastHeartbeatTime = now
			if want.Status != have.Status {
				want.LastTransitionTime = now
			}
		}
		conditions[i] = want
	}
	return conditions
}

// disks is a daemon for each disk that the CephCluster takes, and how many bytes they have together. A disk without an OSD gets one.
// An OSD whose disk is gone has none here: it is in the map. One that holds data of another cluster is not taken.
func (p *pass) disks(c *cephCluster, fsid string, m *osdMap) ([]daemon, uint64, error) {
	selections, hosts := map[string]selection{}, []string{}
	if c.Spec.Storage.UseAllNodes {
		for _, node := range cluster.Read[corev1.Node](p.Cluster, cluster.Nodes) {
			host := node.Typed.Labels[corev1.LabelHostname]
			hosts, selections[host] = append(hosts, host), c.Spec.Storage.selection
		}
	} else {
		for _, node := range c.Spec.Storage.Nodes {
			hosts, selections[node.Name] = append(hosts, node.Name), node.orElse(c.Spec.Storage.selection)
		}
	}
	if len(hosts) == 0 {
		return nil, 0, errors.New("storage names no nodes: there is no disk to keep data on")
	}
	var all []daemon
	var size uint64
	var errs []error
	for _, host := range hosts {
		if !p.registered(host) {
			errs = append(errs, fmt.Errorf("node %s: there is none of this name", host))
			continue
		}
		have := p.disksOf(host, fsid)
		chosen, err := selections[host].choose(host, append(slices.Clone(have), m.lostOn(host, have)...))
		errs = append(errs, err)
		for _, disk := range chosen {
			known := slices.ContainsFunc(m.OSDs, func(o osd) bool { return o.Host == host && o.on(disk) })
			switch {
			case disk.Dead && known:
			case disk.Dead:
				errs = append(errs, fmt.Errorf("node %s: %s: no OSD can be made on it: Input/output error", host, disk.Path))
			case !known && p.serving[host] == nil:
				// Nothing runs there that could make one.
				errs = append(errs, fmt.Errorf("node %s: %s: its OSD cannot be made while the node is away", host, disk.Path))
			case err == nil || known:
				id := m.take(host, disk)
				if !known {
					if err := p.hosts.Write(host, disk.Path, label{fsid, id}.String()); err != nil {
						return nil, 0, err
					}
				}
				all = append(all, daemon{kind: "osd", id: strconv.Itoa(id), node: host, disk: disk.Path})
				size += disk.Size
			}
		}
		// What is chosen no more runs on: Rook takes no OSD away.
		for _, disk := range have {
			i := slices.IndexFunc(m.OSDs, func(o osd) bool { return o.Host == host && o.on(disk) })
			if i < 0 || disk.Dead || slices.ContainsFunc(chosen, func(other Disk) bool { return other.Path == disk.Path }) {
				continue
			}
			all = append(all, daemon{kind: "osd", id: strconv.Itoa(m.OSDs[i].ID), node: host, disk: disk.Path})
			size += disk.Size
		}
	}
	return all, size, errors.Join(errs...)
}

// orElse is the selection of a node, or that of all nodes where it says nothing.
func (s selection) orElse(all selection) selection {
	if s.UseAllDevices == nil && s.DeviceFilter == "" && s.DevicePathFilter == "" && len(s.Devices) == 0 {
		return all
	}
	return s
}

func (p *pass) registered(host string) bool {
	return slices.ContainsFunc(p.List(cluster.Nodes), func(node *unstructured.Unstructured) bool {
		return node.GetLabels()[corev1.LabelHostname] == host
	})
}

// versionOf is 19.2.3-0 for quay.io/ceph/ceph:v19.2.3.
func versionOf(image string) string {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	tag, _, _ = strings.Cut(strings.TrimPrefix(tag, "v"), "-")
	return tag + "-0"
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func uid(s string) types.UID { return types.UID(s) }
