// Package settings is what the stack file tells the Git tree: the data of the
// ConfigMap cluster-settings, which Flux puts in place of ${NAME} in every manifest
// of the tree (https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution).
// An address or a version is thus written once, in the stack file.
//
// A setting is there when what it is about is there: the tree of a stack without
// Longhorn has no use for a version of it, and asking for one is an error rather than
// an empty word. No value is empty. Quote a setting in a manifest wherever YAML could
// take its value for something else than text.
package settings
