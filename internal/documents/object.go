package documents

import "fmt"

// Object is obj, which is any struct that marshals to one Kubernetes object, without what
// only the server writes (status) and without nulls, which server-side apply would take
// for ownership of the field.
func Object(obj any) (map[string]any, error) {
	var plain map[string]any
	if err := read(obj, &plain); err != nil {
		return nil, fmt.Errorf("%T is not an object: %w", obj, err)
	}
	dropNulls(plain)
	delete(plain, "status")
	return plain, nil
}

// Plain is value as maps, lists and scalars alone, by the JSON names of its fields and without nulls.
func Plain(value any) (map[string]any, error) {
	var plain map[string]any
	if err := read(value, &plain); err != nil {
		return nil, fmt.Errorf("%T is no map: %w", value, err)
	}
	dropNulls(plain)
	return plain, nil
}

// Objects is YAML for objects as [Object] makes them.
func Objects(objs ...any) ([]byte, error) {
	bodies := make([]any, len(objs))
	for i, obj := range objs {
		plain, err := Object(obj)
		if err != nil {
			return nil, err
		}
		bodies[i] = plain
	}
	return YAML(bodies...)
}

func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			if child == nil {
				delete(v, key)
				continue
			}
			dropNulls(child)
		}
	case []any:
		for _, child := range v {
			dropNulls(child)
		}
	}
}
