package fluxio

// KustomizationSpec is the part of a Kustomization that the program adds to the one
// that Flux's operator makes
// (https://fluxcd.io/flux/components/kustomize/kustomizations/).
type KustomizationSpec struct {
	Decryption *Decryption `json:"decryption,omitempty"`
	PostBuild  *PostBuild  `json:"postBuild,omitempty"`
	Patches    []Patch     `json:"patches,omitempty"`
}

// Decryption is how encrypted Secrets of the tree are read.
type Decryption struct {
	Provider  string `json:"provider"`
	SecretRef Name   `json:"secretRef"`
}

// PostBuild is what replaces variables.
type PostBuild struct {
	SubstituteFrom []Reference `json:"substituteFrom"`
}

// Patch changes the objects of a build.
type Patch struct {
	// Patch is a partial object, or a list of JSON patch operations.
	Patch  string `json:"patch"`
	Target Target `json:"target"`
}

// Target chooses the objects.
type Target struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}
