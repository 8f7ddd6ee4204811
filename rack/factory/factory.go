// Package factory plays Talos's image factory: schematics are posted to it, and it has installer images only for those
// that were (https://github.com/siderolabs/image-factory).
package factory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Host is the factory's name.
const Host = "factory.talos.dev"

// Factory holds the schematics that were posted.
type Factory struct {
	mux *http.ServeMux

	mu     sync.Mutex
	posted map[string]schematic
}

// schematic has the keys of the factory's schema, in its order; the id is the hash of this form.
type schematic struct {
	Overlay struct {
		Image   string         `yaml:"image"`
		Name    string         `yaml:"name"`
		Options map[string]any `yaml:"options,omitempty"`
	} `yaml:"overlay,omitempty"`
	Customization struct {
		ExtraKernelArgs  []string `yaml:"extraKernelArgs,omitempty"`
		Meta             []meta   `yaml:"meta,omitempty"`
		SystemExtensions struct {
			OfficialExtensions []string `yaml:"officialExtensions,omitempty"`
		} `yaml:"systemExtensions,omitempty"`
		SecureBoot struct {
			IncludeWellKnownCertificates bool `yaml:"includeWellKnownCertificates,omitempty"`
		} `yaml:"secureboot,omitempty"`
	} `yaml:"customization"`
}

type meta struct {
	Key   uint8  `yaml:"key"`
	Value string `yaml:"value"`
}

// New makes a factory that knows no schematic, not even the empty one: a real one is asked for that before, too.
func New() *Factory {
	f := &Factory{mux: http.NewServeMux(), posted: map[string]schematic{}}
	f.mux.HandleFunc("POST /schematics", f.post)
	return f
}

// ServeHTTP answers as the factory's API does.
func (f *Factory) ServeHTTP(w http.ResponseWriter, req *http.Request) { f.mux.ServeHTTP(w, req) }

// post takes a schematic and answers with its id. A key that the factory does not know is refused.
func (f *Factory) post(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	var s schematic
	if err := decoder.Decode(&s); err != nil {
		http.Error(w, "invalid schematic: "+err.Error(), http.StatusBadRequest)
		return
	}
	canonical, err := yaml.Marshal(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(canonical)
	id := hex.EncodeToString(sum[:])
	f.mu.Lock()
	f.posted[id] = s
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": id})
}

var installer = regexp.MustCompile(`^` + regexp.QuoteMeta(Host) + `/(?:[a-z-]+/)?([0-9a-f]{64}):`)

// Pull is what a node learns when it pulls an installer image. Images of other registries are not the factory's business.
func (f *Factory) Pull(ref string) error {
	if !strings.HasPrefix(ref, Host+"/") {
		return nil
	}
	// An image is named KIND/ID; a bare installer/ID is the older form.
	match := installer.FindStringSubmatch(ref)
	if match == nil {
		return fmt.Errorf("failed to resolve image %q: not found", ref)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.posted[match[1]]; !ok {
		return fmt.Errorf("failed to resolve image %q: not found: the factory was never given schematic %s", ref, match[1])
	}
	return nil
}

// Extensions are the system extensions in the images of a schematic.
func (f *Factory) Extensions(id string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.posted[id].Customization.SystemExtensions.OfficialExtensions)
}
