package roll_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/kubeapi"
)

// apiServer answers each request, "METHOD PATH", with a text, and remembers bodies.
func apiServer(t *testing.T, code int, answers map[string]string) (roll.KubeAPI, *[]string) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, strings.TrimSpace(r.Header.Get("Content-Type")+" "+string(body)))
		text, ok := answers[r.Method+" "+r.URL.RequestURI()]
		if !ok {
			http.Error(w, `{"kind":"Status","message":"not found: `+r.URL.RequestURI()+`"}`, http.StatusNotFound)
			return
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return roll.KubeAPI{API: kubeapi.API{Server: server.URL, Client: server.Client()}}, &seen
}

func TestKubeAPI_MovesOnlyPodsThatComeBackElsewhere(t *testing.T) {
	const owner = `"ownerReferences":[{"controller":true,"kind":"`
	api, _ := apiServer(t, 200, map[string]string{"GET /api/v1/pods?fieldSelector=spec.nodeName%3Dworker-1": `{"items":[
		{"metadata":{"namespace":"media","name":"plex",` + owner + `StatefulSet"}]}},
		{"metadata":{"namespace":"kube-system","name":"cilium",` + owner + `DaemonSet"}]}},
		{"metadata":{"namespace":"kube-system","name":"apiserver",` + owner + `Node"}]}},
		{"metadata":{"namespace":"default","name":"debug"}},
		{"metadata":{"namespace":"jobs","name":"done",` + owner + `Job"}]},"status":{"phase":"Succeeded"}}]}`})
	pods, err := api.Pods(t.Context(), "worker-1")
	if err != nil || !slices.Equal(pods, []roll.Pod{{Namespace: "media", Name: "plex"}}) {
		t.Errorf("pods %v, %v", pods, err)
	}
}

func TestKubeAPI_TellsABudgetFromOtherRefusals(t *testing.T) {
	answers := map[string]string{"POST /api/v1/namespaces/media/pods/plex/eviction": `{"kind":"Status","code":429,
		"message":"Cannot evict pod as it would violate the pod's disruption budget.",
		"details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget plex needs 1 healthy pods and has 1 currently"}]}}`}
	api, _ := apiServer(t, http.StatusTooManyRequests, answers)
	err := api.Evict(t.Context(), roll.Pod{Namespace: "media", Name: "plex"})
	var budget roll.BudgetError
	if !errors.As(err, &budget) || !strings.Contains(budget.Reason, "The disruption budget plex needs 1 healthy pods") {
		t.Errorf("error %v", err)
	}
	api, _ = apiServer(t, http.StatusForbidden, answers)
	if err := api.Evict(t.Context(), roll.Pod{Namespace: "media", Name: "plex"}); err == nil || errors.As(err, &budget) {
		t.Errorf("forbidden: %v", err)
	}
	if err := api.Evict(t.Context(), roll.Pod{Namespace: "media", Name: "gone"}); err != nil {
		t.Errorf("a pod that is gone: %v", err)
	}
}

func TestKubeAPI_NotesThatItCordoned(t *testing.T) {
	api, seen := apiServer(t, 200, map[string]string{
		"PATCH /api/v1/nodes/worker-1": `{}`,
		"GET /api/v1/nodes/worker-1":   `{"metadata":{"annotations":{"home-ops/cordoned-for-roll":"true"}},"spec":{"unschedulable":true},"status":{"nodeInfo":{"kubeletVersion":"v1.34.1"},"conditions":[{"type":"Ready","status":"True"}]}}`,
	})
	if err := api.Cordon(t.Context(), "worker-1"); err != nil {
		t.Fatal(err)
	}
	if want := `application/merge-patch+json {"metadata":{"annotations":{"home-ops/cordoned-for-roll":"true"}},"spec":{"unschedulable":true}}`; (*seen)[0] != want {
		t.Errorf("sent %s", (*seen)[0])
	}
	state, err := api.Node(t.Context(), "worker-1")
	if err != nil || !state.Ready || !state.ByUs || state.Kubelet != "v1.34.1" {
		t.Errorf("%+v, %v", state, err)
	}
}

func TestKubeAPI_NamesTheChecksThatFail(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, strings.Repeat("[+]ping ok\n", 60)+"[-]etcd failed: reason withheld\n[-]shutdown failed: reason withheld\nreadyz check failed\n")
	}))
	t.Cleanup(server.Close)
	_, err := roll.KubeAPI{API: kubeapi.API{Server: server.URL, Client: server.Client()}}.Node(t.Context(), "cp-1")
	if want := "it is not ready yet: etcd, shutdown"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestKubeAPI_TellsWhenCephLookedAtItself(t *testing.T) {
	for want, answers := range map[string]map[string]string{
		"": nil,
		"2026-01-02T03:04:05Z 2026-01-02T03:04:07Z": {"GET /apis/ceph.rook.io/v1/cephclusters": `{"items":[
			{"status":{"ceph":{"lastChecked":"2026-01-02T03:04:05Z"}}},{"status":{"ceph":{"lastChecked":"2026-01-02T03:04:07Z"}}}]}`},
	} {
		api, _ := apiServer(t, 200, answers)
		if got, err := api.StorageChecked(t.Context()); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

func TestKubeAPI_JudgesStorage(t *testing.T) {
	ceph := func(health, details string) map[string]string {
		return map[string]string{"GET /apis/ceph.rook.io/v1/cephclusters": `{"items":[{"metadata":{"namespace":"rook-ceph","name":"rook-ceph"},
			"status":{"ceph":{"health":"` + health + `","details":{` + details + `}}}}]}`}
	}
	volume := func(robustness string) map[string]string {
		return map[string]string{"GET /apis/longhorn.io/v1beta2/volumes": `{"items":[{"metadata":{"name":"pvc-1"},"status":{"robustness":"` + robustness + `"}}]}`}
	}
	longhorn := func(robustness, reason string) map[string]string {
		answers := volume(robustness)
		answers["GET /apis/longhorn.io/v1beta2/nodes"] = `{"items":[{"metadata":{"name":"lab-3"},"status":{"diskStatus":{
			"disk-1":{"diskUUID":"u","conditions":[{"type":"Ready","status":"False","reason":"` + reason + `"}]},
			"disk-2":{"diskUUID":"v","conditions":[{"type":"Ready","status":"True"}]}}}}]}`
		return answers
	}
	for name, test := range map[string]struct {
		answers map[string]string
		want    string
	}{
		"neither is there":              {nil, ""},
		"Ceph is well":                  {ceph("HEALTH_OK", ""), ""},
		"a warning that costs no copy":  {ceph("HEALTH_WARN", `"RECENT_CRASH":{"message":"1 daemon crashed"}`), ""},
		"copies are missing":            {ceph("HEALTH_WARN", `"PG_DEGRADED":{"message":"12 pgs degraded"},"RECENT_CRASH":{"message":"1"}`), "storage: Ceph rook-ceph/rook-ceph is HEALTH_WARN; PG_DEGRADED: 12 pgs degraded"},
		"a warning without a reason":    {ceph("HEALTH_WARN", ""), "storage: Ceph rook-ceph/rook-ceph is HEALTH_WARN; "},
		"an error":                      {ceph("HEALTH_ERR", `"RECENT_CRASH":{"message":"1"}`), "storage: Ceph rook-ceph/rook-ceph is HEALTH_ERR; "},
		"Ceph says nothing yet":         {ceph("", ""), "storage: Ceph rook-ceph/rook-ceph is not known yet; "},
		"a volume is whole":             {volume("healthy"), ""},
		"a volume is detached":          {volume("unknown"), ""},
		"a volume lacks a replica":      {volume("degraded"), "Longhorn volumes lack replicas: pvc-1 is degraded"},
		"its disk comes back by itself": {longhorn("degraded", "NoDiskInfo"), "Longhorn volumes lack replicas: pvc-1 is degraded"},
		"its disk was exchanged": {longhorn("degraded", "DiskFilesystemChanged"), "Longhorn volumes lack replicas: pvc-1 is degraded; it stays so until you do " +
			"what docs/runbooks/replace-disk.md says of a disk of Longhorn: disk-1 of lab-3 is another one"},
		"a disk that no volume needs was exchanged": {longhorn("healthy", "DiskFilesystemChanged"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			api, _ := apiServer(t, 200, test.answers)
			got := ""
			if err := api.Storage(t.Context()); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestKubeAPI_TellsBySecretsAndLeaseWhatHasStartedAnew(t *testing.T) {
	pod := func(name, ready, more string) string {
		return `{"metadata":{"labels":{"k8s-app":"` + name + `"},"annotations":{"talos.dev/secrets-version":"7"}` + more + `},
			"spec":{"containers":[{"image":"registry.k8s.io/` + name + `:v1.34.1"}]},"status":{"conditions":[{"type":"Ready","status":"` + ready + `"}]}}`
	}
	api, _ := apiServer(t, 200, map[string]string{
		"GET /api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3Dcp-1&labelSelector=tier%3Dcontrol-plane": `{"items":[` +
			pod("kube-apiserver", "True", "") + `,` + pod("kube-scheduler", "False", "") + `,` +
			pod("kube-controller-manager", "True", `,"deletionTimestamp":"2026-01-02T03:04:05Z"`) + `]}`,
		"GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/cp-1": `{"spec":{"renewTime":"2026-01-02T03:04:05.000000Z"}}`,
		"GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/cp-2": `{}`,
		"GET /api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt":          `{"data":{"ca.crt":"certificate"}}`,
	})
	if got, err := api.SecretsOf(t.Context(), "cp-1"); err != nil || len(got) != 1 || got["kube-apiserver"] != "7" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := api.ControlPlane(t.Context(), "cp-1"); err != nil || len(got) != 1 || got["kube-apiserver"] != "v1.34.1" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := api.Heartbeat(t.Context(), "cp-1"); err != nil || got.UTC().Format(time.RFC3339) != "2026-01-02T03:04:05Z" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := api.PodsTrust(t.Context()); err != nil || got != "certificate" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := api.Heartbeat(t.Context(), "cp-2"); err == nil || err.Error() != "lease of node cp-2: it was never renewed" {
		t.Error(err)
	}
}
