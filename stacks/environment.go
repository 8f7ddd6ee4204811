package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// foreign are the variables that a provider of the stack takes over what the program gives
// it, or refuses beside it, with what they would do. The providers run with the
// environment of the shell that pulumi was started in.
//
// 1Password's own are not among them where a Connect server is used: there the program
// gives the provider empty values, which win.
func foreign(stack *spec.Stack) map[string]string {
	found := map[string]string{}
	if stack.Edge.Cloudflare != nil {
		const beside = "Cloudflare's provider refuses it beside edge.cloudflare.apiTokenRef"
		found["CLOUDFLARE_API_KEY"], found["CLOUDFLARE_API_USER_SERVICE_KEY"] = beside, beside
	}
	if stack.Flux.GitHub != nil {
		// https://github.com/integrations/terraform-provider-github/blob/v6.2.3/github/provider.go
		const owner = "GitHub's provider takes it for the owner of flux.repository"
		found["GITHUB_OWNER"], found["GITHUB_ORGANIZATION"] = owner, owner
		found["GITHUB_BASE_URL"] = "GitHub's provider would send flux.github.tokenRef there"
	}
	if o := stack.Secrets.OnePassword; o != nil && o.ServiceAccountTokenRef != "" && o.ConnectHost == "" {
		const beside = "1Password's provider refuses it beside secrets.onePassword.serviceAccountTokenRef"
		found["OP_CONNECT_HOST"], found["OP_CONNECT_TOKEN"], found["OP_ACCOUNT"] = beside, beside, beside
	}
	return found
}

// checkEnvironment refuses a shell whose variables would reach the providers, all of them
// at once. Values are not shown: most are secrets.
func checkEnvironment(stack *spec.Stack, lookup func(string) (string, bool)) error {
	var names, lines []string
	all := foreign(stack)
	owner, _ := stack.Flux.OwnerAndName()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value, _ := lookup(name)
		if value == "" || strings.HasPrefix(name, "GITHUB_O") && value == owner {
			continue
		}
		names = append(names, "-u "+name)
		lines = append(lines, fmt.Sprintf("%s is set in this shell: %s", name, all[name]))
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s\nrun `make up STACK=%s`, which leaves them out, or `env %s pulumi ...`; nothing was touched",
		strings.Join(lines, "\n"), stack.Name, strings.Join(names, " "))
}
