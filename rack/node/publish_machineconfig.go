package node

import (
	"context"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/resource/protobuf"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/siderolabs/talos/pkg/machinery/config"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
)

func (s *session) publishConfig(ctx context.Context, id resource.ID, cfg config.Provider) error {
	r, err := configResource(id, cfg)
	if err != nil {
		return err
	}
	return put(ctx, s.resources, r)
}

func (s *session) unpublishConfig(ctx context.Context, id resource.ID) error {
	err := s.resources.Destroy(ctx, configres.NewMachineConfigWithID(nil, id).Metadata())
	if state.IsNotFoundError(err) {
		return nil
	}
	return err
}

// configResource is the resource as it goes over the wire. Machinery leaves its YAML, which talosctl edits, to
// Talos's fork of the YAML library (https://github.com/unix4ever/yaml); with the upstream one it would be empty.
func configResource(id resource.ID, cfg config.Provider) (resource.Resource, error) {
	encoded, err := protobuf.FromResource(configres.NewMachineConfigWithID(cfg, id), protobuf.WithoutYAML())
	if err != nil {
		return nil, err
	}
	wire, err := encoded.Marshal()
	if err != nil {
		return nil, err
	}
	document, err := cfg.Bytes()
	if err != nil {
		return nil, err
	}
	wire.Spec.YamlSpec = string(document)
	return protobuf.Unmarshal(wire)
}
