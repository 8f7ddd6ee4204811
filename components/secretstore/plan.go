package secretstore

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

const (
	// Namespace is where Connect and External Secrets run.
	Namespace = "external-secrets"
	// podsTimeout is how long the pods of a chart may take to run.
	podsTimeout = 10 * time.Minute
)

// The steps that others wait for.
const (
	namespaceStep       = "namespace"
	tokenStep           = "token"
	credentialsStep     = "credentials"
	policyStep          = "connect-policy"
	storePolicyStep     = "store-policy"
	connectStep         = "connect"
	externalSecretsStep = "external-secrets"
	storeStep           = "store"
)

// The late values.
const (
	// tokenValue is the access token that Connect takes.
	tokenValue = "connect-token"
	// credentialsValue is 1password-credentials.json in the form that the chart takes.
	credentialsValue = "connect-credentials"
	// checksumValue changes with credentialsValue.
	checksumValue = "connect-credentials-checksum"
)

// Plan is what a stack with a 1Password vault puts into the cluster; nil for a stack
// without.
func Plan(stack *spec.Stack) (plan.Steps, error) {
	if stack.Secrets.OnePassword == nil {
		return nil, nil
	}
	steps := plan.Steps{
		{Name: namespaceStep, Object: &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: Namespace},
		}},
		secretStep(tokenStep, tokenSecret, tokenKey, tokenValue),
	}
	// The store is Ready once External Secrets has read the vault: whatever that takes
	// comes before it.
	before := []string{tokenStep, externalSecretsStep}
	if inCluster(stack) {
		connect, err := connectSteps(stack)
		if err != nil {
			return nil, err
		}
		steps, before = append(steps, connect...), append(before, connectStep)
	} else {
		steps = append(steps, plan.Step{
			Name: storePolicyStep, Object: storePolicy(stack), After: []string{namespaceStep}, Needs: []plan.Condition{plan.Network},
		})
		before = append(before, storePolicyStep)
	}
	operator, err := externalSecrets(stack)
	if err != nil {
		return nil, err
	}
	steps = append(steps, operator, plan.Step{Name: storeStep, Object: store(stack), After: before})
	return steps, steps.Check()
}

// secretStep makes a Secret with one key.
func secretStep(name, secret, key, value string) plan.Step {
	return plan.Step{
		Name: name,
		Object: &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Name: secret, Namespace: Namespace},
			Type:       corev1.SecretTypeOpaque,
		},
		From:  []plan.From{{Path: []string{"stringData", key}, Value: value}},
		After: []string{namespaceStep},
	}
}
