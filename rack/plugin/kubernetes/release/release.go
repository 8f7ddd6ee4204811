// Package release does what the genuine plugin does for a helm.sh/v3 Release, with Helm's own library: it finds the
// chart, installs, upgrades, reads and uninstalls. It knows nothing of Pulumi's wire.
package release

import (
	"encoding/json"
	"fmt"
	"time"

	"helm.sh/helm/v3/pkg/release"
)

// DefaultTimeout is how long an operation may take when the program does not say, in seconds.
const DefaultTimeout = 300

// Release is the resource as the provider's schema has it: what the program declares, and below that what the cluster
// tells of it. Every field is in the state, set or not, as the genuine plugin writes it.
type Release struct {
	AllowNullValues          bool                `json:"allowNullValues,omitempty"`
	Atomic                   bool                `json:"atomic,omitempty"`
	Chart                    string              `json:"chart,omitempty"`
	CleanupOnFail            bool                `json:"cleanupOnFail,omitempty"`
	CreateNamespace          bool                `json:"createNamespace,omitempty"`
	DependencyUpdate         bool                `json:"dependencyUpdate,omitempty"`
	Description              string              `json:"description,omitempty"`
	Devel                    bool                `json:"devel,omitempty"`
	DisableCRDHooks          bool                `json:"disableCRDHooks,omitempty"`
	DisableOpenapiValidation bool                `json:"disableOpenapiValidation,omitempty"`
	DisableWebhooks          bool                `json:"disableWebhooks,omitempty"`
	ForceUpdate              bool                `json:"forceUpdate,omitempty"`
	Keyring                  string              `json:"keyring,omitempty"`
	Lint                     bool                `json:"lint,omitempty"`
	MaxHistory               *int                `json:"maxHistory,omitempty"`
	Name                     string              `json:"name,omitempty"`
	Namespace                string              `json:"namespace,omitempty"`
	Postrender               string              `json:"postrender,omitempty"`
	RecreatePods             bool                `json:"recreatePods,omitempty"`
	RenderSubchartNotes      bool                `json:"renderSubchartNotes,omitempty"`
	Replace                  bool                `json:"replace,omitempty"`
	RepositoryOpts           *Repository         `json:"repositoryOpts,omitempty"`
	ResetValues              bool                `json:"resetValues,omitempty"`
	ReuseValues              bool                `json:"reuseValues,omitempty"`
	Values                   map[string]any      `json:"values,omitempty"`
	SkipCrds                 bool                `json:"skipCrds,omitempty"`
	Timeout                  int                 `json:"timeout,omitempty"` // seconds; 0 is DefaultTimeout
	Verify                   bool                `json:"verify,omitempty"`
	Version                  string              `json:"version,omitempty"`
	SkipAwait                bool                `json:"skipAwait,omitempty"`
	WaitForJobs              bool                `json:"waitForJobs,omitempty"`
	ResourceNames            map[string][]string `json:"resourceNames,omitempty"`
	Status                   *Status             `json:"status,omitempty"`
}

// Repository is where a chart that is not an oci:// address or a path comes from.
type Repository struct {
	Repo     string `json:"repo,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	Password string `json:"password,omitempty"`
	Username string `json:"username,omitempty"`
}

// Status is the release as Helm reports it.
type Status struct {
	AppVersion string `json:"appVersion,omitempty"`
	Chart      string `json:"chart,omitempty"`
	Name       string `json:"name,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Revision   *int   `json:"revision,omitempty"`
	Status     string `json:"status,omitempty"`
	Version    string `json:"version,omitempty"`
}

// Decode reads a release out of plain properties; what it does not know is left out, as the genuine plugin does.
func Decode(properties map[string]any) (*Release, error) {
	text, err := json.Marshal(properties)
	if err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	var decoded Release
	if err := json.Unmarshal(text, &decoded); err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	decoded.Values = merge(nil, decoded.Values)
	return &decoded, nil
}

// Observe takes over what Helm has of the release. Values that are in the cluster win, so that a change behind the
// program's back shows as a difference.
func (r *Release) Observe(found *release.Release) error {
	names, err := resourceNames(found.Manifest)
	if err != nil {
		return fmt.Errorf("manifest of release %s: %w", found.Name, err)
	}
	metadata := found.Chart.Metadata
	if r.Name == "" { // an import begins with nothing
		r.Name, r.Namespace, r.Chart = found.Name, found.Namespace, metadata.Name
	}
	r.Values = merge(r.Values, found.Config)
	r.Version = metadata.Version
	r.ResourceNames = names
	r.Status = &Status{
		AppVersion: metadata.AppVersion,
		Chart:      metadata.Name,
		Name:       found.Name,
		Namespace:  found.Namespace,
		Revision:   &found.Version,
		Status:     found.Info.Status.String(),
		Version:    metadata.Version,
	}
	return nil
}

// ID is the release's id in the state.
func (r *Release) ID() string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

func (r *Release) timeout() time.Duration {
	if r.Timeout == 0 {
		return DefaultTimeout * time.Second
	}
	return time.Duration(r.Timeout) * time.Second
}

// merge lays values over a base, map by map, and changes neither.
func merge(base, values map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(values))
	for key, value := range base {
		merged[key] = value
	}
	for key, value := range values {
		under, isMap := merged[key].(map[string]any)
		if over, ok := value.(map[string]any); ok && isMap {
			value = merge(under, over)
		}
		merged[key] = value
	}
	return merged
}
