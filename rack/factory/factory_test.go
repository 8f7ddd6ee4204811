package factory

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func post(t *testing.T, f *Factory, text string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/schematics", strings.NewReader(text)))
	var answer struct{ ID string }
	if w.Code == http.StatusCreated {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, answer.ID
}

// TestFactory_KnowsTheEmptySchematicAsTheRealOneDoes has the id that the real factory gives to a schematic without
// anything (https://factory.talos.dev).
func TestFactory_KnowsTheEmptySchematicAsTheRealOneDoes(t *testing.T) {
	const want = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
	for _, text := range []string{"customization: {}\n", "customization:\n"} {
		if code, id := post(t, New(), text); code != http.StatusCreated || id != want {
			t.Errorf("%q: got %d %s, want %s", text, code, id, want)
		}
	}
}

func TestFactory_HasImagesOnlyOfWhatItWasGiven(t *testing.T) {
	files, err := filepath.Glob("../../spec/spectest/testdata/Pulumi.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stack files: %v", err)
	}
	for _, file := range files {
		stack, problems := spec.LoadFile(file)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		f := New()
		for _, node := range stack.Nodes {
			image, schematic := stack.InstallerImage(node), node.Schematic()
			if f.Extensions(schematic.ID()) == nil {
				if err := f.Pull(image); err == nil || !strings.Contains(err.Error(), "was never given schematic "+schematic.ID()) {
					t.Errorf("%s: pulled before it was posted: %v", node.Name, err)
				}
			}
			if _, id := post(t, f, string(schematic.YAML())); id != schematic.ID() {
				t.Errorf("%s: the factory says %s, the stack file %s", node.Name, id, schematic.ID())
			}
			if err := f.Pull(image); err != nil {
				t.Errorf("%s: %v", node.Name, err)
			}
			if got := f.Extensions(schematic.ID()); !reflect.DeepEqual(got, schematic.Customization.SystemExtensions.OfficialExtensions) {
				t.Errorf("%s: extensions %v", node.Name, got)
			}
		}
	}
}

func TestFactory_RefusesAKeyThatItDoesNotKnow(t *testing.T) {
	if code, _ := post(t, New(), "customization:\n  extensions: [siderolabs/zfs]\n"); code != http.StatusBadRequest {
		t.Errorf("got %d, want 400", code)
	}
}
