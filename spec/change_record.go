package spec

import (
	"encoding/json"
	"fmt"
	"slices"
)

// recorded are the keys that [JudgeChange] looks at. The others are left out of a record: some hold what its
// owner may want to keep to themselves, and none is judged. What nodeDefaults says, each node holds itself.
var recorded = []string{"cluster", "network", "nodes", "cilium", "storage", "versions"}

// Record is what was applied, for the next run to judge its own step against: the effective values of the
// stack, so that a default that changes with the program is a change too. It is JSON, and holds no secret.
func (s *Stack) Record() (string, error) {
	plain := *s
	plain.Nodes = slices.Clone(s.Nodes)
	for i := range plain.Nodes {
		// What people write into patches may be secret, and is not judged.
		plain.Nodes[i].Patches = nil
	}
	all, err := json.Marshal(&plain)
	if err != nil {
		return "", fmt.Errorf("record of stack %s: %w", s.Name, err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(all, &keys); err != nil {
		return "", fmt.Errorf("record of stack %s: %w", s.Name, err)
	}
	kept := map[string]json.RawMessage{}
	for _, key := range recorded {
		if value, ok := keys[key]; ok {
			kept[key] = value
		}
	}
	record, err := json.Marshal(kept)
	return string(record), err
}

// FromRecord reads what a former run has recorded. A key that this version of the program does not know, any
// more or yet, is not judged.
func FromRecord(name, record string) (*Stack, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(record), &keys); err != nil {
		return nil, fmt.Errorf("record of stack %s: %w", name, err)
	}
	s, _ := FromConfig(name, func(key string) (string, bool) {
		value, ok := keys[key]
		return string(value), ok
	})
	if len(s.Nodes) == 0 {
		return nil, fmt.Errorf("record of stack %s: it has no nodes", name)
	}
	return s, nil
}
