package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
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

// checkOutage upgrades a release while admission lets no Deployment through, as while the server of a webhook is gone. The
// release fails, and its Kustomization is not ready; once admission is well again, both recover without anybody's doing.
//
// A policy of the API server's own stands for the webhook: in the rack webhooks are objects without effect.
func (r *rehearsal) checkOutage(ctx context.Context, c *cluster) (string, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	if err := closeAdmission(ctx, c); err != nil {
		return "", errors.Join(err, openAdmission(ctx, c))
	}
	if err := r.commitUpgrade(ctx); err != nil {
		return "", errors.Join(err, openAdmission(ctx, c))
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
			return errors.Join(fmt.Errorf("HelmRelease %s has %d failures", outageRelease, failures), unready)
		}
		if notReady(*kustomization) == nil {
			return fmt.Errorf("the Kustomization %s is ready while its release is not", outageRelease)
		}
		said = unready.Error()
		return nil
	})
	if openErr := openAdmission(ctx, c); err != nil || openErr != nil {
		return "", errors.Join(err, openErr)
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

// outageName is that of the policy and of its binding.
const outageName = "rehearsal-outage"

// closeAdmission refuses every change of a Deployment in the namespace, and returns once every API server does.
func closeAdmission(ctx context.Context, c *cluster) error {
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: outageName},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: outageNamespace}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
				}}},
			},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "admission is out of order"}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: outageName},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: outageName, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
	admission := c.client.AdmissionregistrationV1()
	_, err := admission.ValidatingAdmissionPolicies().Create(ctx, policy, metav1.CreateOptions{})
	if err == nil {
		_, err = admission.ValidatingAdmissionPolicyBindings().Create(ctx, binding, metav1.CreateOptions{})
	}
	if err != nil {
		return err
	}
	return within(ctx, time.Minute, func(ctx context.Context) error {
		deployments := c.client.AppsV1().Deployments(outageNamespace)
		found, err := deployments.Get(ctx, outageRelease, metav1.GetOptions{})
		if err != nil {
			return err
		}
		_, err = deployments.Update(ctx, found, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil || !strings.Contains(err.Error(), outageName) {
			return fmt.Errorf("admission lets a Deployment through: %w", err)
		}
		return nil
	})
}

func openAdmission(ctx context.Context, c *cluster) error {
	admission := c.client.AdmissionregistrationV1()
	return errors.Join(
		admission.ValidatingAdmissionPolicyBindings().Delete(ctx, outageName, metav1.DeleteOptions{}),
		admission.ValidatingAdmissionPolicies().Delete(ctx, outageName, metav1.DeleteOptions{}),
	)
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
	// A receiver that is just being started again loses it; whoever waits for a commit has GitHub deliver it again.
	return within(ctx, reconciled, func(ctx context.Context) error {
		_, err := r.announce(ctx, sha)
		return err
	})
}
