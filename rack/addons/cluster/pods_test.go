package cluster

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	ktesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
)

// An operator of a cluster that is gone went on with what it had seen last, and made OSDs on disks that had just been wiped.
func TestOperator_ActsOnlyWhileTheAPIKnowsItsPod(t *testing.T) {
	pod := func(uid string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": "rook-ceph", "name": "operator", "uid": uid},
		}}
	}
	seen := Pod{Namespace: "rook-ceph", Name: "operator", uid: "first"}
	for name, c := range map[string]struct {
		there   []runtime.Object
		away    bool
		renewed time.Duration // ago
		want    bool
	}{
		"its pod is there":                   {[]runtime.Object{pod("first")}, false, 2 * renewEvery, true},
		"no API server answers":              {[]runtime.Object{pod("first")}, true, 2 * renewEvery, false},
		"it was there just now":              {nil, true, 0, true},
		"the cluster was made anew":          {nil, false, 2 * renewEvery, false},
		"another pod has the name meanwhile": {[]runtime.Object{pod("second")}, false, 2 * renewEvery, false},
	} {
		client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[Kind]string{Pods: "PodList"}, c.there...)
		if c.away {
			client.PrependReactor("get", "pods", func(ktesting.Action) (bool, runtime.Object, error) {
				return true, nil, errors.New("connection refused")
			})
		}
		passes := 0
		p := &player{
			controller: Controller{Operators: []string{"operator"}, Pass: func(context.Context, *Cluster, []Pod) error { passes++; return nil }},
			cluster:    &Cluster{store: &store{client: client, renewed: map[types.UID]time.Time{seen.uid: time.Now().Add(-c.renewed)}}},
		}
		settled := p.passAs(t.Context(), []Pod{seen})
		if settled != c.want || passes > 0 != c.want {
			t.Errorf("%s: %d passes, and nothing left to do: %t", name, passes, settled)
		}
	}
}

// Behind a power cut of all machines a Service had no address for a minute: the watch of before had failed so often that it waited as long.
func TestStore_LooksAnewWhenTheAPIWasAway(t *testing.T) {
	refused := errors.New("connection refused")
	for name, c := range map[string]struct {
		away time.Duration // ago
		err  error
		want bool
	}{
		"for longer than a lease": {2 * renewal, nil, true},
		"and its pod is gone":     {2 * renewal, apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "operator"), true},
		"for a moment":            {renewal / 2, nil, false},
		"and is still":            {2 * renewal, refused, false},
		"never":                   {0, nil, false},
		"from now on":             {0, refused, false},
	} {
		client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[Kind]string{Services: "ServiceList"})
		s := &store{client: client, log: slog.New(slog.DiscardHandler), watches: map[Kind]*watch{}}
		s.watch(t.Context(), Services)
		before := s.informer(Services)
		now := time.Now()
		if c.away > 0 {
			s.away = now.Add(-c.away)
		}
		s.answered(t.Context(), now, c.err)
		if got := s.informer(Services) != before; got != c.want {
			t.Errorf("%s: looks anew: %t", name, got)
		}
		if still := errors.Is(c.err, refused); still != !s.away.IsZero() {
			t.Errorf("%s: is away since %s", name, s.away)
		}
		if !cache.WaitForCacheSync(t.Context().Done(), s.informer(Services).HasSynced) {
			t.Errorf("%s: knows nothing", name)
		}
	}
}

// A definition of before lacked a field that the rack wrote, and said so every second where nobody looked.
func TestLevelOf_IsLoudWhereNoTryDoesBetter(t *testing.T) {
	node := schema.GroupKind{Group: "zfs.openebs.io", Kind: "ZFSNode"}
	for name, c := range map[string]struct {
		err  error
		want slog.Level
	}{
		"a field is missing":    {errors.Join(errors.New("other"), apierrors.NewInvalid(node, "worker-1", nil)), slog.LevelWarn},
		"a field is not known":  {apierrors.NewInternalError(errors.New(".pools[0].used: field not declared in schema")), slog.LevelWarn},
		"somebody was faster":   {apierrors.NewConflict(schema.GroupResource{Resource: "zfsnodes"}, "worker-1", nil), slog.LevelDebug},
		"no API server answers": {errors.New("connection refused"), slog.LevelDebug},
	} {
		if got := levelOf(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
