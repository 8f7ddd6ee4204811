// Package documents turns Kubernetes objects and chart values of any Go type into what is
// sent and shown.
package documents

import (
	"bytes"
	"encoding/json"

	"gopkg.in/yaml.v3"
)

// YAML is a document for each of the bodies, as the API server would read it: by the
// JSON names of the fields, in the order of the alphabet.
func YAML(bodies ...any) ([]byte, error) {
	if len(bodies) == 0 {
		return nil, nil
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, body := range bodies {
		var plain any
		if err := read(body, &plain); err != nil {
			return nil, err
		}
		if err := encoder.Encode(plain); err != nil {
			return nil, err
		}
	}
	err := encoder.Close()
	return out.Bytes(), err
}

func read(body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}
