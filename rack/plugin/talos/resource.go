package talos

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// resourceType is one kind of resource: its schema, and what its plan, create, update and delete do beyond it.
// A nil function means that the genuine resource does nothing there.
type resourceType struct {
	attributes shape
	// validate tells what is wrong with known inputs that the schema alone lets through.
	validate func(inputs resource.PropertyMap) []problem
	// plan fills in what the schema alone cannot tell. It may dial a node only where the genuine provider does.
	plan func(ctx context.Context, p *plan) error
	// create and update carry out the plan and return the whole new state, its id included.
	create func(ctx context.Context, planned resource.PropertyMap) (resource.PropertyMap, error)
	update func(ctx context.Context, planned, prior resource.PropertyMap) (resource.PropertyMap, error)
	delete func(ctx context.Context, state resource.PropertyMap) error
	// importState is the state of a resource that exists outside, found by its id; nil refuses an import.
	importState func(id string) (resource.PropertyMap, error)
}

// resourceTypes are the resources that the stand-in has.
func resourceTypes(factory *imageFactory) map[tokens.Type]resourceType {
	return map[tokens.Type]resourceType{
		"talos:machine/secrets:Secrets":                       machineSecrets(),
		"talos:machine/configurationApply:ConfigurationApply": configurationApply(),
		"talos:machine/bootstrap:Bootstrap":                   bootstrap(),
		"talos:cluster/kubeconfig:Kubeconfig":                 kubeconfig(),
		"talos:imageFactory/schematic:Schematic":              imageFactorySchematic(factory),
	}
}

// function is one invoke: the shape of its arguments and of its result.
type function struct {
	arguments, result shape
	call              func(ctx context.Context, arguments resource.PropertyMap) (resource.PropertyMap, error)
}

// functions are the invokes that the stand-in has.
func functions() map[tokens.ModuleMember]function {
	return map[tokens.ModuleMember]function{
		"talos:machine/getConfiguration:getConfiguration": machineConfiguration(),
		"talos:client/getConfiguration:getConfiguration":  clientConfigurationFile(),
		"talos:cluster/getKubeconfig:getKubeconfig":       readKubeconfig(),
		"talos:machine/getDisks:getDisks":                 machineDisks(),
	}
}

// clientConfiguration is the attribute that every resource which talks to a node has.
func clientConfiguration() shape {
	return object(map[resource.PropertyKey]shape{
		"caCertificate":     text().isRequired(),
		"clientCertificate": text().isRequired(),
		"clientKey":         text().isRequired().isSecret(),
	})
}

// timeouts is the attribute of the operations whose time a program may set, each a Go duration.
func timeouts(operations ...resource.PropertyKey) shape {
	fields := map[resource.PropertyKey]shape{}
	for _, operation := range operations {
		fields[operation] = text()
	}
	return object(fields)
}

// withID is the state with the id that Terraform keeps among the attributes.
func withID(state resource.PropertyMap, id string) resource.PropertyMap {
	state = state.Copy()
	state["id"] = resource.NewStringProperty(id)
	return state
}
