package rehearsal

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

// storedCluster is a fake API with two nodes, a CephCluster and a volume of Longhorn's.
type storedCluster struct {
	t        *testing.T
	client   *fake.FakeDynamicClient
	revision int
	*history
}

const (
	storedNode   = "{apiVersion: v1, kind: Node, metadata: {name: %s}, spec: {unschedulable: %t}}"
	storedCeph   = "{apiVersion: ceph.rook.io/v1, kind: CephCluster, metadata: {name: rook-ceph}, status: {ceph: {health: %s, details: {PG_DEGRADED: {}}}}}"
	storedVolume = "{apiVersion: longhorn.io/v1beta2, kind: Volume, metadata: {name: pvc-1}, status: {robustness: %s}}"
)

func newStored(t *testing.T) *storedCluster {
	t.Helper()
	s := &storedCluster{t: t}
	s.client = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		nodeKind: "NodeList", cephClusters: "CephClusterList", longhornVolumes: "VolumeList",
	}, s.object(storedNode, "a", false), s.object(storedNode, "b", false), s.object(storedCeph, "HEALTH_OK"), s.object(storedVolume, "healthy"))
	// The fake begins a watch with what comes after, and not where the list ended.
	began := make(chan struct{}, 3)
	s.client.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		w, err := s.client.Tracker().Watch(action.GetResource(), action.GetNamespace())
		began <- struct{}{}
		return true, w, err
	})
	h, stop, err := watchStorage(t.Context(), s.client, []schema.GroupVersionResource{cephClusters, longhornVolumes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for range 3 {
		<-began
	}
	s.history = h
	return s
}

// object is one with the next revision.
func (s *storedCluster) object(format string, args ...any) *unstructured.Unstructured {
	s.t.Helper()
	s.revision++
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(fmt.Appendf(nil, format, args...), &object.Object); err != nil {
		s.t.Fatal(err)
	}
	object.SetResourceVersion(fmt.Sprint(s.revision))
	return object
}

// becomes changes an object, and returns when that is in the history.
func (s *storedCluster) becomes(format string, args ...any) {
	s.t.Helper()
	object := s.object(format, args...)
	kind := map[string]schema.GroupVersionResource{"Node": nodeKind, "CephCluster": cephClusters, "Volume": longhornVolumes}[object.GetKind()]
	if err := s.client.Tracker().Update(kind, object, ""); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if s.knows(object) {
			return
		}
	}
	s.t.Fatalf("the watch has not seen %v", object.Object)
}

func (s *storedCluster) knows(object *unstructured.Unstructured) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	cordoned, isNode, _ := unstructured.NestedBool(object.Object, "spec", "unschedulable")
	if isNode {
		return s.cordoned[object.GetName()] == cordoned
	}
	return s.storage[len(s.storage)-1].revision == uint64(s.revision) //nolint:gosec // it counts from 1
}

func TestHistory_TellsARollThatWaitsFromOneThatDoesNot(t *testing.T) {
	for name, test := range map[string]struct {
		waits bool
		want  string
	}{
		"one that waits":     {true, ""},
		"one that does not ": {false, `CephCluster rook-ceph is "HEALTH_WARN" PG_DEGRADED, Volume pvc-1 is degraded`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStored(t)
			// The first machine's turn: it is drained, and what it keeps is missed from then on.
			s.becomes(storedNode, "a", true)
			s.becomes(storedCeph, "HEALTH_WARN")
			s.becomes(storedVolume, "degraded")
			s.becomes(storedNode, "a", false)
			whole := func() {
				s.becomes(storedVolume, "healthy")
				s.becomes(storedCeph, "HEALTH_OK")
			}
			if test.waits {
				whole()
			}
			s.becomes(storedNode, "b", true)
			if !test.waits {
				whole()
			}
			s.becomes(storedCeph, "HEALTH_WARN")
			if got := s.before("a", time.Now()); got != "" {
				t.Errorf("before a: %s", got)
			}
			if got := s.before("b", time.Now()); got != test.want {
				t.Errorf("before b: %s, want %s", got, test.want)
			}
			if s.kept() != 2 {
				t.Errorf("%d keep data, want 2", s.kept())
			}
		})
	}
}

func TestHistory_DoesNotVouchForAMachineThatWasNotCordoned(t *testing.T) {
	s := newStored(t)
	if got := s.before("a", time.Now()); got == "" {
		t.Error("nothing lacked")
	}
	// Cordoned too late is not cordoned either.
	moment := time.Now()
	s.becomes(storedNode, "a", true)
	if got := s.before("a", moment); got == "" {
		t.Error("nothing lacked")
	}
}

func TestHistory_CountsTheTimeInWhichStorageLackedCopiesAndEveryMachineWasThere(t *testing.T) {
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	h := newHistory()
	h.storage = []version{
		{1, at(0), "Volume v", ""},
		{2, at(10), "Volume v", "degraded"}, // its pod is moved away
		{3, at(30), "Volume w", "degraded"},
		{4, at(40), "Volume v", ""},
		{5, at(42), "Volume w", ""},
	}
	away := []span{{at(11), at(35)}, {at(50), at(60)}}
	if got := h.waited(away, at(70)); got != 8*time.Second { // 10 to 11, and 35 to 42
		t.Errorf("%s, want 8s", got)
	}
}

func TestOutage_SaysOfEachAbsenceWhatTheStorageLackedBefore(t *testing.T) {
	s := newStored(t)
	r := &rack{}
	o := watchMachines(r)
	s.becomes(storedNode, "a", true)
	o.note("a", node.Rebooting)
	o.note("a", node.Running)
	s.becomes(storedVolume, "degraded")
	s.becomes(storedNode, "b", true)
	o.note("b", node.Rebooting)
	var step report.Step
	step.NodesDownAtOnce, step.Down = o.stop()
	o.compare(&step, s.history, time.Now())
	if len(step.Down) != 2 || step.Down[0].StorageLacked != "" || step.Down[1].StorageLacked != "Volume pvc-1 is degraded" || step.StorageKept != 2 {
		t.Errorf("%+v", step)
	}
}
