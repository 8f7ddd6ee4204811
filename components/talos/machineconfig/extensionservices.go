package machineconfig

import (
	"fmt"
	"maps"
	"slices"

	configdoc "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/types/runtime/extensions"

	"github.com/home-ops/home-ops/spec"
)

// extensionServices are the settings of the services that the node's extensions
// bring, with the secrets among them.
func extensionServices(node spec.Node, secrets Passphrases) ([]configdoc.Document, error) {
	var documents []configdoc.Document
	for i, service := range node.ExtensionServices {
		path := fmt.Sprintf("extensionServices[%d]", i)
		document := extensions.NewServicesConfigV1Alpha1()
		document.ServiceName = service.Name

		variables := maps.Clone(service.Environment)
		if variables == nil {
			variables = map[string]string{}
		}
		for name, ref := range service.SecretEnvironment {
			if secrets[ref] == "" {
				return nil, fmt.Errorf("%s.secretEnvironment.%s: %s gave no secret", path, name, ref)
			}
			variables[name] = secrets[ref]
		}
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			document.ServiceEnvironment = append(document.ServiceEnvironment, name+"="+variables[name])
		}

		for j, file := range service.Files {
			content := file.Content
			if file.ContentRef != "" {
				if content = secrets[file.ContentRef]; content == "" {
					return nil, fmt.Errorf("%s.files[%d].contentRef: %s gave no secret", path, j, file.ContentRef)
				}
			}
			document.ServiceConfigFiles = append(document.ServiceConfigFiles, extensions.ConfigFile{
				ConfigFileContent: content, ConfigFileMountPath: file.Path,
			})
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// nodeRefs are the secrets in a node's configuration beside passphrases.
func nodeRefs(node spec.Node) []spec.SecretRef {
	var refs []spec.SecretRef
	for _, service := range node.ExtensionServices {
		for _, name := range slices.Sorted(maps.Keys(service.SecretEnvironment)) {
			refs = append(refs, service.SecretEnvironment[name])
		}
		for _, file := range service.Files {
			if file.ContentRef != "" {
				refs = append(refs, file.ContentRef)
			}
		}
	}
	for _, ref := range node.PatchRefs() {
		refs = append(refs, ref.Ref)
	}
	return refs
}
