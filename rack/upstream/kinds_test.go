package upstream_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/cilium/objects"
	"github.com/home-ops/home-ops/rack/upstream"
	"github.com/home-ops/home-ops/spec"
)

func TestCiliumObjects_AreAcceptedByTheirKinds(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			files, err := release(t, stack.Versions.Cilium).Kinds()
			if err != nil {
				t.Fatal(err)
			}
			kinds := kindsOf(t, files)
			for _, object := range objects.For(stack, plan(t, stack)).All() {
				for _, fault := range kinds.judge(t, object.Body) {
					t.Errorf("%s: %s", object.Name, fault)
				}
			}
		})
	}
}

func TestKinds_RefuseWhatTheyDoNotKnow(t *testing.T) {
	stack := everything(t)
	files, err := release(t, stack.Versions.Cilium).Kinds()
	if err != nil {
		t.Fatal(err)
	}
	kinds := kindsOf(t, files)
	object := func(apiVersion, kind string, spec map[string]any) map[string]any {
		return map[string]any{
			"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "x"}, "spec": spec,
		}
	}
	for name, wrong := range map[string]map[string]any{
		"a version that is not served": object("cilium.io/v2alpha2", "CiliumLoadBalancerIPPool", map[string]any{}),
		"an unknown field": object("cilium.io/v2", "CiliumLoadBalancerIPPool",
			map[string]any{"cidrs": []any{map[string]any{"cidr": "10.0.0.0/24"}}}),
		"a value out of its range": object("cilium.io/v2", "CiliumLoadBalancerIPPool", map[string]any{"allowFirstLastIPs": "yes"}),
		"what a rule forbids": object("cilium.io/v2", "CiliumBGPPeerConfig", map[string]any{"timers": map[string]any{
			"keepAliveTimeSeconds": int64(30), "holdTimeSeconds": int64(10), "connectRetryTimeSeconds": int64(5),
		}}),
	} {
		t.Run(name, func(t *testing.T) {
			if faults := kinds.judge(t, wrong); len(faults) == 0 {
				t.Error("it was accepted")
			}
		})
	}
}

func TestGatewayAPI_IsAReleaseThatTheProgramTakes(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads the Gateway API's module")
	}
	for channel, want := range map[spec.GatewayChannel]string{
		"standard":     "httproutes.gateway.networking.k8s.io",
		"experimental": "tlsroutes.gateway.networking.k8s.io",
	} {
		manifest, err := upstream.GatewayAPI(context.Background(), everything(t).Versions.GatewayAPI, channel)
		if err != nil {
			t.Skipf("the Gateway API's module cannot be had here: %v", err)
		}
		objects, err := gatewayapi.Parse(manifest)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(objects, func(o gatewayapi.Object) bool { return o.Name() == want }) {
			t.Errorf("channel %s has no %s", channel, want)
		}
	}
}

// kinds are custom resource definitions by apiVersion and kind.
type kinds map[string]judge

type judge struct {
	structural *schema.Structural
	schema     validation.SchemaCreateValidator
	rules      *cel.Validator
}

// judge lists what an API server would refuse in an object, unknown fields
// included, as it does under strict field validation.
func (k kinds) judge(t *testing.T, body any) []string {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	// This JSON keeps whole numbers whole, as the API server reads them.
	object := map[string]any{}
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	name := object["apiVersion"].(string) + " " + object["kind"].(string)
	j, known := k[name]
	if !known {
		return []string{name + " is no kind"}
	}
	faults := pruning.PruneWithOptions(object, j.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.Default(object, j.structural)
	for _, err := range validation.ValidateCustomResource(nil, object, j.schema) {
		faults = append(faults, err.Error())
	}
	errs, _ := j.rules.Validate(context.Background(), nil, j.structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, err := range errs {
		faults = append(faults, err.Error())
	}
	return faults
}

func kindsOf(t *testing.T, files []string) kinds {
	t.Helper()
	scheme := runtime.NewScheme()
	install.Install(scheme)
	out := kinds{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v1 apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(raw, &v1); err != nil {
			t.Fatal(err)
		}
		for _, version := range v1.Spec.Versions {
			var props apiextensions.JSONSchemaProps
			if err := scheme.Convert(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
				t.Fatal(err)
			}
			structural, err := schema.NewStructural(&props)
			if err != nil {
				t.Fatal(err)
			}
			validator, _, err := validation.NewSchemaValidator(&props)
			if err != nil {
				t.Fatal(err)
			}
			out[v1.Spec.Group+"/"+version.Name+" "+v1.Spec.Names.Kind] = judge{
				structural: structural, schema: validator,
				rules: cel.NewValidator(structural, true, celconfig.PerCallLimit),
			}
		}
	}
	return out
}
