package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Snapshot is what is read of an exported state.
type Snapshot struct {
	// Resources are the URNs of what the stack has.
	Resources []string
	// Pending are the operations of an update that was killed: nobody knows how they ended.
	Pending []Operation
}

// Operation is one that was under way.
type Operation struct{ Type, URN string }

// Read reads an exported state, and refuses what is none of that stack.
func Read(state []byte, stack string) (Snapshot, error) {
	var parsed struct {
		Version    int
		Deployment *struct {
			Resources []struct{ URN string }
			Pending   []struct {
				Resource struct{ URN string }
				Type     string
			} `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal(state, &parsed); err != nil {
		return Snapshot{}, fmt.Errorf("is no whole state of Pulumi: %w", err)
	}
	if parsed.Version == 0 || parsed.Deployment == nil {
		return Snapshot{}, fmt.Errorf("is no state of Pulumi: it has no version or no deployment")
	}
	var s Snapshot
	for _, r := range parsed.Deployment.Resources {
		if !strings.HasPrefix(r.URN, "urn:pulumi:"+stack+"::") {
			return Snapshot{}, fmt.Errorf("is of another stack than %s: it has %s", stack, r.URN)
		}
		s.Resources = append(s.Resources, r.URN)
	}
	for _, p := range parsed.Deployment.Pending {
		s.Pending = append(s.Pending, Operation{p.Type, p.Resource.URN})
	}
	return s, nil
}

// Updated is when an exported state was last written; the zero time where it does not tell.
func Updated(state []byte) time.Time {
	var parsed struct {
		Deployment struct{ Manifest struct{ Time time.Time } }
	}
	_ = json.Unmarshal(state, &parsed)
	return parsed.Deployment.Manifest.Time
}
