package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/outside/outsidetest"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// program is the whole program, but for the Gateway API's release, which is far away.
// A cluster always answers, and so do its machines.
var program = near().Run

// near is a program that asks nobody outside this process.
func near() Program {
	return Program{
		GatewayKinds: fewKinds, Outside: services, Machines: machines{},
		Reach:      func(context.Context, string) error { return nil },
		Ready:      func(context.Context, []byte, string) error { return nil },
		Repository: func(context.Context, string, string, string) error { return nil },
	}
}

// machines are all where they should be, and as they should be.
type machines struct{}

func (machines) Change(context.Context, roll.Node) error   { return nil }
func (machines) Check(context.Context, roll.Node) error    { return nil }
func (machines) Settle(string)                             {}
func (machines) Add(context.Context, roll.Node) error      { return nil }
func (machines) Announce(roll.Node)                        {}
func (machines) Remove(context.Context, []roll.Node) error { return nil }

// services are those outside the cluster, with the zones of the samples.
var services = outsidetest.Nothing(map[string]string{"example.com": strings.Repeat("a", 32), "example.net": strings.Repeat("b", 32)})

func fewKinds(context.Context, spec.Version, spec.GatewayChannel) ([]gatewayapi.Object, error) {
	return []gatewayapi.Object{{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "gateways.gateway.networking.k8s.io"},
	}}, nil
}

// secretPrefix begins the value of every secret of a stack.
const secretPrefix = "very-secret-"

// engine has a stack file's configuration as the real one hands it on: objects as JSON, and secrets opened. A change
// may edit it; what it adds is plain.
func engine(t *testing.T, stack string, change ...func(config map[string]string)) *recorder.Recorder {
	t.Helper()
	raw, err := os.ReadFile(stackFileOf(t, stack))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Config map[string]any }
	if err := yaml.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	rec := &recorder.Recorder{Config: map[string]string{}, Invokes: accounts(t, stack)}
	for key, value := range parsed.Config {
		if sealed, ok := value.(map[string]any); ok && sealed["secure"] != nil {
			rec.Config[key], rec.SecretConfig = secretPrefix+key, append(rec.SecretConfig, key)
			if key == "home-ops:onepasswordCredentials" {
				rec.Config[key] = `{"version":"2","verifier":{"salt":"` + secretPrefix + `"},"encCredentials":{}}`
			}
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		rec.Config[key] = string(text)
	}
	for _, apply := range change {
		apply(rec.Config)
	}
	return rec
}

// accounts are the vault of a stack: every field that it refers to is in the vault.
func accounts(t *testing.T, name string) recorder.Invokes {
	stack, problems := spec.LoadFile(stackFileOf(t, name))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return func(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
		switch token {
		case "onepassword:index/getVault:getVault":
			return resource.NewPropertyMapFromMap(map[string]any{"uuid": strings.Repeat("v", 26), "name": args["name"].StringValue()}), nil
		case "onepassword:index/getItem:getItem":
			return item(stack, args["title"].StringValue()), nil
		}
		return nil, fmt.Errorf("nobody answers %s", token)
	}
}

// stackFileOf is the stack file that the tests of a stack rest on.
func stackFileOf(t *testing.T, stack string) string {
	t.Helper()
	if stack == "lab" {
		return spectest.LabFile(t)
	}
	return spectest.HomeFile(t)
}

func item(stack *spec.Stack, title string) resource.PropertyMap {
	var fields []any
	seen := map[string]bool{}
	for _, at := range stack.SecretRefs() {
		if _, of, field, ok := at.Ref.OnePassword(); ok && of == title && !seen[field] {
			seen[field] = true
			fields = append(fields, map[string]any{"id": field, "label": field, "value": secretPrefix + title + "-" + field})
		}
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"category": "login", "sections": []any{map[string]any{"id": "", "label": "", "fields": fields}},
	})
}
