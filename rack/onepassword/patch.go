package onepassword

import (
	"encoding/json"
	"fmt"
	"strings"
)

// change is one operation of a JSON Patch. Unlike in RFC 6902, fields are found by their id.
type change struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// patched is the item after the changes: of its title, its tags, a new field, or what a field holds.
func patched(item Item, changes []change) (Item, error) {
	item.Fields = append([]Field(nil), item.Fields...)
	for _, c := range changes {
		target, err := target(&item, c)
		if err != nil {
			return item, err
		}
		if target == nil {
			continue
		}
		if err := json.Unmarshal(c.Value, target); err != nil {
			return item, fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	return item, nil
}

// target is where a change puts its value; nil when the change is made already.
func target(item *Item, c change) (any, error) {
	unknown := fmt.Errorf("the rehearsal's Connect server does not implement %s of %s", c.Op, c.Path)
	switch path := strings.Split(strings.TrimPrefix(c.Path, "/"), "/"); {
	case c.Op == "replace" && c.Path == "/title":
		return &item.Title, nil
	case c.Op == "replace" && c.Path == "/tags":
		return &item.Tags, nil
	case c.Op == "add" && c.Path == "/fields":
		item.Fields = append(item.Fields, Field{})
		return &item.Fields[len(item.Fields)-1], nil
	case path[0] == "fields" && len(path) > 1:
		for n := range item.Fields {
			if item.Fields[n].ID != path[1] {
				continue
			}
			switch {
			case c.Op == "remove" && len(path) == 2:
				item.Fields = append(item.Fields[:n], item.Fields[n+1:]...)
				return nil, nil
			case c.Op == "replace" && len(path) == 3 && path[2] == "value":
				return &item.Fields[n].Value, nil
			}
			return nil, unknown
		}
		return nil, fmt.Errorf("no field has the id %s", path[1])
	}
	return nil, unknown
}
