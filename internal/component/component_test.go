package component_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/internal/recorder"
)

type thing struct{ pulumi.ResourceState }

// apply applies a plan as a component called thing, and returns what was registered.
func apply(steps plan.Steps, change ...func(*pulumi.Context, *component.Inputs)) (*recorder.Recorder, component.Made, error) {
	rec := &recorder.Recorder{Outputs: func(recorder.Resource) (string, resource.PropertyMap, error) {
		return "", resource.NewPropertyMapFromMap(map[string]any{"status": map[string]any{"status": "deployed"}}), nil
	}}
	var made component.Made
	err := rec.Run(func(ctx *pulumi.Context) error {
		var provider pulumi.ProviderResourceState
		if err := ctx.RegisterResource("pulumi:providers:kubernetes", "cluster", nil, &provider); err != nil {
			return err
		}
		c, err := component.Register(ctx, "Thing", "thing", &thing{})
		if err != nil {
			return err
		}
		in := component.Inputs{Provider: &provider}
		for _, apply := range change {
			apply(ctx, &in)
		}
		made, err = c.Apply(steps, in)
		return err
	}, "test")
	return rec, made, err
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home-ops"},
		Data:       map[string]string{"a": "1"},
	}
}

func secretObject() *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "token"},
		StringData: map[string]string{"user": "root"},
	}
}

func dns() *plan.Release {
	return &plan.Release{
		Name: "dns", Namespace: "network", Timeout: 10 * time.Minute,
		Chart:  plan.Chart{Registry: "oci://registry.test/charts", Name: "dns", Version: "1.2.3"},
		Values: map[string]any{"ipam": map[string]any{"mode": "kubernetes"}},
	}
}

// values are late values, all secret.
func values(texts ...string) func(*pulumi.Context, *component.Inputs) {
	return func(_ *pulumi.Context, in *component.Inputs) {
		in.Values = map[string]pulumi.Input{}
		for i := 0; i < len(texts); i += 2 {
			in.Values[texts[i]] = pulumi.ToSecret(pulumi.String(texts[i+1]))
		}
	}
}

func TestApply_MakesEachStepOneChildOfTheComponent(t *testing.T) {
	rec, made, err := apply(plan.Steps{
		{Name: "settings", Object: configMap("settings")},
		{Name: "dns", Release: dns(), After: []string{"settings"}},
		{Name: "late", Object: configMap("late"), After: []string{"dns"}, Needs: []plan.Condition{plan.Network, plan.Gateways}},
	}, func(ctx *pulumi.Context, in *component.Inputs) {
		var cilium pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:StandIn", "cilium", pulumi.Map{}, &cilium); err != nil {
			t.Error(err)
		}
		in.Conditions = map[plan.Condition][]pulumi.Resource{plan.Network: {&cilium}, plan.Gateways: nil}
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, waits := range map[string][]string{
		"thing-settings": nil, "thing-dns": {"thing-settings"}, "thing-late": {"cilium", "thing-dns"},
	} {
		r := rec.Find(t, name)
		deps := r.Dependencies()
		slices.Sort(deps)
		if !slices.Equal(deps, waits) {
			t.Errorf("%s waits for %v, want %v", name, deps, waits)
		}
		if !strings.HasSuffix(r.Request.GetParent(), "::thing") || !strings.Contains(r.Request.GetProvider(), "::cluster::") {
			t.Errorf("%s has parent %s and provider %s", name, r.Request.GetParent(), r.Request.GetProvider())
		}
		if r.Request.GetProtect() || r.Request.GetRetainOnDelete() {
			t.Errorf("%s is kept", name)
		}
	}
	if made.Object("settings") == nil || made.Release("dns") == nil || made.Object("dns") != nil || made.Object("other") != nil {
		t.Errorf("made %v", made)
	}
	if got := made.Of("late", "other", "dns"); len(got) != 2 || got[1] != pulumi.Resource(made.Release("dns")) {
		t.Errorf("of %v", got)
	}
}

func TestApply_SendsAnObjectAsTheAPIServerReadsIt(t *testing.T) {
	namespace := &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: "home-ops"},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
	role := &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
	}
	rec, _, err := apply(plan.Steps{
		{Name: "settings", Object: configMap("settings")}, {Name: "namespace", Object: namespace}, {Name: "role", Object: role},
	})
	if err != nil {
		t.Fatal(err)
	}
	settings := rec.Find(t, "thing-settings")
	want := resource.NewPropertyMapFromMap(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "settings", "namespace": "home-ops"},
		"data":     map[string]any{"a": "1"},
	})
	if settings.Type != "kubernetes:core/v1:ConfigMap" || !settings.Inputs.DeepEquals(want) {
		t.Errorf("%s %v, want %v", settings.Type, settings.Inputs, want)
	}
	if got := rec.Find(t, "thing-role"); got.Type != "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole" || got.Inputs.HasValue("rules") {
		t.Errorf("%s %v", got.Type, got.Inputs)
	}
	if rec.Find(t, "thing-namespace").Inputs.HasValue("status") {
		t.Error("the status, which only the server writes, became an input")
	}
}

func TestApply_KeepsWhatIsSecretSecret(t *testing.T) {
	annotated := configMap("settings")
	rec, _, err := apply(plan.Steps{
		{Name: "secret", Object: secretObject(), From: []plan.From{{Path: []string{"stringData", "token"}, Value: "token"}}},
		{Name: "settings", Object: annotated, From: []plan.From{{Path: []string{"metadata", "annotations", "hash"}, Value: "hash"}}},
		{Name: "dns", Release: dns(), From: []plan.From{{Path: []string{"auth", "password"}, Value: "token"}}},
	}, values("token", "hunter2", "hash", "hunter3"))
	if err != nil {
		t.Fatal(err)
	}
	if leaks := slices.Concat(rec.PlaintextOf("hunter2"), rec.PlaintextOf("hunter3"), rec.PlaintextOf("root")); len(leaks) > 0 {
		t.Error(leaks)
	}
	secret := rec.Find(t, "thing-secret")
	if got := secret.Request.GetAdditionalSecretOutputs(); !slices.Equal(got, []string{"data", "stringData"}) {
		t.Errorf("additional secret outputs %v", got)
	}
	values := rec.Find(t, "thing-dns").Inputs["values"].ObjectValue()
	if !values["auth"].ObjectValue()["password"].IsSecret() || values["ipam"].ContainsSecrets() {
		t.Errorf("values %v", values)
	}
}

func TestApply_SendsOnlyWhatARepositoryNeeds(t *testing.T) {
	classic := &plan.Release{
		Name: "rook", Namespace: "rook-ceph",
		Chart: plan.Chart{Registry: "https://charts.rook.io/release", Name: "rook-ceph", Version: "v1.16.3"},
	}
	rec, made, err := apply(plan.Steps{{Name: "dns", Release: dns()}, {Name: "rook", Release: classic}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]map[string]any{
		"thing-dns": {
			"name": "dns", "namespace": "network", "chart": "oci://registry.test/charts/dns", "version": "1.2.3",
			"timeout": 600, "values": map[string]any{"ipam": map[string]any{"mode": "kubernetes"}},
		},
		"thing-rook": {
			"name": "rook", "namespace": "rook-ceph", "chart": "rook-ceph", "version": "v1.16.3",
			"repositoryOpts": map[string]any{"repo": "https://charts.rook.io/release"},
		},
	} {
		r := rec.Find(t, name)
		if want := resource.NewPropertyMapFromMap(want); r.Type != "kubernetes:helm.sh/v3:Release" || !r.Inputs.DeepEquals(want) {
			t.Errorf("%s: %v, want %v", name, r.Inputs, want)
		}
	}
	ready := make(chan string, 1)
	made.Release("dns").Ready().ApplyT(func(s string) string { ready <- s; return s })
	if got := <-ready; got != "deployed" {
		t.Errorf("ready %q", got)
	}
}

func TestApply_KeepsWhatThePlanKeeps(t *testing.T) {
	rec, _, err := apply(plan.Steps{
		{Name: "data", Object: configMap("data"), Keep: plan.Protect, Timeout: 30 * time.Minute},
		{Name: "kind", Object: configMap("kind"), Keep: plan.Retain},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, kind := rec.Find(t, "thing-data").Request, rec.Find(t, "thing-kind").Request
	if !data.GetProtect() || !data.GetRetainOnDelete() || kind.GetProtect() || !kind.GetRetainOnDelete() {
		t.Errorf("data %t %t, kind %t %t", data.GetProtect(), data.GetRetainOnDelete(), kind.GetProtect(), kind.GetRetainOnDelete())
	}
	if wait := data.GetCustomTimeouts(); wait.GetCreate() != "30m0s" || wait.GetUpdate() != "30m0s" || kind.GetCustomTimeouts().GetCreate() != "" {
		t.Errorf("timeouts %v, %v", wait, kind.GetCustomTimeouts())
	}
}

func TestApply_ReportsEverythingThatIsMissingBeforeItRegistersAnything(t *testing.T) {
	rec, _, err := apply(plan.Steps{
		{Name: "kinds", Download: &plan.Download{URL: "https://example.test/kinds.yaml"}},
		{Name: "token", Object: secretObject(), From: []plan.From{{Path: []string{"stringData", "token"}, Value: "token"}}},
		{Name: "dns", Release: dns(), Needs: []plan.Condition{plan.Network}},
	}, values("other", "x"), func(_ *pulumi.Context, in *component.Inputs) { in.Provider = nil })
	const want = `plan of thing:
no provider is given: objects would go wherever the user's kubeconfig points
step kinds: https://example.test/kinds.yaml was not fetched
step token: the value "token" is not given
step dns: nothing says what brings about the condition "network"
the value "other" is given, and no step takes it`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := rec.OfType("kubernetes:core/v1:Secret"); len(got) > 0 {
		t.Errorf("registered %v", rec.Names())
	}
}

func TestApply_RefusesAPlanThatIsNone(t *testing.T) {
	_, _, err := apply(plan.Steps{{Name: "a", Object: configMap("a"), After: []string{"b"}}})
	if want := `step a: it waits for step "b", which there is none of`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	_, _, err = apply(plan.Steps{{Name: "a", Object: configMap("a"), From: []plan.From{{Path: []string{"kind", "x"}, Value: "v"}}}}, values("v", "y"))
	if want := "thing-a: kind.x: kind is not a map"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRoot_CallsStepsByTheirOwnNames(t *testing.T) {
	var rec recorder.Recorder
	err := rec.Run(func(ctx *pulumi.Context) error {
		var provider pulumi.ProviderResourceState
		if err := ctx.RegisterResource("pulumi:providers:kubernetes", "cluster", nil, &provider); err != nil {
			return err
		}
		_, err := component.Root(ctx).Apply(plan.Steps{{Name: "cluster-identity", Object: configMap("x")}}, component.Inputs{Provider: &provider})
		return err
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if r := rec.Find(t, "cluster-identity"); strings.Contains(r.Request.GetParent(), "Thing") {
		t.Errorf("parent %s", r.Request.GetParent())
	}
}

func TestFingerprint_ChangesWithTheSecretAndIsSecret(t *testing.T) {
	var rec recorder.Recorder
	got := make(chan string, 2)
	err := rec.Run(func(ctx *pulumi.Context) error {
		for _, bytes := range []int{8, 64} {
			print := component.Fingerprint(pulumi.String("hunter2"), bytes)
			ctx.Export("print", print)
			print.ApplyT(func(s string) string { got <- s; return s })
		}
		return nil
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	prints := []string{<-got, <-got}
	slices.Sort(prints)
	// printf hunter2 | sha256sum
	const sum = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7"
	if prints[0] != sum[:16] || prints[1] != sum || !rec.Exports()["print"].IsSecret() {
		t.Errorf("prints %v, exported %v", prints, rec.Exports()["print"])
	}
}
