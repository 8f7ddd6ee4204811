package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// The release that is upgraded in the outage: it is in every tree, and nothing else builds on it.
const (
	outageFile      = "kubernetes/apps/system/reloader/app/helmrelease.yaml"
	outageNamespace = "system"
	outageRelease   = "reloader"
)

// recovered is how long a release may take to be upgraded once the cause of its failures has gone: the interval between two
// attempts of kubernetes/components/defaults, and the upgrade.
const recovered = 3 * time.Minute

// checkOutage upgrades a release while an admission webhook does not answer, as after the loss of the node that it ran on.
// The release fails, and its Kustomization is not ready; once the webhook has gone, both recover without anybody's doing.
func (r *rehearsal) checkOutage(ctx context.Context, c *cluster) (string, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	webhooks := c.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := webhooks.Create(ctx, deadWebhook(), metav1.CreateOptions{}); err != nil {
		return "", err
	}
	if err := r.commitUpgrade(ctx); err != nil {
		return "", err
	}
	var said string
	err = within(ctx, reconciled, func(ctx context.Context) error {
		release, kustomization, err := outageState(ctx, client)
		if err != nil {
			return err
		}
		failures, _, _ := unstructured.NestedInt64(release.Object, "status", "failures")
		unready := notReady(*release)
		// Twice, so that it was tried again and not given up.
		if unready == nil || failures < 2 {
			return fmt.Errorf("HelmRelease %s has %d failures: %v", outageRelease, failures, unready)
		}
		if notReady(*kustomization) == nil {
			return fmt.Errorf("Kustomization %s is ready while its release is not", outageRelease)
		}
		said = unready.Error()
		return nil
	})
	if deleteErr := webhooks.Delete(ctx, deadWebhook().Name, metav1.DeleteOptions{}); err != nil || deleteErr != nil {
		return "", errors.Join(err, deleteErr)
	}
	began := time.Now()
	err = within(ctx, recovered, func(ctx context.Context) error {
		release, kustomization, err := outageState(ctx, client)
		if err != nil {
			return err
		}
		return errors.Join(notReady(*release), notReady(*kustomization))
	})
	return fmt.Sprintf("%.0f s after it; in it: %s", time.Since(began).Seconds(), said), err
}

// deadWebhook has every change of a Deployment in the namespace wait for an answer that nobody gives.
func deadWebhook() *admissionv1.ValidatingWebhookConfiguration {
	fail, none, url := admissionv1.Fail, admissionv1.SideEffectClassNone, "https://127.0.0.1:1/"
	seconds := int32(1)
	return &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "rehearsal-outage"},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name:                    "outage.rehearsal.home-ops.io",
			ClientConfig:            admissionv1.WebhookClientConfig{URL: &url},
			FailurePolicy:           &fail,
			SideEffects:             &none,
			TimeoutSeconds:          &seconds,
			AdmissionReviewVersions: []string{"v1"},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": outageNamespace}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}},
		}},
	}
}

func outageState(ctx context.Context, client dynamic.Interface) (release, kustomization *unstructured.Unstructured, err error) {
	release, err = client.Resource(helmReleases).Namespace(outageNamespace).Get(ctx, outageRelease, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	kustomization, err = client.Resource(kustomizations).Namespace("flux-system").Get(ctx, outageRelease, metav1.GetOptions{})
	return release, kustomization, err
}

// commitUpgrade gives the release another request of CPU, which changes its Deployment.
func (r *rehearsal) commitUpgrade(ctx context.Context) error {
	before, err := r.world.git.Read(ctx, outageFile)
	if err != nil {
		return err
	}
	const request = "cpu: 10m"
	if strings.Count(string(before), request) != 1 {
		return fmt.Errorf("%s has no %q to change", outageFile, request)
	}
	sha, err := r.world.git.Commit(ctx, "feat(reloader): a request of the rehearsal", map[string][]byte{
		outageFile: []byte(strings.Replace(string(before), request, "cpu: 11m", 1)),
	})
	if err != nil {
		return err
	}
	_, err = r.announce(ctx, sha)
	return err
}
