package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// apiServer is as much of an API server as the plugin needs: discovery, and objects that are created, applied,
// read and deleted. The real one is in every rehearsal.
type apiServer struct {
	*httptest.Server

	mu      sync.Mutex
	kinds   map[string][]metav1.APIResource // by group and version
	objects map[string]map[string]any       // by path
	frozen  map[string]bool                 // the objects whose fields will not change
	version int
	// writes are the requests that changed something, or would have but for a dry run.
	writes []string
}

func startAPIServer(t *testing.T) *apiServer {
	t.Helper()
	namespaced := func(name, kind string) metav1.APIResource {
		return metav1.APIResource{Name: name, Kind: kind, Namespaced: true}
	}
	s := &apiServer{
		kinds: map[string][]metav1.APIResource{
			"v1":       {namespaced("configmaps", "ConfigMap"), namespaced("secrets", "Secret"), {Name: "namespaces", Kind: "Namespace"}},
			"batch/v1": {namespaced("jobs", "Job")},
		},
		objects: map[string]map[string]any{"/api/v1/namespaces/default": {}},
		frozen:  map[string]bool{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// serve adds a kind, as a new definition does.
func (s *apiServer) serve(groupVersion string, kind metav1.APIResource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[groupVersion] = append(s.kinds[groupVersion], kind)
}

// change edits an object behind the plugin's back.
func (s *apiServer) change(path string, edit func(*unstructured.Unstructured)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&unstructured.Unstructured{Object: s.objects[path]})
}

func (s *apiServer) object(path string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects[path] == nil {
		return nil
	}
	return (&unstructured.Unstructured{Object: s.objects[path]}).DeepCopy()
}

func (s *apiServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.writes...)
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := r.URL.Path
	switch {
	case path == "/version":
		answer(w, 200, fields{"major": "1", "minor": "34", "gitVersion": "v1.34.1"})
	case path == "/api":
		answer(w, 200, metav1.APIVersions{Versions: []string{"v1"}})
	case path == "/apis":
		answer(w, 200, s.groups())
	case s.kinds[strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")] != nil:
		groupVersion := strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")
		answer(w, 200, metav1.APIResourceList{GroupVersion: groupVersion, APIResources: s.kinds[groupVersion]})
	default:
		s.serveObject(w, r)
	}
}

func (s *apiServer) groups() metav1.APIGroupList {
	var list metav1.APIGroupList
	for groupVersion := range s.kinds {
		if group, version, ok := strings.Cut(groupVersion, "/"); ok {
			named := metav1.GroupVersionForDiscovery{GroupVersion: groupVersion, Version: version}
			list.Groups = append(list.Groups, metav1.APIGroup{
				Name: group, Versions: []metav1.GroupVersionForDiscovery{named}, PreferredVersion: named,
			})
		}
	}
	return list
}

func (s *apiServer) serveObject(w http.ResponseWriter, r *http.Request) {
	path, dryRun := r.URL.Path, r.URL.Query().Get("dryRun") != ""
	if r.Method != http.MethodGet {
		s.writes = append(s.writes, strings.TrimSpace(r.Method+" "+path+" "+map[bool]string{true: "dry"}[dryRun]))
	}
	switch r.Method {
	case http.MethodGet:
		if s.objects[path] == nil {
			refuse(w, 404, metav1.StatusReasonNotFound, "", "not found")
			return
		}
		answer(w, 200, s.objects[path])
	case http.MethodPost:
		s.create(w, r, path, dryRun)
	case http.MethodPatch:
		s.patch(w, r, path, dryRun)
	case http.MethodDelete:
		if object := (&unstructured.Unstructured{Object: s.objects[path]}); len(object.GetFinalizers()) == 0 {
			delete(s.objects, path)
		}
		answer(w, 200, metav1.Status{Status: "Success"})
	}
}

func (s *apiServer) create(w http.ResponseWriter, r *http.Request, path string, dryRun bool) {
	object := s.decode(r)
	if namespace := object.GetNamespace(); strings.Contains(path, "/namespaces/") && s.objects["/api/v1/namespaces/"+namespace] == nil {
		refuse(w, 404, metav1.StatusReasonNotFound, "namespaces", fmt.Sprintf("namespaces %q not found", namespace))
		return
	}
	path += "/" + object.GetName()
	if s.objects[path] != nil {
		refuse(w, 409, metav1.StatusReasonAlreadyExists, "", object.GetName()+" already exists")
		return
	}
	s.stamp(object, r.URL.Query().Get("fieldManager"), metav1.ManagedFieldsOperationUpdate)
	if !dryRun {
		s.objects[path] = object.Object
	}
	answer(w, 201, object.Object)
}

// patch merges an applied object into the one that exists; other patches only change who owns the fields.
func (s *apiServer) patch(w http.ResponseWriter, r *http.Request, path string, dryRun bool) {
	applies := r.Header.Get("Content-Type") == "application/apply-patch+yaml"
	switch {
	case s.frozen[path]:
		refuse(w, 422, metav1.StatusReasonInvalid, "", "spec.selector: Invalid value: field is immutable")
		return
	case s.objects[path] == nil && !applies:
		refuse(w, 404, metav1.StatusReasonNotFound, "", "not found")
		return
	}
	merged := (&unstructured.Unstructured{Object: s.objects[path]}).DeepCopy()
	if merged.Object == nil {
		merged = &unstructured.Unstructured{Object: map[string]any{}}
		merged.SetName(path[strings.LastIndex(path, "/")+1:])
		merged.SetNamespace("default")
	}
	if applies {
		applied := s.decode(r)
		for key, value := range applied.Object {
			if key != "metadata" {
				merged.Object[key] = value
			}
		}
		labels := merged.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, applied.GetLabels())
		merged.SetLabels(labels)
		s.stamp(merged, r.URL.Query().Get("fieldManager"), metav1.ManagedFieldsOperationApply)
	}
	if !dryRun {
		s.objects[path] = merged.Object
	}
	answer(w, 200, merged.Object)
}

func (s *apiServer) decode(r *http.Request) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	if err := json.NewDecoder(r.Body).Decode(&object.Object); err != nil {
		panic(err)
	}
	return object
}

func (s *apiServer) stamp(object *unstructured.Unstructured, manager string, operation metav1.ManagedFieldsOperationType) {
	s.version++
	object.SetResourceVersion(fmt.Sprint(s.version))
	if object.GetUID() == "" {
		object.SetUID("uid-1")
	}
	object.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: operation, FieldsType: "FieldsV1", APIVersion: object.GetAPIVersion(),
		FieldsV1: &metav1.FieldsV1{Raw: []byte(`{"f:data":{}}`)},
	}})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int32, reason metav1.StatusReason, kind, text string) {
	answer(w, int(code), metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   "Failure", Code: code, Reason: reason, Message: text, Details: &metav1.StatusDetails{Kind: kind},
	})
}
