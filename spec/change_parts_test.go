package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// edited is a valid fixture with some of its text replaced.
func edited(t *testing.T, fixture string, edits ...string) *spec.Stack {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "valid", fixture+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%q is not in the fixture", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	s, problems := spec.Load(fixture, []byte(text))
	if err := append(problems, s.Validate()...).Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJudgeChange_OfPoolsNumbersVolumesAndImages(t *testing.T) {
	const (
		pools   = "ceph-further-pools"
		numbers = "bgp-number-of-each-node"
		kept    = "how a pool keeps its data is decided when it is made; add another pool to storage.rookCeph.pools, and move the volumes there"
		anew    = "its BGP sessions end and are made anew, and the routers have to be told"
	)
	for name, test := range map[string]struct {
		fixture string
		edits   []string
		want    []string
	}{
		"nothing of pools": {pools, nil, nil},
		"other chunks": {pools, []string{"deviceClass: hdd, erasureCoding: { dataChunks: 2", "deviceClass: hdd, erasureCoding: { dataChunks: 3"}, []string{
			"error storage.rookCeph.pools[1].erasureCoding: 2 and 2 chunks cannot become 3 and 2 chunks: " + kept,
		}},
		"copies instead of chunks": {pools, []string{", erasureCoding: { dataChunks: 2, codingChunks: 2 } }\n        - { name: media", " }\n        - { name: media"}, []string{
			"error storage.rookCeph.pools[1].erasureCoding: 2 and 2 chunks cannot become whole copies: " + kept,
		}},
		"chunks of the object store": {pools, []string{"objectStore: { enabled: true, erasureCoding: { dataChunks: 2", "objectStore: { enabled: true, erasureCoding: { dataChunks: 3"}, []string{
			"error storage.rookCeph.objectStore.erasureCoding: 2 and 2 chunks cannot become 3 and 2 chunks: " + kept,
		}},
		"another kind of pool": {pools, []string{"name: fast,", "name: fast, kind: filesystem,"}, []string{
			"error storage.rookCeph.pools[0].kind: block cannot become filesystem: " + kept,
		}},
		"a pool before those of the file system": {pools, []string{"        - { name: media", "        - { name: first, kind: filesystem }\n        - { name: media"}, []string{
			"error storage.rookCeph.pools: the file system has its pools in the order media, and takes further ones at the end alone: write new ones behind them",
		}},
		"a pool that leaves": {pools, []string{"        - { name: fast, deviceClass: nvme }\n", ""}, []string{
			"warning storage.rookCeph.pools: pool fast and its class leave, and volumes in it are served no more: move their data first",
		}},
		"disks of another kind": {pools, []string{"deviceClass: nvme", "deviceClass: ssd"}, []string{
			"warning storage.rookCeph.pools[0].deviceClass: all of the pool's data move to disks of another kind",
		}},
		"another number of copies, told once": {pools, []string{"    rookCeph:\n", "    rookCeph:\n      replicas: 2\n"}, []string{
			"warning storage.rookCeph.replicas: 2 copies instead of 3: Ceph copies or removes data until each piece has so many",
		}},
		"one pool's copies": {pools, []string{"name: fast,", "name: fast, replicas: 2,"}, []string{
			"warning storage.rookCeph.pools[0].replicas: 2 copies instead of 3: Ceph copies or removes data until each piece has so many",
		}},
		"disks that only a pattern chose": {"ceph-disks-by-pattern", []string{"matching: [/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_*]", "disks: [{ serial: BBB111 }]"}, []string{
			"warning storage.rookCeph.nodes: the disks of k1 that match /dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_* leave: Rook does not take their OSDs away by itself. Empty them first (`ceph osd out`, then wait until `ceph osd safe-to-destroy` says yes), and purge them afterwards",
		}},
		"a node's number": {numbers, []string{"localASN: 64601", "localASN: 64609"}, []string{
			"warning cilium.bgp.overrides[0].localASN: k1 speaks as AS 64609 instead of 64601: " + anew,
		}},
		"a node's number given up": {numbers, []string{"        - { node: k1, localASN: 64601 }\n", ""}, []string{
			"warning cilium.bgp.overrides: k1 speaks as AS 64514 instead of 64601: " + anew,
		}},
		"a router's number": {numbers, []string{"asn: 64512", "asn: 64513"}, []string{
			"warning cilium.bgp.peers[0].asn: the sessions with gateway end and are made anew with another AS number",
		}},
		"another router": {numbers, []string{"address: 10.0.0.1, asn", "address: 10.0.0.2, asn"}, []string{
			"warning cilium.bgp.peers[0].address: 10.0.0.2 instead of 10.0.0.1: the sessions with gateway end, and are made with another machine",
		}},
		"a volume on another disk": {"volumes-of-every-type", []string{"MEDIA111", "MEDIA112"}, []string{
			"warning nodes[0].userVolumes[0]: volume media of k1 was made already, and stays as it was: move its data, and wipe it before it can be made anew",
		}},
		"a reinstall where folders lie on EPHEMERAL": {"volumes-of-every-type", []string{"{ name: k1,", "{ name: k1, reinstall: again,"}, []string{
			"warning nodes[0].reinstall: k1 is installed anew: its pods are moved, it leaves etcd, STATE and EPHEMERAL are wiped, with /var/mnt/cache, and it joins again; it is away for minutes. Its other volumes and disks keep what is on them",
		}},
		"a reinstall of the only control plane": {"single-node", []string{"interface: enp1s0", "interface: enp1s0\n      reinstall: again"}, []string{
			"error nodes[0].reinstall: one is the only control plane, and etcd would be lost with it; add another one first, or build the cluster again (docs/runbooks/reset.md)",
		}},
		"an image of another maker": {"image-of-ones-own", []string{"installer: registry.example.net:5000/talos/installer, ", ""}, []string{
			"warning nodes[0].installer: k1 gets an image of another maker: it is upgraded and reboots",
		}},
		"another image of one's own": {"image-of-ones-own", []string{"talos/installer", "talos/other"}, []string{
			"warning nodes[0].installer: registry.example.net:5000/talos/other instead of registry.example.net:5000/talos/installer reaches k1 with the next release of Talos",
		}},
		"another boot loader": {"bootloader-of-choice", []string{"bootloader: grub", "bootloader: sd-boot"}, []string{
			"warning nodes[0].bootloader: k1 gets another image, and reboots; its disk starts with what it was installed with until it is installed anew",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(spec.JudgeChange(edited(t, test.fixture), edited(t, test.fixture, test.edits...)))
			if !slices.Equal(got, append([]string{}, test.want...)) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
		})
	}
}

// A stack file that names no release follows the program's, and a newer program may be further ahead than the makers go in one
// step: what was applied is known by its record.
func TestJudgeChange_ADefaultThatIsAheadByTwoMinors(t *testing.T) {
	t.Parallel()
	applied := stackWith(t, "lab")
	applied.Versions.Longhorn, applied.Versions.Cilium = "1.9.2", "1.18.9"
	record, err := applied.Record()
	if err != nil {
		t.Fatal(err)
	}
	from, err := spec.FromRecord("lab", record)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(lines(spec.JudgeChange(from, stackWith(t, "lab")).Errors()), "\n")
	if want := "error versions.cilium: Cilium goes up by one minor at a time; upgrade from 1.18.9 to a v1.19 release first\n" +
		"error versions.longhorn: Longhorn goes up by one minor at a time; upgrade from 1.9.2 to a v1.10 release first"; got != want {
		t.Errorf("got %s", got)
	}
}
