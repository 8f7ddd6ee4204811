package spec_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// stackWith is a stack of the project with some of its text replaced.
func stackWith(t *testing.T, name string, edits ...string) *spec.Stack {
	t.Helper()
	raw, err := os.ReadFile("spectest/testdata/Pulumi." + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%q is not in the stack file", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	s, problems := spec.Load(name, []byte(text))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJudgeChange_RefusesWhatARunningClusterCannotDoAndAnnouncesTheRest(t *testing.T) {
	const (
		rejoin    = "take the node out of the stack and apply that, reset the machine, then add it again"
		anew      = "write another word into its reinstall in the same step, which has it installed anew (docs/runbooks/change-a-node.md)"
		wiped     = "STATE and EPHEMERAL are wiped, and it joins again; it is away for minutes. Its other volumes and disks keep what is on them"
		disk3     = "installDisk: { serial: S6PENL0T700123A }"
		worker3   = "    - name: worker-3\n      role: worker\n      address: 10.0.50.23\n      mac: 58:47:ca:70:1a:23\n      installDisk: { serial: S6PENL0T700123A }\n"
		lab3      = "    - name: lab-3\n      role: controlPlane\n      address: 10.20.0.13\n      secondaryAddresses: [fd00:20::13]\n      mac: 84:47:09:3b:20:13\n      installDisk: { model: \"KINGSTON SA400*\", type: ssd }\n"
		cephDisk3 = "        - { name: worker-3, disks: [{ serial: S73WNJ0W300523D }] }\n"
	)
	for name, test := range map[string]struct {
		stack string
		edits []string
		want  []string
	}{
		"nothing": {"home", nil, nil},
		"another pod network": {"home", []string{"10.42.0.0/16", "10.52.0.0/16"}, []string{
			"error network.podCIDRs: [10.42.0.0/16] cannot become [10.52.0.0/16]: the pod network of a running cluster stays as it was made; build a second cluster with it, and restore the backups there",
		}},
		"another service network": {"home", []string{"10.43.0.0/16", "10.53.0.0/16"}, []string{
			"error network.serviceCIDRs: [10.43.0.0/16] cannot become [10.53.0.0/16]: the service network of a running cluster stays as it was made; build a second cluster with it, and restore the backups there",
		}},
		"another DNS domain": {"home", []string{"domain: example.com", "domain: example.com\n    dnsDomain: cluster.home"}, []string{
			"error cluster.dnsDomain: cluster.local cannot become cluster.home in a running cluster, whose pods and certificates have the former; build a second cluster with it, and restore the backups there",
		}},
		"another name": {"home", []string{"name: home", "name: house"}, []string{
			"error cluster.name: the running cluster is \"home\", and everything in it would be replaced under the name \"house\"; keep the name (the stack itself can be renamed: `pulumi stack rename`, with cluster.name: home written down)",
		}},
		"another VIP": {"home", []string{"vip: 10.0.50.50", "vip: 10.0.50.51"}, []string{
			"error cluster.serviceAccountIssuer: the tokens that pods hold name https://10.0.50.50:6443 as their issuer, and would be refused; keep it: write serviceAccountIssuer: https://10.0.50.50:6443",
			"warning network.vip: moves from 10.0.50.50 to 10.0.50.51 while the control planes change one after the other, and the API answers at one of the two; what still asks 10.0.50.50 then finds nobody: fetch kubeconfigs again, and change names that lead there",
		}},
		"another VIP, with the issuer kept": {"home", []string{"vip: 10.0.50.50", "vip: 10.0.50.51", "name: home", "name: home\n    serviceAccountIssuer: https://10.0.50.50:6443"}, []string{
			"warning network.vip: moves from 10.0.50.50 to 10.0.50.51 while the control planes change one after the other, and the API answers at one of the two; what still asks 10.0.50.50 then finds nobody: fetch kubeconfigs again, and change names that lead there",
		}},
		"an endpoint instead of the VIP": {"home", []string{"name: home", "name: home\n    endpoint: https://api.example.com:6443\n    serviceAccountIssuer: https://10.0.50.50:6443"}, []string{
			"error cluster.endpoint: the API is found at https://10.0.50.50:6443 by every machine and in every kubeconfig; keep it, and give it further names or addresses in cluster.certSANs",
		}},
		"another issuer": {"home", []string{"name: home", "name: home\n    serviceAccountIssuer: https://issuer.example.com"}, []string{
			"error cluster.serviceAccountIssuer: the tokens that pods hold name https://10.0.50.50:6443 as their issuer, and would be refused; keep it: write serviceAccountIssuer: https://10.0.50.50:6443",
		}},
		"the contract set back": {"home", []string{"talosContract: v1.11", "talosContract: v1.10"}, []string{
			"error cluster.talosContract: v1.11 cannot be set back to v1.10: machines run configs that an older contract does not describe; keep v1.11",
		}},
		"a minor of Talos": {"home", []string{"talosVersion: v1.11.1", "talosVersion: v1.12.0"}, []string{
			"warning cluster.talosVersion: v1.12.0 instead of v1.11.1 is installed on 5 machines, which reboot one after the other, control planes first; the API is away while a control plane reboots, because fewer than three have no quorum without one",
		}},
		"a minor of Talos skipped": {"home", []string{"talosVersion: v1.11.1", "talosVersion: v1.13.0"}, []string{
			"error cluster.talosVersion: Talos goes up by one minor at a time; upgrade from v1.11.1 to a v1.12 release first",
			"warning cluster.talosVersion: v1.13.0 instead of v1.11.1 is installed on 5 machines, which reboot one after the other, control planes first; the API is away while a control plane reboots, because fewer than three have no quorum without one",
		}},
		"Kubernetes set back": {"lab", []string{"kubernetesVersion: v1.36.4", "kubernetesVersion: v1.35.4"}, []string{
			"error cluster.kubernetesVersion: Kubernetes v1.36.4 cannot be set back to v1.35.4; stay at v1.36, or restore a backup into a new cluster",
			"warning cluster.kubernetesVersion: v1.35.4 instead of v1.36.4 rolls over 3 control planes, one after the other, and then over 3 kubelets",
		}},
		"Talos and Kubernetes at once": {"home", []string{"talosVersion: v1.11.1", "talosVersion: v1.12.0", "kubernetesVersion: v1.34.1", "kubernetesVersion: v1.35.0"}, []string{
			"error cluster.kubernetesVersion: Talos and Kubernetes go up one after the other, so that it is known which of them is to blame; apply cluster.talosVersion v1.12.0 first, with Kubernetes v1.34.1",
			"warning cluster.kubernetesVersion: v1.35.0 instead of v1.34.1 rolls over 2 control planes, one after the other, and then over 5 kubelets",
			"warning cluster.talosVersion: v1.12.0 instead of v1.11.1 is installed on 5 machines, which reboot one after the other, control planes first; the API is away while a control plane reboots, because fewer than three have no quorum without one",
		}},
		"Rook set back": {"home", []string{"rookCeph: v1.16.3", "rookCeph: v1.15.9"}, []string{
			"error versions.rookCeph: Rook v1.16.3 cannot be set back to v1.15.9; stay at v1.16, or restore a backup into a new cluster",
		}},
		"another place for what Ceph's monitors know": {"home", []string{
			"    rookCeph:\n", "    rookCeph:\n      monitorVolume: ceph\n", disk3, disk3 + "\n      userVolumes: [{ name: ceph, disk: { serial: MON3 }, minSize: 20GiB }]",
			"installDisk: { serial: S6PENL0T700122A }", "installDisk: { serial: S6PENL0T700122A }\n      userVolumes: [{ name: ceph, disk: { serial: MON2 }, minSize: 20GiB }]", "installDisk: { serial: S6PENL0T700121A }", "installDisk: { serial: S6PENL0T700121A }\n      userVolumes: [{ name: ceph, disk: { serial: MON1 }, minSize: 20GiB }]",
		}, []string{
			"error storage.rookCeph.monitorVolume: /var/lib/rook cannot become /var/mnt/ceph: the monitors would find nothing there, and Ceph's disks are worth nothing without what they know. It is chosen when Ceph is made",
		}},
		"an extension": {"lab", []string{"[siderolabs/amdgpu, siderolabs/amd-ucode]", "[siderolabs/amd-ucode]"}, []string{
			"warning nodeDefaults.extensions: lab-1 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
			"warning nodeDefaults.extensions: lab-2 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
			"warning nodeDefaults.extensions: lab-3 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
		}},
		"encryption of an installed disk": {"home", []string{"installDisk: { serial: S6PENL0T700123A }", "installDisk: { serial: S6PENL0T700123A }\n      encryption: { ephemeral: { keys: [{ type: nodeID }] } }"}, []string{
			"error nodes[4].encryption.ephemeral: the volume of worker-3 was made in the clear, and the next boot would wait for ever for it to be otherwise; " + anew,
		}},
		"another install disk": {"home", []string{"S6PENL0T700123A", "S6PENL0T700999A"}, []string{
			"error nodes[4].installDisk: worker-3 stays on the disk that Talos runs from until it is installed anew; " + anew,
		}},
		"another EPHEMERAL layout": {"home", []string{"installDisk: { serial: S6PENL0T700123A }", "installDisk: { serial: S6PENL0T700123A }\n      ephemeralVolume: { maxSize: 100GiB }"}, []string{
			"error nodes[4].ephemeralVolume: the EPHEMERAL volume of worker-3 was laid out when it was installed; " + anew,
		}},
		"a reinstall": {"home", []string{disk3, disk3 + "\n      reinstall: again"}, []string{
			"warning nodes[4].reinstall: worker-3 is installed anew: its pods are moved, " + wiped,
		}},
		"a reinstall of one of two control planes": {"home", []string{"installDisk: { serial: S64DNE0R500212K }", "installDisk: { serial: S64DNE0R500212K }\n      reinstall: again"}, []string{
			"warning nodes[1].reinstall: cp-2 is installed anew: its pods are moved, it leaves etcd, " + wiped,
		}},
		"a reinstall for the encryption of both volumes": {"home", []string{disk3, disk3 + "\n      encryption: { state: { keys: [{ type: nodeID }] }, ephemeral: { keys: [{ type: nodeID }] } }\n      reinstall: again"}, []string{
			"warning nodes[4].reinstall: worker-3 is installed anew: its pods are moved, " + wiped,
		}},
		"a reinstall for another disk": {"home", []string{disk3, "installDisk: { serial: S6PENL0T700999A }\n      reinstall: again"}, []string{
			"warning nodes[4].reinstall: worker-3 is installed anew: its pods are moved, " + wiped,
		}},
		"a reinstall for another layout": {"lab", []string{"mac: 84:47:09:3b:20:13", "mac: 84:47:09:3b:20:13\n      ephemeralVolume: { maxSize: 100GiB }\n      reinstall: again"}, []string{
			"warning nodes[2].reinstall: lab-3 is installed anew: its pods are moved, it leaves etcd, " + wiped,
		}},
		"a reinstall for another layout, with a Talos that keeps partitions": {"home", []string{disk3, disk3 + "\n      ephemeralVolume: { maxSize: 100GiB }\n      reinstall: again"}, []string{
			"error nodes[4].ephemeralVolume: a reset by Talos v1.11.1 wipes the EPHEMERAL volume of worker-3, and leaves its place and size; raise cluster.talosVersion to v1.12 first, in a step of its own",
			"warning nodes[4].reinstall: worker-3 is installed anew: its pods are moved, " + wiped,
		}},
		"a reinstall with another Kubernetes": {"home", []string{"kubernetesVersion: v1.34.1", "kubernetesVersion: v1.34.2", disk3, disk3 + "\n      reinstall: again"}, []string{
			"warning cluster.kubernetesVersion: v1.34.2 instead of v1.34.1 rolls over 2 control planes, one after the other, and then over 5 kubelets",
			"error nodes[4].reinstall: worker-3 is installed anew with the image and the Kubernetes that it has; apply the other ones in a step of their own",
		}},
		"a reinstall with another image": {"lab", []string{"mac: 84:47:09:3b:20:13", "mac: 84:47:09:3b:20:13\n      extensions: [siderolabs/amd-ucode]\n      reinstall: again"}, []string{
			"warning nodes[2].extensions: lab-3 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
			"error nodes[2].reinstall: lab-3 is installed anew with the image and the Kubernetes that it has; apply the other ones in a step of their own",
		}},
		"another address": {"home", []string{"address: 10.0.50.23", "address: 10.0.50.24"}, []string{
			"error nodes[4].address: worker-3 answers at 10.0.50.23, and would be looked for at 10.0.50.24, where nobody is yet; " + rejoin,
		}},
		"another role": {"home", []string{"name: worker-3\n      role: worker", "name: worker-3\n      role: controlPlane"}, []string{
			"error nodes[4].role: worker-3 is a worker, and a machine keeps its role; " + rejoin,
		}},
		"another name of a machine": {"home", []string{"- name: worker-3", "- name: worker-9"}, []string{
			"warning nodes: worker-3 leaves: its pods are moved, and its node object goes; the machine runs on, and would join again at its next boot: when this is applied, wipe it (`talosctl --nodes 10.0.50.23 reset --graceful=false`)",
			"error nodes[4].name: worker-9 is the machine that was worker-3: it would be configured as a new node and then removed as the old one; take worker-3 out of the stack and apply that, reset the machine, then add it again as worker-9",
		}},
		"a worker with a disk of Ceph leaves": {"home", []string{worker3, "", cephDisk3, ""}, []string{
			"warning nodes: worker-3 leaves: its pods are moved, and its node object goes; the machine runs on, and would join again at its next boot: when this is applied, wipe it (`talosctl --nodes 10.0.50.23 reset --graceful=false`)",
			"warning storage.rookCeph.nodes: a disk of worker-3 (S73WNJ0W300523D) leaves: Rook does not take its OSD away by itself. One that works is emptied first (`ceph osd out`, then wait until `ceph osd safe-to-destroy` says yes), and purged afterwards. One that is dead has nothing to empty: `ceph osd out`, another disk in its place, and purge it when HEALTH_OK is back (docs/runbooks/replace-disk.md)",
			"warning storage.rookCeph.replicas: 2 copies instead of 3: Ceph copies or removes data until each piece has so many",
		}},
		"a pool of ZFS of another make": {"home", []string{"disks: [{ serial: WD-CA2K4H7N }, { serial: WD-CA2K4H8P }]", "layout: stripe, sectorShift: 13, disks: [{ serial: WD-CA2K4H7N }, { serial: WD-CA2K4H8P }]"}, []string{
			"error storage.zfs.pools[0].layout: pool tank is a mirror, and cannot become a stripe: it is decided when a pool is made; name another pool on other disks, and move the volumes there",
			"error storage.zfs.pools[0].sectorShift: pool tank has sectors of 2^12 bytes, and cannot have others of 2^13: it is decided when a pool is made; name another pool on other disks, and move the volumes there",
		}},
		"another disk in a pool of ZFS": {"home", []string{"WD-CA2K4H8P", "WD-CA2K4H9Q"}, []string{
			"warning storage.zfs.pools[0].disks: nobody tells the pool tank, which is there: `zpool replace` and `zpool add` are done by hand (docs/runbooks/replace-disk.md), and this is what a rebuilt cluster makes",
		}},
		"a pool of ZFS leaves": {"home", []string{"{ name: tank, node: worker-1", "{ name: tank, node: worker-2"}, []string{
			"warning nodeDefaults.extensions: worker-1 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
			"warning nodeDefaults.extensions: worker-2 gets another image, for its extensions or kernel arguments: it is upgraded and reboots",
			"warning storage.zfs.pools: pool tank of worker-1 leaves: the volumes in it are served no more, and their data stay on its disks; move them first",
		}},
		"a control plane leaves": {"lab", []string{lab3, ""}, []string{
			"warning nodes: lab-3 leaves: its pods are moved, it leaves etcd, and its node object goes; the machine runs on, and would join again at its next boot: when this is applied, wipe it (`talosctl --nodes 10.20.0.13 reset --graceful=false`)",
		}},
		"a shorter pool": {"home", []string{"10.0.50.100-10.0.50.199", "10.0.50.100-10.0.50.150"}, []string{
			"warning cilium.pools[0].blocks: services lose the addresses that are no longer in the pool, and get others",
		}},
		"another ASN": {"lab", []string{"localASN: 4200000021", "localASN: 4200000022"}, []string{
			"warning cilium.bgp.localASN: AS 4200000022 instead of 4200000021: every BGP session ends and is made anew, and the routers have to be told",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := stackWith(t, test.stack), stackWith(t, test.stack, test.edits...)
			got := lines(spec.JudgeChange(from, to))
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
			// What was recorded judges as the file itself does.
			record, err := from.Record()
			if err != nil {
				t.Fatal(err)
			}
			restored, err := spec.FromRecord(test.stack, record)
			if err != nil {
				t.Fatal(err)
			}
			if again := lines(spec.JudgeChange(restored, to)); !slices.Equal(again, got) {
				t.Errorf("from a record\n  %s", strings.Join(again, "\n  "))
			}
		})
	}
}

// A word counts once, and none is no reinstall.
func TestJudgeChange_OfAReinstallThatWasDone(t *testing.T) {
	const disk3 = "installDisk: { serial: S6PENL0T700123A }"
	done := stackWith(t, "home", disk3, disk3+"\n      reinstall: again")
	for _, to := range []*spec.Stack{done, stackWith(t, "home")} {
		if got := lines(spec.JudgeChange(done, to)); len(got) > 0 {
			t.Errorf("got %s", strings.Join(got, "\n"))
		}
	}
	encrypted := stackWith(t, "home", disk3, disk3+"\n      reinstall: again\n      encryption: { state: { keys: [{ type: nodeID }] } }")
	if got := strings.Join(lines(spec.JudgeChange(done, encrypted)), "\n"); !strings.HasPrefix(got, "error nodes[4].encryption.state: ") {
		t.Errorf("got %s", got)
	}
}

func TestJudgeChange_KeepsEtcdsQuorum(t *testing.T) {
	lab := func(drop ...string) *spec.Stack {
		s := stackWith(t, "lab")
		s.Nodes = slices.DeleteFunc(s.Nodes, func(n spec.Node) bool { return slices.Contains(drop, n.Name) })
		return s
	}
	for _, test := range []struct {
		drop []string
		want string
	}{
		{[]string{"lab-3"}, ""},
		{[]string{"lab-2", "lab-3"}, "error nodes: lab-2, lab-3 leave at once: etcd has 3 members, and would lose its quorum; take one out at a time"},
		{[]string{"lab-1", "lab-2", "lab-3"}, "error nodes: lab-1, lab-2, lab-3 leave, and with them all of etcd's data; keep one until another has joined"},
	} {
		got := strings.Join(lines(spec.JudgeChange(lab(), lab(test.drop...)).Errors()), "\n")
		if got != test.want {
			t.Errorf("without %v: got %q, want %q", test.drop, got, test.want)
		}
	}
}

func TestRecord_HoldsNeitherPatchesNorWhatIsNotJudged(t *testing.T) {
	s := stackWith(t, "lab", "installDisk: { model: \"KINGSTON SA400*\", type: ssd }", "installDisk: { model: \"KINGSTON SA400*\", type: ssd }\n      patches: [{ machine: { env: { TOKEN: very-secret } } }]")
	record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	for _, unwanted := range []string{"very-secret", `"flux":{`, `"secrets":`, `"edge":`} {
		if strings.Contains(record, unwanted) {
			t.Errorf("%q is in %s", unwanted, record)
		}
	}
}

func TestFromRecord_RefusesWhatIsNone(t *testing.T) {
	for record, want := range map[string]string{
		"":   "record of stack home: unexpected end of JSON input",
		"{}": "record of stack home: it has no nodes",
	} {
		if _, err := spec.FromRecord("home", record); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", record, err, want)
		}
	}
}
