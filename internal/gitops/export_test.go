package gitops

var GatewaysOf = gatewaysOf

// NeedsOf are the needs of a Kustomization and of its components.
func (c *Cluster) NeedsOf(k *Kustomization) []string {
	needs := needsOf(k.Annotations)
	for _, component := range k.Spec.Components {
		if file, err := readComponent(c.Root + "/" + k.folder() + "/" + component); err == nil {
			needs = append(needs, needsOf(annotationsOf(file))...)
		}
	}
	return needs
}
