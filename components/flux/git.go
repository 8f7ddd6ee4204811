package flux

import (
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
	default:
		// Git servers accept any user name beside a token.
		return plan.Steps{secretStep(stepGit, gitSecret,
			map[string]string{"username": "git"}, key("password", valueGitToken))}
	}
}
