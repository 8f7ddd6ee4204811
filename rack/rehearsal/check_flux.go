package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

var (
	kustomizations = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	helmReleases   = schema.GroupVersionResource{Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"}
	secretClaims   = schema.GroupVersionResource{Group: "external-secrets.io", Version: "v1", Resource: "externalsecrets"}
)

// reconciled is how long the whole tree may take to be applied to a fresh cluster.
const reconciled = 5 * time.Minute

// checkKustomizations waits for all that Git owns, and names what is not ready, with the words of its controller. A Kustomization looks
// at its releases and secrets when it is reconciled, and not again for an hour: they are asked themselves.
func (r *rehearsal) checkKustomizations(ctx context.Context, c *cluster) (string, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	began := time.Now()
	var all []owned
	err = within(ctx, reconciled, func(ctx context.Context) (err error) {
		if all, err = r.listOwned(ctx, client); err != nil {
			return err
		}
		return errors.Join(r.countReady(all), errors.Join(unreadyOf(all)...))
	})
	return fmt.Sprintf("%s, %.0f s after the last up", inWords(all), time.Since(began).Seconds()), err
}

// countReady writes into the report how many Kustomizations are ready. The root alone is no tree.
func (r *rehearsal) countReady(all []owned) error {
	some := slices.DeleteFunc(slices.Clone(all), func(o owned) bool { return o.kind != kustomizations })
	r.report.Flux.Kustomizations, r.report.Flux.Ready = len(some), len(some)-len(unreadyOf(some))
	if len(some) < 2 {
		return fmt.Errorf("%d Kustomizations", len(some))
	}
	return nil
}

// unreadyOf names the objects that are not ready in their present form, and why.
func unreadyOf(objects []owned) []error {
	var unready []error
	for _, o := range objects {
		if suspended, _, _ := unstructured.NestedBool(o.Object, "spec", "suspend"); suspended {
			unready = append(unready, fmt.Errorf("%s: it is suspended, so nobody knows", o))
			continue
		}
		if err := notReady(o.Unstructured); err != nil {
			unready = append(unready, fmt.Errorf("%s: %w", o, err))
		}
	}
	return unready
}

func notReady(o unstructured.Unstructured) error {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	i := slices.IndexFunc(conditions, func(c any) bool { return c.(map[string]any)["type"] == "Ready" })
	if i < 0 {
		return errors.New("nobody has looked at it")
	}
	condition := conditions[i].(map[string]any)
	observed, found, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
	if condition["status"] == "True" && (!found || observed == o.GetGeneration()) {
		return nil
	}
	message, _ := condition["message"].(string)
	return fmt.Errorf("%v: %s", condition["reason"], strings.Join(strings.Fields(message), " "))
}

// The sample app, which a commit changes.
const (
	echoFile      = "kubernetes/apps/echo/echo/app/deployment.yaml"
	echoNamespace = "echo"
	echoName      = "echo"
	echoMark      = "rehearsal"
)

// appliedSoon is how long a commit that was announced may take on a machine that does much else: less than until Flux
// would have looked by itself.
const appliedSoon = time.Minute

// checkCommit pushes a commit that changes the sample app, announces it as GitHub does, and waits for the API to show it.
func (r *rehearsal) checkCommit(ctx context.Context, c *cluster) (string, error) {
	p, err := r.push(ctx)
	if err != nil {
		return "", err
	}
	err = within(ctx, reconciled, func(ctx context.Context) error {
		d, err := c.client.AppsV1().Deployments(echoNamespace).Get(ctx, echoName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Annotations[echoMark] != p.mark {
			return errors.New("the sample app is as before")
		}
		return nil
	})
	seconds := time.Since(p.began).Seconds()
	r.report.Flux.CommitToAppliedSeconds = seconds
	if err == nil && r.stack.Flux.Webhook != nil && seconds > appliedSoon.Seconds() {
		err = fmt.Errorf("%.1f s, longer than %s", seconds, appliedSoon)
	}
	return fmt.Sprintf("%.1f s, %s", seconds, p.how), err
}

// announce tells the cluster of a commit, as GitHub does where the stack has it so.
func (r *rehearsal) announce(ctx context.Context, sha string) (how string, err error) {
	if r.world.github == nil || r.stack.Flux.Webhook == nil {
		return "found by polling", nil
	}
	owner, name := r.stack.Flux.OwnerAndName()
	return "announced by webhook", r.world.github.Push(ctx, owner+"/"+name, r.stack.Flux.Branch, sha)
}
