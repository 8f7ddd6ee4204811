package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// edit changes the config in the room's stack file for good, as its owner would, and what the rehearsal holds of it.
func (r *rehearsal) edit(change func(config map[string]any) error) error {
	text, stack, err := r.changed(change)
	if err != nil {
		return err
	}
	if err := stack.Validate().Err(); err != nil {
		return err
	}
	return r.take(text, stack)
}

// take makes a changed stack file the room's.
func (r *rehearsal) take(text []byte, stack *spec.Stack) error {
	r.adopt(stack)
	// The file keeps its identity: it is mounted over the operator's.
	return os.WriteFile(r.file.Copy, text, 0o600)
}

// changed is the room's stack file with a change.
func (r *rehearsal) changed(change func(config map[string]any) error) ([]byte, *spec.Stack, error) {
	text, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return nil, nil, fmt.Errorf("stack file: %w", err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, nil, fmt.Errorf("stack file: %w", err)
	}
	config, ok := doc["config"].(map[string]any)
	if !ok {
		return nil, nil, fmt.Errorf("stack file %s: it has no config", r.file.Copy)
	}
	if err := change(config); err != nil {
		return nil, nil, fmt.Errorf("stack file: %w", err)
	}
	if text, err = yaml.Marshal(doc); err != nil {
		return nil, nil, fmt.Errorf("stack file: %w", err)
	}
	stack, problems := spec.Load(r.stack.Name, text)
	return text, stack, problems.Err()
}

// adopt makes a stack the one that the machines are judged by.
func (r *rehearsal) adopt(stack *spec.Stack) {
	r.stack = stack
	if r.rack == nil {
		return
	}
	for _, m := range r.rack.nodes {
		if i := slices.IndexFunc(stack.Nodes, func(n spec.Node) bool { return n.Address == m.spec.Address }); i >= 0 {
			m.spec = stack.Nodes[i]
		}
	}
}

// nodeDefaults adds to what all nodes have: to a map its keys, to a list its items.
func nodeDefaults(key string, more any) func(config map[string]any) error {
	return func(config map[string]any) error {
		defaults, _ := config["home-ops:nodeDefaults"].(map[string]any)
		if defaults == nil {
			defaults = map[string]any{}
			config["home-ops:nodeDefaults"] = defaults
		}
		switch more := more.(type) {
		case map[string]any:
			all, _ := defaults[key].(map[string]any)
			if all == nil {
				all = map[string]any{}
			}
			for name, value := range more {
				all[name] = value
			}
			defaults[key] = all
		case []any:
			all, _ := defaults[key].([]any)
			defaults[key] = append(all, more...)
		default:
			return fmt.Errorf("nodeDefaults.%s: a %T cannot be added to", key, more)
		}
		return nil
	}
}

// nodeWith changes the node of a name; nil takes it out.
func nodeWith(name string, change func(node map[string]any)) func(config map[string]any) error {
	return func(config map[string]any) error {
		nodes, _ := config["home-ops:nodes"].([]any)
		for i := range nodes {
			node, _ := nodes[i].(map[string]any)
			if node["name"] != name {
				continue
			}
			if change == nil {
				config["home-ops:nodes"] = slices.Delete(nodes, i, i+1)
				return nil
			}
			change(node)
			return nil
		}
		return fmt.Errorf("nodes: there is no %s", name)
	}
}

// withNode adds a node at the end.
func withNode(node map[string]any) func(config map[string]any) error {
	return func(config map[string]any) error {
		nodes, _ := config["home-ops:nodes"].([]any)
		config["home-ops:nodes"] = append(nodes, node)
		return nil
	}
}

// clusterKey sets a key of the cluster.
func clusterKey(key string, value any) func(config map[string]any) error {
	return topicKey("cluster", key, value)
}

// topicKey sets a key of a topic that the file has.
func topicKey(topic, key string, value any) func(config map[string]any) error {
	return func(config map[string]any) error {
		keys, _ := config["home-ops:"+topic].(map[string]any)
		if keys == nil {
			return fmt.Errorf("it has no %s", topic)
		}
		keys[key] = value
		return nil
	}
}

// withoutWebhook leaves the repository's webhook to its owner.
func withoutWebhook(config map[string]any) error {
	flux, _ := config["home-ops:flux"].(map[string]any)
	github, _ := flux["github"].(map[string]any)
	if github == nil {
		return errors.New("flux: it has no github")
	}
	github["registerWebhook"] = false
	return nil
}
