package flux

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/flux/hostkeys"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// gitSecret is the name of the Secret that opens the repository.
const gitSecret = "flux-git"

// pullSecret is the name of the Secret that opens the repository; empty when the
// repository is public.
func pullSecret(f spec.Flux) string {
	if f.SSH() || f.TokenRef != "" {
		return gitSecret
	}
	return ""
}

// gitSteps are the Secret that opens the repository, if it needs one
// (https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference).
func gitSteps(stack *spec.Stack) plan.Steps {
	switch {
	case pullSecret(stack.Flux) == "":
		return nil
	case stack.Flux.SSH():
		return plan.Steps{secretStep(stepGit, gitSecret,
			map[string]string{"known_hosts": hostkeys.For(stack.Flux)}, key("identity", valueGitKey))}
	case stack.Flux.OCI():
		step := secretStep(stepGit, gitSecret, nil, key(corev1.DockerConfigJsonKey, valuePullConfig))
		step.Object.(*corev1.Secret).Type = corev1.SecretTypeDockerConfigJson
		return plan.Steps{step}
	default:
		return plan.Steps{secretStep(stepGit, gitSecret,
			map[string]string{"username": stack.Flux.Username}, key("password", valueGitToken))}
	}
}

// pullConfig is the form in which Flux takes a token for a registry
// (https://fluxcd.io/flux/components/source/ocirepositories/#secret-reference).
func pullConfig(f spec.Flux, token pulumi.StringInput) pulumi.StringOutput {
	return token.ToStringOutput().ApplyT(func(token string) (string, error) {
		type login struct {
			Username string `json:"username"`
			Password string `json:"password"`
		}
		config, err := json.Marshal(map[string]map[string]login{"auths": {f.Authority(): {f.Username, token}}})
		return string(config), err
	}).(pulumi.StringOutput)
}
