// Package flux installs Flux by its operator, and has it follow the Git repository
// that owns the cluster's content from then on. At GitHub it registers what that needs
// and what protects it: a deploy key, a webhook, a ruleset for the branch.
//
// What the stack file says and the tree needs goes into a ConfigMap and a Secret, from
// which Flux substitutes variables: see package settings.
//
// Secret scanning and push protection are not managed here. GitHub's provider has
// them only as part of the whole repository, which the program would then own, and
// could delete. Public repositories have both by default
// (https://docs.github.com/en/code-security/secret-scanning/introduction/about-push-protection).
package flux
