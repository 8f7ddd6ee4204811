package specdoc_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// An editor offers an example as it stands.
func TestSchema_ItsExamplesAreWhatItAccepts(t *testing.T) {
	data, err := model(t).Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("stack.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	judged := 0
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch v := value.(type) {
		case map[string]any:
			examples, _ := v["examples"].([]any)
			for _, example := range examples {
				schema, err := c.Compile("stack.schema.json#" + at)
				if err != nil {
					t.Fatal(err)
				}
				judged++
				if err := schema.Validate(example); err != nil {
					t.Errorf("%s: %v: %v", at, example, err)
				}
			}
			for key, child := range v {
				walk(at+"/"+url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key)), child)
			}
		case []any:
			for n, child := range v {
				walk(fmt.Sprintf("%s/%d", at, n), child)
			}
		}
	}
	walk("", doc)
	if judged < 100 {
		t.Errorf("%d examples were found", judged)
	}
}
