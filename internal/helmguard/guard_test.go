package helmguard

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// lasts is how long a mark lasts in the tests.
const lasts = 150 * time.Millisecond

// apiServer holds Secrets and Leases of the namespace apps.
type apiServer struct {
	*httptest.Server

	mu      sync.Mutex
	secrets map[string]metav1.PartialObjectMetadata
	leases  map[string]coordinationv1.Lease
	version int
}

func startAPIServer(t *testing.T) *apiServer {
	s := &apiServer{secrets: map[string]metav1.PartialObjectMetadata{}, leases: map[string]coordinationv1.Lease{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// record puts a record of Helm's there.
func (s *apiServer) record(name string, revision int, status string, age time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := fmt.Sprintf("sh.helm.release.v1.%s.v%d", name, revision)
	s.secrets[secret] = metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Name: secret, UID: "uid-1", CreationTimestamp: metav1.NewTime(time.Now().Add(-age)),
		Labels: map[string]string{"owner": "helm", "name": name, "status": status, "version": fmt.Sprint(revision)},
	}}
}

func (s *apiServer) records() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.secrets {
		names = append(names, strings.TrimPrefix(name, "sh.helm.release.v1."))
	}
	slices.Sort(names)
	return names
}

func (s *apiServer) marks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.leases)
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, name, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/apis/coordination.k8s.io"), "/api"), "/apps/")
	kind = strings.TrimPrefix(kind, "/v1/namespaces")
	_, name, _ = strings.Cut(name, "/")
	if kind != "" {
		http.Error(w, `{"message":"no such namespace"}`, http.StatusNotFound)
		return
	}
	if strings.Contains(r.URL.Path, "/secrets") {
		s.serveSecrets(w, r, name)
		return
	}
	s.serveLeases(w, r, name)
}

func (s *apiServer) serveSecrets(w http.ResponseWriter, r *http.Request, name string) {
	if r.Method == http.MethodDelete {
		var options metav1.DeleteOptions
		if err := json.NewDecoder(r.Body).Decode(&options); err != nil || *options.Preconditions.UID != s.secrets[name].UID {
			http.Error(w, `{"message":"another uid"}`, http.StatusConflict)
			return
		}
		delete(s.secrets, name)
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadataList") {
		http.Error(w, `{"message":"asks for the content of Secrets"}`, http.StatusForbidden)
		return
	}
	var list metav1.PartialObjectMetadataList
	for _, secret := range s.secrets {
		if r.URL.Query().Get("labelSelector") == "owner=helm,name="+secret.Labels["name"] {
			list.Items = append(list.Items, secret)
		}
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (s *apiServer) serveLeases(w http.ResponseWriter, r *http.Request, name string) {
	switch r.Method {
	case http.MethodDelete:
		delete(s.leases, name)
	case http.MethodGet:
		lease, ok := s.leases[name]
		if !ok {
			http.Error(w, `{"message":"no such lease"}`, http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(lease)
	default:
		var lease coordinationv1.Lease
		_ = json.NewDecoder(r.Body).Decode(&lease)
		if had, ok := s.leases[lease.Name]; ok != (r.Method == http.MethodPut) || lease.ResourceVersion != had.ResourceVersion {
			http.Error(w, `{"message":"the object has been modified"}`, http.StatusConflict)
			return
		}
		s.version++
		lease.ResourceVersion = fmt.Sprint(s.version)
		s.leases[lease.Name] = lease
	}
}

// run is a guard of a run of its own, and what it tells.
func (s *apiServer) run() (*Guard, *[]string) {
	var told []string
	g := New(func(line string) { told = append(told, line) })
	g.lasts, g.renew = lasts, lasts/10
	g.Open(func() (kubeapi.API, error) { return kubeapi.API{Server: s.URL, Client: s.Client()}, nil })
	return g, &told
}

func TestBeforeUpdate_RemovesThePendingRecordOfARunThatHasDied(t *testing.T) {
	s := startAPIServer(t)
	first, _ := s.run()
	life, kill := context.WithCancel(t.Context())
	if err := first.BeforeUpdate(life, "apps", "echo"); err != nil {
		t.Fatal(err)
	}
	s.record("echo", 1, "superseded", time.Hour)
	s.record("echo", 2, "deployed", time.Hour)
	s.record("echo", 3, "pending-upgrade", 0)
	s.record("other", 1, "pending-install", 0)
	kill()
	first.held[release{"apps", "echo"}]()

	second, told := s.run()
	if err := second.BeforeUpdate(t.Context(), "apps", "echo"); err != nil {
		t.Fatal(err)
	}
	if got, want := s.records(), []string{"echo.v1", "echo.v2", "other.v1"}; !slices.Equal(got, want) {
		t.Errorf("records %v, want %v", got, want)
	}
	want := "release apps/echo: revision 3 was left pending-upgrade by a run that has died (" + first.holder + "); its record is removed"
	if len(*told) != 1 || (*told)[0] != want {
		t.Errorf("told %q, want %q", *told, want)
	}
	if err := second.After(t.Context(), "apps", "echo"); err != nil || s.marks() != 1 {
		t.Errorf("%d marks, %v; want the one that says whose the release is", s.marks(), err)
	}
}

func TestBeforeUpdate_LeavesThePendingRecordOfARunThatLives(t *testing.T) {
	s := startAPIServer(t)
	first, _ := s.run()
	if err := first.BeforeUpdate(t.Context(), "apps", "echo"); err != nil {
		t.Fatal(err)
	}
	s.record("echo", 1, "pending-install", 2*time.Hour)

	second, told := s.run()
	err := second.BeforeUpdate(t.Context(), "apps", "echo")
	want := "release apps/echo: it is pending-install, by a run that is still at work (" + first.holder + "); wait until that has ended"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := s.records(); len(got) != 1 || len(*told) != 0 {
		t.Errorf("records %v, told %q", got, *told)
	}
}

func TestBeforeUpdate_LeavesWhatAPersonsHelmMayBeDoing(t *testing.T) {
	s := startAPIServer(t)
	s.record("echo", 4, "pending-rollback", time.Minute)
	g, _ := s.run()
	err := g.BeforeUpdate(t.Context(), "apps", "echo")
	if want := "kubectl delete secret --namespace apps sh.helm.release.v1.echo.v4"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want one that ends in %s", err, want)
	}
	if got := s.records(); len(got) != 1 {
		t.Errorf("records %v", got)
	}

	s.record("echo", 4, "pending-rollback", 31*time.Minute)
	if err := g.BeforeUpdate(t.Context(), "apps", "echo"); err != nil || len(s.records()) != 0 {
		t.Errorf("records %v, %v", s.records(), err)
	}
}

// A dead run's mark beside a release that is well costs no time.
func TestBeforeUpdate_WaitsForNothingUnlessARecordIsPending(t *testing.T) {
	s := startAPIServer(t)
	first, _ := s.run()
	dead, die := context.WithCancel(t.Context())
	if err := first.BeforeUpdate(dead, "apps", "echo"); err != nil {
		t.Fatal(err)
	}
	die()
	for _, status := range []string{"deployed", "failed", "superseded", "uninstalled"} {
		s.record("echo", 1, status, 0)
		second, told := s.run()
		began := time.Now()
		dead, die := context.WithCancel(t.Context())
		if err := second.BeforeUpdate(dead, "apps", "echo"); err != nil {
			t.Errorf("%s: %v", status, err)
		}
		die() // one that lives on renews its mark, and another's is then a conflict
		if took := time.Since(began); took > lasts || len(*told) != 0 || len(s.records()) != 1 {
			t.Errorf("%s: after %s, told %q, records %v", status, took, *told, s.records())
		}
	}
}

func TestBeforeUpdate_WantsToKnowWhereTheClusterIs(t *testing.T) {
	err := New(func(string) {}).BeforeUpdate(t.Context(), "apps", "echo")
	if want := "release apps/echo: nobody has said where the cluster is"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// However far the dead run's installation came, Helm would refuse another one.
func TestBeforeCreate_TakesOverWhatARunThatHasDiedInstalled(t *testing.T) {
	for _, status := range []string{"deployed", "failed", "pending-install"} {
		s := startAPIServer(t)
		first, _ := s.run()
		if err := first.BeforeCreate(t.Context(), "apps", "echo"); err != nil {
			t.Fatal(err)
		}
		s.record("echo", 1, "superseded", time.Hour)
		s.record("echo", 2, status, 0)
		s.record("other", 1, "deployed", 0)
		if err := first.After(t.Context(), "apps", "echo"); err != nil {
			t.Fatal(err)
		}

		second, told := s.run()
		if err := second.BeforeCreate(t.Context(), "apps", "echo"); err != nil {
			t.Errorf("%s: %v", status, err)
		}
		if got, want := s.records(), []string{"other.v1"}; !slices.Equal(got, want) {
			t.Errorf("%s: records %v, want %v", status, got, want)
		}
		want := "release apps/echo: revision 2 was left " + status + ", unknown to the state, by a run that has died (" + first.holder + "); it is taken over"
		if len(*told) != 1 || (*told)[0] != want {
			t.Errorf("%s: told %q, want %q", status, *told, want)
		}
	}
}

func TestBeforeCreate_LeavesWhatARunThatLivesIsInstalling(t *testing.T) {
	s := startAPIServer(t)
	first, _ := s.run()
	if err := first.BeforeCreate(t.Context(), "apps", "echo"); err != nil {
		t.Fatal(err)
	}
	s.record("echo", 1, "deployed", 0)
	second, _ := s.run()
	err := second.BeforeCreate(t.Context(), "apps", "echo")
	if want := "release apps/echo: it is deployed, by a run that is still at work (" + first.holder + "); wait until that has ended"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := s.records(); len(got) != 1 {
		t.Errorf("records %v", got)
	}
}

func TestBeforeCreate_LeavesWhatIsAnothers(t *testing.T) {
	s := startAPIServer(t)
	s.record("echo", 3, "deployed", time.Hour)
	g, _ := s.run()
	err := g.BeforeCreate(t.Context(), "apps", "echo")
	if want := "helm uninstall --namespace apps echo"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want one that ends in %s", err, want)
	}
	if got := s.records(); len(got) != 1 || s.marks() != 0 {
		t.Errorf("records %v, %d marks", got, s.marks())
	}
}
