package spec

import "strings"

// SecretRef says where a secret is kept; the secret itself is never in the stack file's objects.
//
//	op://vault/item/field   a field of a 1Password item, read through the 1Password provider
//	config:key              the Pulumi secret home-ops:key of this stack, set with
//	                        `pulumi config set --secret home-ops:key`
type SecretRef string

// ConfigKey returns the key of a "config:key" reference, without the project's namespace.
func (r SecretRef) ConfigKey() (key string, ok bool) {
	return strings.CutPrefix(string(r), "config:")
}

// OnePassword splits an "op://vault/item/field" reference. A section between item and field, as in
// op://vault/item/section/field, stays in front of the field.
func (r SecretRef) OnePassword() (vault, item, field string, ok bool) {
	rest, ok := strings.CutPrefix(string(r), "op://")
	if !ok {
		return "", "", "", false
	}
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}
