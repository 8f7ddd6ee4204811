// Package settings has what the Git tree takes from the stack file: the data of the
// ConfigMap cluster-settings, which Flux substitutes for ${NAME} in every manifest of
// the tree (https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution).
// An address or a version is thus written once, in the stack file.
//
// A setting exists only if the stack has what it is about. A tree that asks for
// Longhorn's version, of a stack without Longhorn, is an error; it does not get an empty
// string. No value is empty. Quote a setting in a manifest wherever YAML could read its
// value as something else than a string.
package settings
