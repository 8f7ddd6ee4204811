package helm_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/recorder"
)

func cilium() *helm.Args {
	return &helm.Args{
		Name: "cilium", Namespace: "kube-system",
		Chart: "oci://quay.io/cilium/charts/cilium", Version: "1.18.2",
	}
}

func TestNewRelease_SendsOnlyWhatWasAskedFor(t *testing.T) {
	args := cilium()
	args.Timeout = 10 * time.Minute
	args.Atomic = true
	args.Values = pulumi.Map{
		"ipam":     pulumi.Map{"mode": pulumi.String("kubernetes")},
		"password": pulumi.ToSecret(pulumi.String("hunter2")),
	}

	var rec recorder.Recorder
	if err := rec.Run(func(ctx *pulumi.Context) error {
		_, err := helm.NewRelease(ctx, "cilium", args)
		return err
	}, "test"); err != nil {
		t.Fatal(err)
	}
	got := rec.OfType("kubernetes:helm.sh/v3:Release")
	if len(got) != 1 {
		t.Fatalf("registered %v", rec.Names())
	}
	want := resource.NewPropertyMapFromMap(map[string]any{
		"name": "cilium", "namespace": "kube-system",
		"chart": "oci://quay.io/cilium/charts/cilium", "version": "1.18.2",
		"timeout": 600, "atomic": true,
		"values": map[string]any{"ipam": map[string]any{"mode": "kubernetes"}},
	})
	want["values"].ObjectValue()["password"] = resource.MakeSecret(resource.NewProperty("hunter2"))
	if !got[0].Inputs.DeepEquals(want) {
		t.Errorf("inputs\n%v\nwant\n%v", got[0].Inputs, want)
	}
	if leaks := rec.PlaintextOf("hunter2"); len(leaks) > 0 {
		t.Error(leaks)
	}
}

func TestRelease_ReadyIsHelmsStatus(t *testing.T) {
	rec := recorder.Recorder{Outputs: func(recorder.Resource) (string, resource.PropertyMap, error) {
		return "", resource.NewPropertyMapFromMap(map[string]any{
			"status": map[string]any{"status": "deployed"},
		}), nil
	}}
	ready := make(chan string, 1)
	if err := rec.Run(func(ctx *pulumi.Context) error {
		release, err := helm.NewRelease(ctx, "cilium", cilium())
		if err != nil {
			return err
		}
		ctx.Export("ready", release.Ready().ApplyT(func(s string) string { ready <- s; return s }))
		return nil
	}, "test"); err != nil {
		t.Fatal(err)
	}
	if got := <-ready; got != "deployed" {
		t.Errorf("ready %q", got)
	}
}

func TestNewRelease_RefusesWhatHelmWouldMakeUp(t *testing.T) {
	incomplete := cilium()
	incomplete.Name, incomplete.Version = "", ""
	twice := cilium()
	twice.Repository = "https://helm.cilium.io"

	for name, test := range map[string]struct {
		args *helm.Args
		want string
	}{
		"no name and no version": {incomplete, "helm release x: Name is empty\nVersion is empty"},
		"two addresses": {twice, "helm release x: chart oci://quay.io/cilium/charts/cilium names its registry itself; " +
			"leave Repository out"},
	} {
		t.Run(name, func(t *testing.T) {
			var rec recorder.Recorder
			err := rec.Run(func(ctx *pulumi.Context) error {
				if _, err := helm.NewRelease(ctx, "x", test.args); err == nil || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
				return nil
			}, "test")
			if err != nil || len(rec.Resources()) > 0 {
				t.Errorf("run: %v, %v", err, rec.Names())
			}
		})
	}
}
