package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Resource is one that a state remembers.
type Resource struct {
	URN, Type, Name string
}

// Forget takes resources out of an exported state, and returns what it took. Nothing is deleted where they are: it is
// for what is gone already. Those that depended on one no longer do, and the next update makes what the program wants.
func Forget(state []byte, gone func(Resource) bool) (after []byte, taken []Resource, err error) {
	var whole, deployment map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	if err := json.Unmarshal(state, &whole); err != nil {
		return nil, nil, fmt.Errorf("state: %w", err)
	}
	if err := json.Unmarshal(whole["deployment"], &deployment); err != nil {
		return nil, nil, fmt.Errorf("state: deployment: %w", err)
	}
	if err := json.Unmarshal(deployment["resources"], &resources); err != nil {
		return nil, nil, fmt.Errorf("state: resources: %w", err)
	}
	lost := map[string]bool{}
	var kept []map[string]json.RawMessage
	for _, raw := range resources {
		r := resourceOf(raw)
		if gone(r) {
			lost[r.URN], taken = true, append(taken, r)
			continue
		}
		kept = append(kept, raw)
	}
	for _, raw := range kept {
		if err := unbind(raw, lost); err != nil {
			return nil, nil, fmt.Errorf("state: %s: %w", resourceOf(raw).URN, err)
		}
	}
	if deployment["resources"], err = json.Marshal(kept); err != nil {
		return nil, nil, err
	}
	if whole["deployment"], err = json.Marshal(deployment); err != nil {
		return nil, nil, err
	}
	after, err = json.Marshal(whole)
	return after, taken, err
}

func resourceOf(raw map[string]json.RawMessage) Resource {
	var r Resource
	_ = json.Unmarshal(raw["urn"], &r.URN)
	_ = json.Unmarshal(raw["type"], &r.Type)
	r.Name = r.URN[strings.LastIndex(r.URN, "::")+len("::"):]
	return r
}

// unbind removes what a resource says of lost ones, which Pulumi would refuse. A child or a user of a lost provider
// cannot stay: it would be an error of the caller.
func unbind(raw map[string]json.RawMessage, lost map[string]bool) error {
	isLost := func(urn string) bool { return lost[urn] }
	var parent, provider, deletedWith string
	_ = json.Unmarshal(raw["parent"], &parent)
	_ = json.Unmarshal(raw["provider"], &provider)
	_ = json.Unmarshal(raw["deletedWith"], &deletedWith)
	if lost[parent] {
		return fmt.Errorf("its parent %s would be forgotten without it", parent)
	}
	if at := strings.LastIndex(provider, "::"); at > 0 && lost[provider[:at]] {
		return fmt.Errorf("its provider %s would be forgotten without it", provider[:at])
	}
	if lost[deletedWith] {
		delete(raw, "deletedWith")
	}
	var dependencies []string
	var byProperty map[string][]string
	if err := optional(raw["dependencies"], &dependencies); err != nil {
		return err
	}
	if err := optional(raw["propertyDependencies"], &byProperty); err != nil {
		return err
	}
	for property, urns := range byProperty {
		byProperty[property] = slices.DeleteFunc(urns, isLost)
	}
	for key, value := range map[string]any{
		"dependencies": slices.DeleteFunc(dependencies, isLost), "propertyDependencies": byProperty,
	} {
		if raw[key] == nil {
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		raw[key] = text
	}
	return nil
}

func optional(raw json.RawMessage, into any) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
