package roll

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	"google.golang.org/grpc"
	"gopkg.in/yaml.v3"
)

// The resources of Talos that are read here, by their types. Their Go types would add
// three hundred packages to the program.
const (
	runtimeNamespace = "runtime"
	extensionsType   = "ExtensionStatuses.runtime.talos.dev"
	statusType       = "MachineStatuses.runtime.talos.dev"
	networkNamespace = "network"
	addressType      = "AddressStatuses.net.talos.dev"
	configNamespace  = "config"
	configType       = "MachineConfigs.config.talos.dev"
	// activeConfigID is the config in effect; others are kept for the next boot.
	activeConfigID = "v1alpha1"
)

// schematicOf is what the image factory's own extension says
// (https://github.com/siderolabs/image-factory#schematics).
func schematicOf(ctx context.Context, conn grpc.ClientConnInterface) (string, error) {
	var extension struct {
		Metadata struct {
			Name    string `yaml:"name"`
			Version string `yaml:"version"`
		} `yaml:"metadata"`
	}
	var schematic string
	err := list(ctx, conn, runtimeNamespace, extensionsType, func(raw string) error {
		if err := yaml.Unmarshal([]byte(raw), &extension); err != nil {
			return err
		}
		if extension.Metadata.Name == "schematic" {
			schematic = extension.Metadata.Version
		}
		return nil
	})
	return schematic, err
}

// statusOf is how far the machine's boot has come.
func statusOf(ctx context.Context, conn grpc.ClientConnInterface) (ready bool, unmet string, err error) {
	var machine struct {
		Stage  string `yaml:"stage"`
		Status struct {
			Ready bool `yaml:"ready"`
			Unmet []struct {
				Name   string `yaml:"name"`
				Reason string `yaml:"reason"`
			} `yaml:"unmetConditions"`
		} `yaml:"status"`
	}
	err = list(ctx, conn, runtimeNamespace, statusType, func(raw string) error { return yaml.Unmarshal([]byte(raw), &machine) })
	if err != nil {
		return false, "", fmt.Errorf("machine status: %w", err)
	}
	if machine.Stage == "running" && machine.Status.Ready {
		return true, "", nil
	}
	reasons := []string{"it is " + machine.Stage}
	for _, u := range machine.Status.Unmet {
		reasons = append(reasons, u.Name+": "+u.Reason)
	}
	return false, strings.Join(reasons, ", "), nil
}

// addresses are those that the machine's links carry.
func addresses(ctx context.Context, conn grpc.ClientConnInterface) ([]netip.Addr, error) {
	var all []netip.Addr
	err := list(ctx, conn, networkNamespace, addressType, func(raw string) error {
		var status struct {
			Address netip.Prefix `yaml:"address"`
		}
		if err := yaml.Unmarshal([]byte(raw), &status); err != nil {
			return err
		}
		all = append(all, status.Address.Addr())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("its addresses: %w", err)
	}
	return all, nil
}

// activeConfig is the config that the machine runs with.
func activeConfig(ctx context.Context, conn grpc.ClientConnInterface) ([]byte, error) {
	reply, err := cosi.NewStateClient(conn).Get(ctx, &cosi.GetRequest{
		Namespace: configNamespace, Type: configType, Id: activeConfigID, Options: &cosi.GetOptions{},
	})
	if err != nil {
		return nil, err
	}
	// The documents are one text in the resource.
	var text string
	raw := reply.GetResource().GetSpec().GetYamlSpec()
	if err := yaml.Unmarshal([]byte(raw), &text); err != nil {
		return []byte(raw), nil //nolint:nilerr // releases before 1.5 have the document itself there
	}
	return []byte(text), nil
}

// list reads every resource of a type in a namespace, as YAML.
func list(ctx context.Context, conn grpc.ClientConnInterface, namespace, kind string, read func(yaml string) error) error {
	stream, err := cosi.NewStateClient(conn).List(ctx, &cosi.ListRequest{Namespace: namespace, Type: kind, Options: &cosi.ListOptions{}})
	if err != nil {
		return err
	}
	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := read(reply.GetResource().GetSpec().GetYamlSpec()); err != nil {
			return err
		}
	}
}

// kubeconfigIn takes the one file out of the archive that Talos sends.
func kubeconfigIn(archive []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	files := tar.NewReader(unzipped)
	if _, err := files.Next(); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return io.ReadAll(files)
}
