package kubernetes

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestAwait_KeepsAnObjectThatIsNotReady(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	given := p.checked(job, "j", nil, inputs("batch/v1", "Job", "j", fields{"spec": fields{}}))
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(job, "j"), Properties: p.wire(given), Timeout: 1})
	if err == nil {
		t.Fatal("a Job that never ran counts as ready")
	}
	failure := initFailure(t, err)
	if failure.GetId() != "default/j" || failure.GetProperties() == nil {
		t.Errorf("the failure keeps the id %q and the state %v", failure.GetId(), failure.GetProperties())
	}
	want := []string{
		`resource "urn:pulumi:dev::test::kubernetes:batch/v1:Job::j" was successfully created, but the Kubernetes API ` +
			`server reported that it failed to fully initialize or become live: 'j' timed out waiting to be Ready`,
		`Waiting for Job "j" to succeed (Active: 0 | Succeeded: 0 | Failed: 0)`,
	}
	if !slices.Equal(failure.GetReasons(), want) {
		t.Errorf("reasons are %q, want %q", failure.GetReasons(), want)
	}
}

// initFailure is the part of an error that tells the engine to keep the resource.
func initFailure(t *testing.T, err error) *pulumirpc.ErrorResourceInitFailed {
	t.Helper()
	converted, ok := rpcerror.FromError(err)
	if !ok {
		t.Fatalf("no gRPC error: %v", err)
	}
	for _, detail := range converted.Details() {
		if failure, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			return failure
		}
	}
	t.Fatal(errors.Join(errors.New("no ErrorResourceInitFailed"), err))
	return nil
}

func TestAwait_FollowsTheAnnotations(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	annotated := func(name, annotation, value string) resource.PropertyMap {
		return inputs("batch/v1", "Job", name, fields{"metadata": fields{"name": name, "annotations": fields{annotation: value}}})
	}
	p.create(job, "skips", annotated("skips", "pulumi.com/skipAwait", "true"))

	time.AfterFunc(400*time.Millisecond, func() {
		server.change("/apis/batch/v1/namespaces/default/jobs/waits", func(object *unstructured.Unstructured) {
			object.Object["status"] = map[string]any{"phase": "Up"}
		})
	})
	made := p.create(job, "waits", annotated("waits", "pulumi.com/waitFor", "jsonpath={.status.phase}=Up"))
	if got := made.state["status"].ObjectValue()["phase"].StringValue(); got != "Up" {
		t.Errorf("the state is from before the wait: phase %q", got)
	}
}
