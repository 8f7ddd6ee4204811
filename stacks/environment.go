package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// foreign are the variables that a provider of the stack takes over what the program gives
// it, or beside what the program leaves open, or refuses, with what they would do. The
// providers run with the environment of the shell that pulumi was started in. What else
// they read is explicit in the program, or harmless: environment_test.go says which.
//
// 1Password's own are not among them where a Connect server is used: there the program
// gives the provider empty values, which win.
func foreign(stack *spec.Stack) map[string]string {
	found := map[string]string{}
	add := func(does string, names ...string) {
		for _, name := range names {
			found[name] = does
		}
	}
	// Of each cluster: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
	add("Kubernetes' provider would no longer apply on the server, where it takes over what a dead run has left", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY")
	add("Kubernetes' provider would drop all objects from the state when the cluster does not answer", "PULUMI_K8S_DELETE_UNREACHABLE")
	add("Kubernetes' provider would take a change for made that an unreachable cluster never got", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE")
	add("Kubernetes' provider would keep Helm's releases elsewhere, and find none of those that there are", "PULUMI_K8S_HELM_DRIVER")
	add("Kubernetes' provider would wait for what is not ready before later steps", "PULUMI_K8S_AWAIT_ALL")
	if stack.Edge.Cloudflare != nil {
		add("Cloudflare's provider refuses it beside edge.cloudflare.apiTokenRef", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_USER_SERVICE_KEY")
		add("Cloudflare's provider would send edge.cloudflare.apiTokenRef there", "CLOUDFLARE_API_HOSTNAME", "CLOUDFLARE_API_BASE_PATH")
		add("Cloudflare's provider may write down what it sends, secrets among it", "CLOUDFLARE_API_CLIENT_LOGGING")
	}
	if stack.Flux.GitHub != nil {
		// https://github.com/integrations/terraform-provider-github/blob/v6.2.3/github/provider.go
		add("GitHub's provider takes it for the owner of flux.repository", "GITHUB_OWNER", "GITHUB_ORGANIZATION")
		add("GitHub's provider would send flux.github.tokenRef there", "GITHUB_BASE_URL")
	}
	if o := stack.Secrets.OnePassword; o != nil && o.ServiceAccountTokenRef != "" && o.ConnectHost == "" {
		add("1Password's provider refuses it beside secrets.onePassword.serviceAccountTokenRef", "OP_CONNECT_HOST", "OP_CONNECT_TOKEN", "OP_ACCOUNT")
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
