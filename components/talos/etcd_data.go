package talos

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/protobuf/types/known/emptypb"
)

// holdsEtcdData asks what Talos itself does before it refuses to bootstrap:
// whether there is anything in etcd's directory. An empty one is believed only
// when the etcd service exists, because before that the data may not be mounted.
func holdsEtcdData(ctx context.Context, api machineapi.MachineServiceClient) (bool, error) {
	entries, err := list(ctx, api, constants.EtcdDataPath)
	if err != nil {
		siblings, parentErr := list(ctx, api, path.Dir(constants.EtcdDataPath))
		if parentErr != nil || slices.Contains(siblings, path.Base(constants.EtcdDataPath)) {
			return false, err
		}
	}
	if len(entries) > 0 {
		return true, nil
	}
	return false, etcdServiceExists(ctx, api)
}

func etcdServiceExists(ctx context.Context, api machineapi.MachineServiceClient) error {
	reply, err := api.ServiceList(ctx, &emptypb.Empty{})
	if err != nil {
		return err
	}
	for _, message := range reply.GetMessages() {
		for _, service := range message.GetServices() {
			if service.GetId() == "etcd" {
				return nil
			}
		}
	}
	return errors.New("the Talos API is up, and the machine has not come to etcd yet")
}

// list is the names in a directory of the machine.
func list(ctx context.Context, api machineapi.MachineServiceClient, dir string) ([]string, error) {
	stream, err := api.List(ctx, &machineapi.ListRequest{Root: dir})
	if err != nil {
		return nil, err
	}
	var names []string
	for {
		entry, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		// The first entry is the directory itself.
		name := strings.Trim(entry.GetRelativeName(), "/")
		self := name == "" || name == "."
		switch {
		case self && entry.GetError() != "":
			return nil, errors.New(entry.GetError())
		case !self:
			names = append(names, name)
		}
	}
}
