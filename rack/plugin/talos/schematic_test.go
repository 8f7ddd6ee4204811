package talos_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// factory answers as the image factory does, and remembers what it was sent.
type factory struct {
	mu     sync.Mutex
	posted []string
}

func (f *factory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posted = append(f.posted, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+"\n"+string(body))
	switch {
	case strings.Contains(string(body), "unheard-of"):
		http.Error(w, "unknown extension", http.StatusBadRequest)
	case strings.Contains(string(body), "overload"):
		http.Error(w, "come back later", http.StatusServiceUnavailable)
	default:
		sum := sha256.Sum256(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"id":%q}`, hex.EncodeToString(sum[:]))
	}
}

// startFactory runs a factory and a provider that is configured with it.
func startFactory(t *testing.T) (*factory, provider) {
	t.Helper()
	f := &factory{}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, startProviderWith(t, resource.PropertyMap{"imageFactoryUrl": resource.NewStringProperty(server.URL)})
}

func schematicInputs(content string) resource.PropertyMap {
	return resource.PropertyMap{"schematic": resource.NewStringProperty(content)}
}

// The ids are those of the image factory's own tests
// (https://github.com/siderolabs/image-factory/blob/main/pkg/schematic/schematic_test.go).
func TestSchematic_IsPostedInItsCanonicalForm(t *testing.T) {
	const head = "POST /schematics application/yaml\n"
	for name, tt := range map[string]struct{ content, posted, id string }{
		"plain": {
			content: "",
			posted:  head + "customization: {}\n",
			id:      "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
		},
		"in another style": {
			content: "customization: {extraKernelArgs: [noapic, nolapic]}\nfuture: true\n",
			posted:  head + "customization:\n    extraKernelArgs:\n        - noapic\n        - nolapic\n",
			id:      "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c",
		},
		"with an overlay": {
			content: "overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}\n",
			posted:  head + "overlay:\n    image: siderolabs/sbc-raspberrypi\n    name: rpi_generic\ncustomization: {}\n",
			id:      "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, p := startFactory(t)
			state := p.create(schematicType, schematicInputs(tt.content))
			if got := state["id"].StringValue(); got != tt.id {
				t.Errorf("id %s, want %s", got, tt.id)
			}
			if got := state["schematic"].StringValue(); got != tt.content {
				t.Errorf("the state has %q, not what the program gave", got)
			}
			if !slices.Equal(f.posted, []string{tt.posted}) {
				t.Errorf("posted %q, want %q", f.posted, tt.posted)
			}
		})
	}
}

func TestSchematic_PreviewAndDeleteAskNoFactory(t *testing.T) {
	f, p := startFactory(t)
	if planned := p.preview(schematicType, schematicInputs("customization: {}")); !planned["id"].IsComputed() {
		t.Errorf("the preview has id %v", planned["id"])
	}
	state := resource.PropertyMap{"id": resource.NewStringProperty("abc"), "schematic": resource.NewStringProperty("x: y")}
	request := &pulumirpc.DeleteRequest{Urn: urn(schematicType), Id: "abc", Properties: p.wire(state)}
	if _, err := p.Delete(t.Context(), request); err != nil {
		t.Error(err)
	}
	if len(f.posted) > 0 {
		t.Errorf("asked %q", f.posted)
	}
}

func TestSchematic_ThatChangesIsPostedAgain(t *testing.T) {
	f, p := startFactory(t)
	state := p.create(schematicType, schematicInputs("customization: {}"))
	if diff := p.diff(schematicType, state, schematicInputs("customization: {}")); len(diff.GetDiffs()) > 0 {
		t.Errorf("the same schematic changes %q", diff.GetDiffs())
	}
	changed := schematicInputs("customization: {extraKernelArgs: [noapic, nolapic]}")
	diff := p.diff(schematicType, state, changed)
	if want := []string{"id", "schematic"}; !slices.Equal(diff.GetDiffs(), want) || len(diff.GetReplaces()) > 0 {
		t.Errorf("changes %q and replaces %q, want changes %q", diff.GetDiffs(), diff.GetReplaces(), want)
	}
	updated := p.update(schematicType, state, changed, false)
	if got := updated["id"].StringValue(); !strings.HasPrefix(got, "9cba8e32") || len(f.posted) != 2 {
		t.Errorf("id %s after %d posts", got, len(f.posted))
	}
}

func TestSchematic_TellsWhatTheFactorySaid(t *testing.T) {
	_, p := startFactory(t)
	for content, want := range map[string]string{
		"customization: {systemExtensions: {officialExtensions: [unheard-of]}}": "failed to create schematic: invalid schematic: HTTP 400: unknown extension\n",
		"customization: {extraKernelArgs: [overload]}":                          "failed to create schematic: HTTP 503: come back later\n",
		"customization: [": "failed to unmarshal schematic: yaml: ",
	} {
		if _, err := p.tryCreate(schematicType, schematicInputs(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", content, err, want)
		}
	}

	nobody := startProviderWith(t, resource.PropertyMap{"imageFactoryUrl": resource.NewStringProperty("http://127.0.0.1:1")})
	_, err := nobody.tryCreate(schematicType, schematicInputs(""))
	if want := `failed to create schematic: Post "http://127.0.0.1:1/schematics": dial tcp 127.0.0.1:1: `; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}
