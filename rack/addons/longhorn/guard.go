package longhorn

import (
	"errors"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// guardName is that of the policy and of its binding.
const guardName = "rack-longhorn-node"

// letsGo is true of a change of a node's object in which no disk leaves that takes replicas or has some.
const letsGo = `!has(oldObject.spec.disks) || oldObject.spec.disks.all(d,
  (has(object.spec.disks) && d in object.spec.disks) ||
  (!(has(oldObject.spec.disks[d].allowScheduling) && oldObject.spec.disks[d].allowScheduling) &&
   !(has(oldObject.status) && has(oldObject.status.diskStatus) && d in oldObject.status.diskStatus &&
     has(oldObject.status.diskStatus[d].scheduledReplica) && size(oldObject.status.diskStatus[d].scheduledReplica) > 0)))`

// guard stands for the admission webhook of Longhorn's nodes, as far as it is about disks that leave.
func (p *pass) guard() error {
	policy := &admissionv1.ValidatingAdmissionPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: guardName},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{Nodes.Group}, APIVersions: []string{Nodes.Version}, Resources: []string{Nodes.Resource}},
				},
			}}},
			Validations: []admissionv1.Validation{{
				Expression: letsGo, Message: "Delete Disk on node error: Please disable the disk and remove all replicas and backing images first",
			}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingAdmissionPolicyBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: guardName},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: guardName, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
	return errors.Join(p.Apply(p.ctx, cluster.Policies, policy), p.Apply(p.ctx, cluster.PolicyBindings, binding))
}
