package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/readiness"
)

// pollInterval is how often a wait looks at its object. The API server of a rehearsal is on the same machine.
const pollInterval = 250 * time.Millisecond

// await waits until the object is ready by the rule of its kind, or by the conditions that its annotation names. It
// returns the object as last seen; the error tells why it is not ready.
func (a *applier) await(
	ctx context.Context, inputs, live, before *unstructured.Unstructured, customSeconds float64,
) (*unstructured.Unstructured, error) {
	if isTrue(inputs, skipAwaitAnnotation) {
		return live, nil
	}
	rule, err := ruleFor(live)
	if err != nil || rule.Judge == nil {
		return live, err
	}
	timeout := timeoutOf(customSeconds, inputs)
	if rule.Limit > 0 {
		timeout = min(timeout, rule.Limit)
	}
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	live, err = a.until(waiting, rule, live, before)
	if err == nil {
		a.status(ctx, "")
	}
	return live, err
}

// ruleFor is the rule that decides on the object: its annotation's, else its kind's, else none.
func ruleFor(object *unstructured.Unstructured) (readiness.Rule, error) {
	if conditions := annotation(object, waitForAnnotation); conditions != "" {
		return readiness.Conditions(conditions)
	}
	rule, _ := readiness.For(object)
	return rule, nil
}

func (a *applier) until(
	ctx context.Context, rule readiness.Rule, live, before *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	client, err := a.server.cluster.clientFor(live)
	if err != nil {
		return live, err
	}
	var (
		shown   string
		verdict readiness.Verdict
		settled readiness.Settling
	)
	for {
		verdict, err = rule.Judge(ctx, readiness.View{Object: live, Before: before, Get: a.server.get})
		switch {
		case err != nil && ctx.Err() == nil:
			return live, err
		case err == nil && verdict.Failed:
			return live, &waitError{text: fmt.Sprintf("Resource '%s' was created but failed to initialize", live.GetName()), problems: verdict.Problems}
		case err == nil && settled.Done(verdict, time.Now()):
			return live, nil
		}
		if verdict.Status != shown {
			shown = verdict.Status
			a.server.engine.Status(ctx, pulumirpc.LogSeverity_INFO, a.urn, shown)
		}

		select {
		case <-ctx.Done():
			text := fmt.Sprintf("'%s' timed out waiting to be Ready", live.GetName())
			if errors.Is(ctx.Err(), context.Canceled) {
				text = fmt.Sprintf("Resource operation was cancelled for %q", live.GetName())
			}
			return live, &waitError{text: text, problems: verdict.Problems}
		case <-time.After(pollInterval):
		}
		found, err := client.Get(ctx, live.GetName(), metav1.GetOptions{})
		switch {
		case err == nil:
			live = found
		case apierrors.IsNotFound(err):
			return live, fmt.Errorf("%q was deleted while it was waited for", live.GetName())
		}
	}
}

// get reads another object that a rule asks for; nil when it does not exist.
func (s *Server) get(
	ctx context.Context, gvk schema.GroupVersionKind, namespace, name string,
) (*unstructured.Unstructured, error) {
	client, err := s.cluster.client(gvk, namespace)
	if err != nil {
		return nil, err
	}
	found, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}
