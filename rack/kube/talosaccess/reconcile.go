package talosaccess

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// refusal is a reason that Talos writes into an object instead of giving it a Secret, in Talos's words.
type refusal string

func (r refusal) Error() string { return string(r) }

// reconcile gives an object its Secret, or says in its status why it gets none.
func (c *Controller) reconcile(ctx context.Context, object *unstructured.Unstructured) error {
	err := c.answer(ctx, object)
	var refused refusal
	if err != nil && !errors.As(err, &refused) {
		return fmt.Errorf("%s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	reason, _, err := unstructured.NestedString(object.Object, "status", "failureReason")
	if err == nil && reason == string(refused) {
		return nil
	}
	object = object.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "status")
	if refused != "" {
		object.Object["status"] = map[string]any{"failureReason": string(refused)}
	}
	_, err = c.objects.Namespace(object.GetNamespace()).Update(ctx, object, metav1.UpdateOptions{FieldManager: "talos"})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // its change, or its end, is the next that is heard of
	}
	return err
}

func (c *Controller) answer(ctx context.Context, object *unstructured.Unstructured) error {
	namespace, name := object.GetNamespace(), object.GetName()
	secrets := c.client.CoreV1().Secrets(namespace)
	secret, err := secrets.Get(ctx, name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	if !missing && !metav1.IsControlledBy(secret, object) {
		return refusal(fmt.Sprintf("Secret already exists and is not managed by controller: %s/%s", namespace, name))
	}
	roles, err := c.allowed(object)
	if err != nil {
		return err
	}
	authority := c.machine().Machine().Security().IssuingCA()
	if !missing && stillGood(secret.Data[constants.TalosconfigFilename], authority, roles) {
		return nil
	}
	config, err := talosconfig(authority, roles)
	if err != nil {
		return err
	}
	data := map[string][]byte{constants.TalosconfigFilename: config}
	if !missing {
		secret.Data = data
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: "talos"})
		return err
	}
	kind := serviceAccounts.GroupVersion().WithKind(constants.ServiceAccountResourceKind)
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(object, kind)}},
		Data:       data,
	}, metav1.CreateOptions{FieldManager: "talos"})
	return err
}

// allowed is the roles that the object asks for, if the machine config lets its namespace have them.
func (c *Controller) allowed(object *unstructured.Unstructured) (role.Set, error) {
	asked, found, err := unstructured.NestedStringSlice(object.Object, "spec", "roles")
	if err != nil || !found {
		return role.Zero, refusal("Roles not found")
	}
	access := c.machine().K8sTalosAPIAccessConfig()
	if access == nil || !slices.Contains(access.AllowedKubernetesNamespaces(), object.GetNamespace()) {
		return role.Zero, refusal("Namespace is not allowed: " + object.GetNamespace())
	}
	var refused []string
	for _, r := range asked {
		if !slices.Contains(access.AllowedRoles(), r) {
			refused = append(refused, r)
		}
	}
	if len(refused) > 0 {
		return role.Zero, refusal(fmt.Sprintf("Roles not allowed: %v", refused))
	}
	roles, _ := role.Parse(asked)
	return roles, nil
}
