package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// broken is a rehearsal over fakes, of which a test breaks one thing.
type broken struct {
	*rehearsal
	t *testing.T
	// api has the answers of the Kubernetes API to GET, in YAML by their paths. What is not there is not found; a list is
	// empty. What is made is answered as it came, with a name. What is annotated is answered by its controller at once, see
	// [broken.annotate].
	api map[string]string
	// deaf are parts of the paths of objects whose controllers do not run.
	deaf []string
	// annotated are the paths of what was annotated, in that order.
	annotated []string
	answering sync.Mutex
	// cluster is how the checks see it.
	cluster *cluster
	// end has the machine that [broken.apid] plays answer no more.
	end func()
}

// newBroken is of the home stack, with nothing in its cluster.
func newBroken(t *testing.T) *broken {
	t.Helper()
	stack := spectest.Home(t)
	b := &broken{t: t, api: map[string]string{}, rehearsal: &rehearsal{
		config: &room.Config{Dir: t.TempDir(), ControlPlanes: room.Releases{{Version: string(stack.Cluster.KubernetesVersion)}}}, stack: stack, out: t.Output(), passphrase: ownSecret(),
		report: &report.Report{Seconds: map[string]float64{}}, rack: &rack{}, secrets: &secrets{values: map[spec.SecretRef]string{}},
		world: &world{stack: stack, edge: &edge{}},
	}}
	server := httptest.NewServer(http.HandlerFunc(b.answer))
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	b.cluster = &cluster{rest: config, client: client}
	stack.Cluster.Endpoint = server.URL
	b.world.edge.attach(config)
	return b
}

func (b *broken) answer(w http.ResponseWriter, req *http.Request) {
	b.answering.Lock()
	defer b.answering.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if req.Method == http.MethodPatch && b.annotate(w, req) {
		return
	}
	if req.Method == http.MethodPost {
		var object map[string]any
		if err := json.NewDecoder(req.Body).Decode(&object); err != nil {
			b.t.Error(err)
		}
		metadata := object["metadata"].(map[string]any)
		if metadata["name"] == nil {
			metadata["name"] = metadata["generateName"]
		}
		if _, below, ok := strings.Cut(req.URL.Path, "/namespaces/"); ok {
			metadata["namespace"], _, _ = strings.Cut(below, "/")
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(object)
		return
	}
	text, ok := b.api[req.URL.Path]
	last := req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]
	if !ok && strings.HasSuffix(last, "s") {
		text, ok = "{kind: List, apiVersion: v1, items: []}", true
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "no %s"}`, last)
		return
	}
	content, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		b.t.Errorf("%s: %v", req.URL.Path, err)
	}
	_, _ = w.Write(content)
}

// annotate gives an object of a list its annotations, and has its controller answer; false for an object of no list.
func (b *broken) annotate(w http.ResponseWriter, req *http.Request) bool {
	base, below, _ := strings.Cut(req.URL.Path, "/namespaces/")
	parts := strings.Split(below, "/")
	if len(parts) != 3 {
		return false
	}
	namespace, of, name := parts[0], base+"/"+parts[1], parts[2]
	var list struct {
		Kind, APIVersion string
		Items            []*unstructured.Unstructured
	}
	var patch unstructured.Unstructured
	if err := errors.Join(yaml.Unmarshal([]byte(b.api[of]), &list), json.NewDecoder(req.Body).Decode(&patch.Object)); err != nil {
		b.t.Errorf("%s: %v", req.URL.Path, err)
	}
	for _, o := range list.Items {
		if o.GetNamespace() != namespace || o.GetName() != name {
			continue
		}
		b.annotated = append(b.annotated, req.URL.Path)
		annotations := maps.Clone(o.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		maps.Copy(annotations, patch.GetAnnotations())
		o.SetAnnotations(annotations)
		if !slices.ContainsFunc(b.deaf, func(part string) bool { return strings.Contains(req.URL.Path, part) }) {
			said := map[string]any{"lastHandledReconcileAt": annotations[requestedAt], "syncedResourceVersion": annotations["force-sync"]}
			for field, value := range said {
				if err := unstructured.SetNestedField(o.Object, value, "status", field); err != nil {
					b.t.Error(err)
				}
			}
		}
		text, err := json.Marshal(map[string]any{"kind": list.Kind, "apiVersion": list.APIVersion, "items": list.Items})
		if err != nil {
			b.t.Error(err)
		}
		b.api[of] = string(text)
		_ = json.NewEncoder(w).Encode(o)
		return true
	}
	return false
}

// list answers a path with the items, which are YAML of one kind.
func (b *broken) list(path string, items ...string) {
	b.t.Helper()
	of := struct{ APIVersion, Kind string }{APIVersion: "v1"}
	text := ""
	for _, item := range items {
		if err := yaml.Unmarshal([]byte(item), &of); err != nil {
			b.t.Fatalf("%v in %s", err, item)
		}
		text += "\n  - " + item
	}
	if text == "" {
		text = " []"
	}
	b.api[path] = fmt.Sprintf("kind: %sList\napiVersion: %s\nitems:%s\n", of.Kind, of.APIVersion, text)
}

// program writes a program of one shell script, and returns its path.
func (b *broken) program(name, script string) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	// A process that another test starts meanwhile would have the file open for writing, and nobody could run it
	// (https://go.dev/issue/22315).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is run
		b.t.Fatal(err)
	}
	return path
}

// pulumi is one that writes the events, one a line, and has the state.
func (b *broken) pulumi(state string, events ...string) { b.pulumiEnds(0, state, events...) }

// pulumiFails is one that says why.
func (b *broken) pulumiFails(why string) {
	b.pulumiEnds(1, "", fmt.Sprintf(`{"diagnosticEvent": {"severity": "error", "message": %q}}`, why), summary(""))
}

func (b *broken) pulumiEnds(code int, state string, events ...string) {
	b.t.Helper()
	dir := b.t.TempDir()
	for name, text := range map[string]string{"state": state, "events": strings.Join(events, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.cli = &pulumi.CLI{
		Path: b.program("pulumi", `[ "$1" != stack ] || exec cat `+dir+`/state
while [ $# -gt 0 ]; do
  [ "$1" != --event-log ] || cp `+dir+`/events "$2"
  shift
done
exit `+strconv.Itoa(code)),
		Project: dir, Stack: "home", Logs: dir, Out: b.t.Output(), Env: os.Environ(),
	}
}

// summary is the event that ends a run.
func summary(changes string) string {
	return `{"summaryEvent": {"resourceChanges": {` + changes + `}}}`
}

// pre is the event of a step that is about to be taken.
func pre(op, kind, name string) string {
	return fmt.Sprintf(`{"resourcePreEvent": {"metadata": {"op": %q, "type": %q, "urn": "urn:pulumi:home::home-ops::%s::%s"}}}`, op, kind, kind, name)
}
