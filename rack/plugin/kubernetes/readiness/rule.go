// Package readiness tells when an object of Kubernetes is ready, by the rules of the genuine Pulumi plugin for it.
// The rules look at objects and decide; they wait for nothing.
package readiness

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// View is what a rule may look at.
type View struct {
	// Object is the object as it is now.
	Object *unstructured.Unstructured
	// Before is the object before the update that is waited for; nil for a new one.
	Before *unstructured.Unstructured
	// Get reads another object; nil without an error when it does not exist.
	Get func(ctx context.Context, gvk schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error)
}

// Verdict is what a rule makes of an object.
type Verdict struct {
	Ready bool
	// Failed objects will never be ready: waiting on is of no use.
	Failed bool
	// Status says in a line what is waited for.
	Status string
	// Problems are the reasons that the object itself gives for not being ready.
	Problems []string
	// Settle is how long the object must stay ready, with the same Fingerprint, before it counts as ready.
	Settle      time.Duration
	Fingerprint string
}

// Rule decides on one kind of object.
type Rule struct {
	// Judge makes the verdict; its error is one of reading other objects. A rule without it has nothing to wait for.
	Judge func(ctx context.Context, view View) (Verdict, error)
	// Limit bounds the wait more tightly than the resource's own timeout; 0 does not.
	Limit time.Duration
	// Refresh rules also decide on what a refresh finds.
	Refresh bool
}

// of makes a rule that needs nothing but the object.
func of(judge func(*unstructured.Unstructured) Verdict) Rule {
	return Rule{Refresh: true, Judge: func(_ context.Context, view View) (Verdict, error) {
		return judge(view.Object), nil
	}}
}

// rules are the kinds that are waited for. Any other is ready as soon as it exists: namespaces, definitions and
// custom resources too.
var rules = map[schema.GroupVersionKind]Rule{
	{Version: "v1", Kind: "PersistentVolume"}:                    {Judge: of(PersistentVolume).Judge, Limit: 5 * time.Minute},
	{Version: "v1", Kind: "PersistentVolumeClaim"}:               {Judge: claim, Limit: 5 * time.Minute},
	{Version: "v1", Kind: "Pod"}:                                 of(Pod),
	{Version: "v1", Kind: "ReplicationController"}:               {Judge: of(ReplicationController).Judge},
	{Version: "v1", Kind: "ResourceQuota"}:                       {Judge: of(ResourceQuota).Judge, Limit: time.Minute},
	{Version: "v1", Kind: "Secret"}:                              {Judge: of(Secret).Judge, Limit: 5 * time.Second},
	{Version: "v1", Kind: "Service"}:                             {Judge: service, Refresh: true},
	{Group: "apps", Version: "v1", Kind: "DaemonSet"}:            of(DaemonSet),
	{Group: "apps", Version: "v1", Kind: "Deployment"}:           of(Deployment),
	{Group: "apps", Version: "v1", Kind: "StatefulSet"}:          of(StatefulSet),
	{Group: "batch", Version: "v1", Kind: "Job"}:                 of(Job),
	{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}: {Judge: ingress, Refresh: true},
}

// For finds the rule of an object's kind.
func For(object *unstructured.Unstructured) (Rule, bool) {
	rule, ok := rules[object.GroupVersionKind()]
	return rule, ok
}

// Settling watches how long an object has been ready.
type Settling struct {
	since       time.Time
	fingerprint string
}

// Done takes the next verdict and tells whether the object counts as ready now.
func (s *Settling) Done(verdict Verdict, now time.Time) bool {
	if !verdict.Ready || s.since.IsZero() || verdict.Fingerprint != s.fingerprint {
		s.since, s.fingerprint = now, verdict.Fingerprint
	}
	return verdict.Ready && now.Sub(s.since) >= verdict.Settle
}

// The ways into an object's fields. A field that is absent, or of another type, is the zero value.

func text(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}

func integer(object *unstructured.Unstructured, path ...string) int64 {
	value, _, _ := unstructured.NestedInt64(object.Object, path...)
	return value
}

// integerOr is the integer at a path, or the API server's default where it is absent.
func integerOr(byDefault int64, object *unstructured.Unstructured, path ...string) int64 {
	if value, ok, err := unstructured.NestedInt64(object.Object, path...); ok && err == nil {
		return value
	}
	return byDefault
}

func observed(object *unstructured.Unstructured) bool {
	return integer(object, "status", "observedGeneration") >= object.GetGeneration()
}

// condition is a status condition of an object.
type condition struct {
	status, reason, message string
	observedGeneration      int64
}

func conditionOf(object *unstructured.Unstructured, kind string) (condition, bool) {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range list {
		fields, _ := item.(map[string]any)
		if name, _ := fields["type"].(string); name != kind {
			continue
		}
		found := condition{}
		found.status, _ = fields["status"].(string)
		found.reason, _ = fields["reason"].(string)
		found.message, _ = fields["message"].(string)
		found.observedGeneration, _ = fields["observedGeneration"].(int64)
		return found, true
	}
	return condition{}, false
}

// problem is what a condition says for itself, as the genuine plugin shows it.
func (c condition) problem() string {
	return "[" + c.reason + "] " + c.message
}
