package talos

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
)

// imageFactorySchematic is talos:imageFactory/schematic:Schematic: a schematic that the image factory knows, by the
// id that the factory gives it. The factory forgets none, so a delete does nothing, and neither does a refresh.
// https://github.com/siderolabs/terraform-provider-talos/blob/v0.10.1/pkg/talos/talos_image_factory_schematic_resource.go
func imageFactorySchematic(factory *imageFactory) resourceType {
	post := func(ctx context.Context, planned resource.PropertyMap, complaint string) (resource.PropertyMap, error) {
		var content schematic
		if err := yaml.Unmarshal([]byte(textAt(planned, "schematic")), &content); err != nil {
			return nil, diagnostic{"failed to unmarshal schematic", err}
		}
		id, err := factory.create(ctx, content)
		if err != nil {
			return nil, diagnostic{complaint, err}
		}
		return withID(planned, id), nil
	}
	return resourceType{
		attributes: object(map[resource.PropertyKey]shape{
			"id":        text().isComputed(),
			"schematic": text(),
		}),
		create: func(ctx context.Context, planned resource.PropertyMap) (resource.PropertyMap, error) {
			return post(ctx, planned, "failed to create schematic")
		},
		update: func(ctx context.Context, planned, _ resource.PropertyMap) (resource.PropertyMap, error) {
			return post(ctx, planned, "failed to update schematic")
		},
	}
}

// schematic is the form in which a schematic is sent, whatever form the program gave it; what is not in it is left
// out without a word.
// https://github.com/siderolabs/image-factory/blob/v0.9.0/pkg/schematic/schematic.go
type schematic struct {
	Overlay struct {
		Image   string         `yaml:"image"`
		Name    string         `yaml:"name"`
		Options map[string]any `yaml:"options,omitempty"`
	} `yaml:"overlay,omitempty"`
	Customization struct {
		ExtraKernelArgs []string `yaml:"extraKernelArgs,omitempty"`
		Meta            []struct {
			Key   uint8  `yaml:"key"`
			Value string `yaml:"value"`
		} `yaml:"meta,omitempty"`
		SystemExtensions struct {
			OfficialExtensions []string `yaml:"officialExtensions,omitempty"`
		} `yaml:"systemExtensions,omitempty"`
		Bootloader string `yaml:"bootloader,omitempty"`
		SecureBoot struct {
			IncludeWellKnownCertificates bool `yaml:"includeWellKnownCertificates,omitempty"`
		} `yaml:"secureboot,omitempty"`
	} `yaml:"customization"`
}
