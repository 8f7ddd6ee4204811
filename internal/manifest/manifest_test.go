package manifest_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/internal/recorder"
)

func register(t *testing.T, obj any, fields ...manifest.Field) recorder.Resource {
	t.Helper()
	var rec recorder.Recorder
	err := rec.Run(func(ctx *pulumi.Context) error {
		_, err := manifest.NewWith(ctx, "thing", obj, fields, pulumi.Provider(cluster(ctx)))
		return err
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range rec.Resources() {
		if res.Name == "thing" {
			return res
		}
	}
	t.Fatalf("only %v", rec.Names())
	return recorder.Resource{}
}

// cluster is a provider as a component would be given.
func cluster(ctx *pulumi.Context) pulumi.ProviderResource {
	var provider pulumi.ProviderResourceState
	if err := ctx.RegisterResource("pulumi:providers:kubernetes", "cluster", nil, &provider); err != nil {
		panic(err)
	}
	return &provider
}

func TestNew_WantsAProvider(t *testing.T) {
	var rec recorder.Recorder
	err := rec.Run(func(ctx *pulumi.Context) error {
		_, err := manifest.New(ctx, "thing", configMap())
		return err
	}, "test")
	if want := "manifest thing: no provider is given"; err == nil || !strings.Contains(err.Error(), want) || len(rec.Resources()) > 0 {
		t.Errorf("error %v, want %s; registered %v", err, want, rec.Names())
	}
}

func configMap() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: "home-ops"},
		Data:       map[string]string{"a": "1"},
	}
}

func TestNew_RegistersWhatTheAPIServerWouldRead(t *testing.T) {
	res := register(t, configMap())
	if want := "kubernetes:core/v1:ConfigMap"; res.Type != want {
		t.Errorf("type %s, want %s", res.Type, want)
	}
	want := resource.NewPropertyMapFromMap(map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]any{"name": "settings", "namespace": "home-ops"},
		"data":       map[string]any{"a": "1"},
	})
	if !res.Inputs.DeepEquals(want) {
		t.Errorf("inputs %v, want %v", res.Inputs, want)
	}
}

func TestNew_NamesKindsOfNamedGroups(t *testing.T) {
	res := register(t, &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
	})
	if want := "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"; res.Type != want {
		t.Errorf("type %s, want %s", res.Type, want)
	}
	if _, ok := res.Inputs["rules"]; ok {
		t.Error("a null became an input")
	}
}

func TestNew_LeavesOutWhatOnlyTheServerWrites(t *testing.T) {
	res := register(t, &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: "home-ops"},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	})
	if _, ok := res.Inputs["status"]; ok {
		t.Error("status became an input")
	}
}

func TestNew_MakesTheDataOfASecretSecret(t *testing.T) {
	res := register(t, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "token"},
		StringData: map[string]string{"token": "hunter2"},
	})
	if _, secret := res.Value("stringData"); !secret {
		t.Error("stringData is plain")
	}
	if got := res.Request.GetAdditionalSecretOutputs(); !slices.Equal(got, []string{"data", "stringData"}) {
		t.Errorf("additional secret outputs %v", got)
	}
}

func TestNewWith_KeepsSecretFieldsSecret(t *testing.T) {
	res := register(t, configMap(),
		manifest.Field{Path: []string{"data", "token"}, Value: pulumi.ToSecret(pulumi.String("hunter2"))},
		manifest.Field{Path: []string{"metadata", "labels", "app"}, Value: pulumi.String("x")})
	data := res.Inputs["data"].ObjectValue()
	if !data["token"].IsSecret() {
		t.Error("the field is plain")
	}
	if data["a"].IsSecret() {
		t.Error("its neighbour became secret")
	}
	if got := res.Inputs["metadata"].ObjectValue()["labels"].ObjectValue()["app"].StringValue(); got != "x" {
		t.Errorf("label %q", got)
	}
}

func TestNewWith_RefusesWhatIsNoObject(t *testing.T) {
	noName := configMap()
	noName.Name = ""
	for name, test := range map[string]struct {
		obj    any
		fields []manifest.Field
		want   string
	}{
		"a struct without a kind": {
			obj:  &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "x"}},
			want: "manifest thing: *v1.Namespace: apiVersion is empty\n*v1.Namespace: kind is empty",
		},
		"an object without a name": {
			obj:  noName,
			want: "manifest thing: *v1.ConfigMap: metadata.name is empty",
		},
		"a list": {
			obj:  []string{"x"},
			want: "manifest thing: []string is not an object: json: cannot unmarshal array into Go value of type map[string]interface {}",
		},
		"a field inside a string": {
			obj:    configMap(),
			fields: []manifest.Field{{Path: []string{"kind", "x"}, Value: pulumi.String("y")}},
			want:   "manifest thing: kind.x: kind is not a map",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var rec recorder.Recorder
			err := rec.Run(func(ctx *pulumi.Context) error {
				if _, err := manifest.NewWith(ctx, "thing", test.obj, test.fields, pulumi.Provider(cluster(ctx))); err == nil || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
				return nil
			}, "test")
			if err != nil || len(rec.Resources()) != 1 {
				t.Errorf("run: %v, %v", err, rec.Names())
			}
		})
	}
}
