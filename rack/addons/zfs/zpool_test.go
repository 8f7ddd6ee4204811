package zfs

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/internal/hosttest"
	"github.com/home-ops/home-ops/rack/addons/rook"
)

const byID = "/dev/disk/by-id/ata-Disk_"

// bay is a machine whose disks come and go.
type bay struct {
	*Hosts
	t     *testing.T
	disks []rook.Disk
}

// mirrored is a machine with the pool tank on the disks ONE and TWO, and with the blank disks NEW, SMALL and LARGE.
func mirrored(t *testing.T) *bay {
	t.Helper()
	b := &bay{t: t}
	size := map[string]uint64{"ONE": 2e12, "TWO": 2e12, "NEW": 2e12, "SMALL": 2e12 - 512, "LARGE": 4e12}
	for i, name := range []string{"ONE", "TWO", "NEW", "SMALL", "LARGE"} {
		b.disks = append(b.disks, rook.Disk{Path: "/dev/sd" + string(rune('a'+i)), Links: []string{byID + name}, Size: size[name]})
	}
	b.Hosts = NewHosts(hosttest.New(t.TempDir(), func(string) []rook.Disk { return slices.Clone(b.disks) }), nil)
	b.resilver = 300 * time.Millisecond
	b.must("create", "tank", "mirror", byID+"ONE", byID+"TWO")
	return b
}

func (b *bay) zpool(words ...string) (string, error) {
	var out bytes.Buffer
	err := b.Zpool(b.t.Context(), "worker-1", words, &out)
	return out.String(), err
}

func (b *bay) must(words ...string) string {
	b.t.Helper()
	out, err := b.zpool(words...)
	if err != nil {
		b.t.Fatalf("zpool %s: %v", strings.Join(words, " "), err)
	}
	return out
}

// shows wants the status of tank to have each line, given as its words.
func (b *bay) shows(lines ...string) {
	b.t.Helper()
	out := b.must("status", "tank")
	var is []string
	for line := range strings.Lines(out) {
		is = append(is, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range lines {
		if !slices.Contains(is, want) {
			b.t.Errorf("it has no %q:\n%s", want, out)
		}
	}
}

func (b *bay) without(name string) {
	b.disks = slices.DeleteFunc(b.disks, func(d rook.Disk) bool { return d.Links[0] == byID+name })
}

func (b *bay) dies(name string) {
	for i, d := range b.disks {
		if d.Links[0] == byID+name {
			b.disks[i].Dead = true
		}
	}
}

func (b *bay) file() string {
	b.t.Helper()
	text, err := b.File("worker-1", "/proc/spl/kstat/zfs/tank/state")
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func TestZpool_ADeadHalfOfAMirrorIsReplaced(t *testing.T) {
	b := mirrored(t)
	b.shows("state: ONLINE", "mirror-0 ONLINE", "ata-Disk_ONE ONLINE", "ata-Disk_TWO ONLINE")
	if got := b.file(); got != "ONLINE\n" {
		t.Errorf("the kernel says %q", got)
	}

	b.dies("TWO")
	b.shows("state: DEGRADED", "mirror-0 DEGRADED", "ata-Disk_ONE ONLINE", "ata-Disk_TWO FAULTED")
	if got := b.file(); got != "DEGRADED\n" {
		t.Errorf("the kernel says %q", got)
	}
	b.without("TWO")
	b.shows("ata-Disk_TWO REMOVED")

	b.must("replace", "tank", "ata-Disk_TWO", byID+"NEW")
	b.shows("state: DEGRADED", "replacing-1 DEGRADED", "ata-Disk_TWO REMOVED", "ata-Disk_NEW ONLINE (resilvering)")
	if _, err := b.zpool("replace", "tank", "ata-Disk_TWO", byID+"LARGE"); err == nil || !strings.HasSuffix(err.Error(), "cannot replace a replacing device") {
		t.Errorf("again: %v", err)
	}
	b.must("wait", "-t", "replace", "tank")
	b.shows("state: ONLINE", "ata-Disk_ONE ONLINE", "ata-Disk_NEW ONLINE")
	if out := b.must("status"); strings.Contains(out, "TWO") || strings.Contains(out, "replacing") || strings.Contains(out, "resilver") {
		t.Errorf("the dead disk is still there:\n%s", out)
	}
	if got := b.file(); got != "ONLINE\n" {
		t.Errorf("the kernel says %q", got)
	}

	// The other half can die now, and the pool is known by the new one alone.
	b.without("ONE")
	b.shows("state: DEGRADED", "ata-Disk_ONE REMOVED", "ata-Disk_NEW ONLINE")
}

func TestZpool_ReplacesADiskThatIsWell(t *testing.T) {
	b := mirrored(t)
	b.must("replace", "tank", "ata-Disk_ONE", byID+"NEW")
	b.shows("state: ONLINE", "replacing-0 ONLINE", "ata-Disk_ONE ONLINE")
	b.must("wait", "-t", "replace", "tank")
	if name, ok := PoolOn(b.Hosts.Hosts.Disks("worker-1")[0].Content); ok {
		t.Errorf("the former disk is still of %s", name)
	}
	if _, err := b.zpool("create", "other", byID+"ONE"); err == nil || !strings.Contains(err.Error(), "is in use: partitions of a former ZFS pool") {
		t.Errorf("it is taken for blank: %v", err)
	}
}

func TestZpool_RefusesADiskThatCannotTakeThePlace(t *testing.T) {
	for name, test := range map[string]struct {
		words, want string
	}{
		"of the pool itself":         {"tank ata-Disk_TWO " + byID + "ONE", "ata-Disk_ONE is in use: ZFS pool tank"},
		"the dead one itself":        {"tank ata-Disk_TWO", "cannot open '" + byID + "TWO': Input/output error"},
		"which is not there":         {"tank ata-Disk_TWO " + byID + "NOWHERE", "cannot open '" + byID + "NOWHERE': no such device"},
		"too small":                  {"tank ata-Disk_TWO " + byID + "SMALL", "device is too small"},
		"for one of no pool":         {"tank ata-Disk_LARGE " + byID + "NEW", "cannot replace ata-Disk_LARGE with " + byID + "NEW: no such device in pool"},
		"in a pool that is nowhere":  {"bath ata-Disk_TWO " + byID + "NEW", "cannot open 'bath': no such pool"},
		"with words that none knows": {"-f tank ata-Disk_TWO", "the rack's zpool does not know: zpool replace -f tank ata-Disk_TWO"},
	} {
		t.Run(name, func(t *testing.T) {
			b := mirrored(t)
			b.dies("TWO")
			if _, err := b.zpool(append([]string{"replace"}, strings.Fields(test.words)...)...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			b.shows("state: DEGRADED", "ata-Disk_ONE ONLINE", "ata-Disk_TWO FAULTED")
		})
	}
}

func TestZpool_IsLostWithItsLastCopy(t *testing.T) {
	for name, lose := range map[string]func(*bay){
		"both die": func(b *bay) { b.dies("ONE"); b.without("TWO") },
		"the other one dies before the new one has all": func(b *bay) {
			b.dies("TWO")
			b.must("replace", "tank", "ata-Disk_TWO", byID+"NEW")
			b.dies("ONE")
			time.Sleep(2 * b.resilver)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := mirrored(t)
			lose(b)
			if out, err := b.zpool("status", "tank"); err == nil || err.Error() != "cannot open 'tank': no such pool" {
				t.Errorf("%v\n%s", err, out)
			}
			if _, err := b.File("worker-1", "/proc/spl/kstat/zfs/tank/state"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the kernel knows it: %v", err)
			}
		})
	}
}

func TestZpool_UsesALargerDiskWhenItIsTold(t *testing.T) {
	b := mirrored(t)
	b.disks = append(b.disks, rook.Disk{Path: "/dev/sdf", Links: []string{byID + "HUGE"}, Size: 5e12})
	for old, disk := range map[string]string{"ONE": "LARGE", "TWO": "HUGE"} {
		b.must("replace", "tank", "ata-Disk_"+old, byID+disk)
		b.must("wait", "-t", "replace", "tank")
	}
	if got := b.Pools("worker-1")[0].Size; got != 2e12 {
		t.Errorf("it has grown by itself to %d", got)
	}
	b.must("online", "-e", "tank", "ata-Disk_LARGE")
	b.must("online", "-e", "tank", "ata-Disk_HUGE")
	if got := b.Pools("worker-1")[0].Size; got != 4e12 {
		t.Errorf("it has %d", got)
	}
	if _, err := b.zpool("online", "-e", "tank", "ata-Disk_ONE"); err == nil || !strings.Contains(err.Error(), "no such device in pool") {
		t.Errorf("got %v", err)
	}
}

// A disk of another pool of the name, such as one from another house, is no part of this one.
func TestZpool_ADiskOfAnotherPoolOfTheNameIsNone(t *testing.T) {
	b, other := mirrored(t), mirrored(t)
	// It has written more often, and is not the newer one for that.
	other.must("online", "-e", "tank", "ata-Disk_TWO")
	content := other.Hosts.Hosts.Disks("worker-1")[1].Content
	if err := b.Write("worker-1", "/dev/sdb", content); err != nil {
		t.Fatal(err)
	}
	b.shows("state: DEGRADED", "ata-Disk_ONE ONLINE", "ata-Disk_TWO REMOVED")
}

// A disk that was away and was replaced meanwhile comes back with a label that knows nothing of it.
func TestZpool_AReplacedDiskThatComesBackIsNoPartOfThePool(t *testing.T) {
	b := mirrored(t)
	two := b.disks[1]
	b.without("TWO")
	b.must("replace", "tank", "ata-Disk_TWO", byID+"NEW")
	b.must("wait", "-t", "replace", "tank")
	b.disks = append(b.disks, two)
	b.shows("state: ONLINE", "ata-Disk_ONE ONLINE", "ata-Disk_NEW ONLINE")
	if _, err := b.zpool("replace", "tank", "ata-Disk_ONE", byID+"TWO"); err == nil || !strings.Contains(err.Error(), "is in use: ZFS pool tank") {
		t.Errorf("it is taken for blank: %v", err)
	}
}

func TestDebug_WantsWhatZpoolNeeds(t *testing.T) {
	yes := true
	pod := func() *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "debugger"},
			Spec: corev1.PodSpec{
				NodeName: "worker-1",
				Containers: []corev1.Container{{
					Args:            []string{"chroot", "/host", "/usr/local/sbin/zpool", "list", "-H", "-o", "name"},
					SecurityContext: &corev1.SecurityContext{Privileged: &yes}, VolumeMounts: []corev1.VolumeMount{{Name: "root", MountPath: "/host"}},
				}},
				Volumes: []corev1.Volume{{Name: "root", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}},
			},
		}
	}
	b := mirrored(t)
	var out bytes.Buffer
	if err := b.Debug(t.Context(), pod(), &out); err != nil || out.String() != "tank\n" {
		t.Errorf("%v %q", err, out.String())
	}
	for want, spoil := range map[string]func(*corev1.Container){
		"it is not privileged":                     func(c *corev1.Container) { c.SecurityContext = nil },
		"the node's root is not mounted at /host":  func(c *corev1.Container) { c.VolumeMounts = nil },
		"the rack runs zpool by chroot":            func(c *corev1.Container) { c.Args = c.Args[2:] },
		`can't execute ["/host" "zpool" "status"]`: func(c *corev1.Container) { c.Args = []string{"chroot", "/host", "zpool", "status"} },
	} {
		p := pod()
		spoil(&p.Spec.Containers[0])
		if err := b.Debug(t.Context(), p, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
