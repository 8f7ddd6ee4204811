// Package flux installs Flux by its operator, and has it follow the Git repository
// that owns the cluster's content from then on; at GitHub it registers what makes
// that quick and safe: a deploy key, a webhook, rules for the branch.
//
// What the stack file says and the tree needs goes into a ConfigMap and a Secret, out
// of which Flux fills in variables: see package settings.
//
// Secret scanning and push protection are not managed here. GitHub's provider has
// them only as part of the whole repository, which would then be the program's to
// change and to delete. Public repositories have both by default
// (https://docs.github.com/en/code-security/secret-scanning/introduction/about-push-protection).
package flux
