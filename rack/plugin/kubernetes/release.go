package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/release"
)

// releaseType is the one resource of the provider that is no object of the API: Helm makes it.
const releaseType = "kubernetes:helm.sh/v3:Release"

func isRelease(urn string) bool { return resource.URN(urn).Type() == releaseType }

func (s *Server) releases() release.Cluster { return release.Cluster{Config: s.cluster.config} }

// createRelease installs. A preview only lays out what the program says: Check has looked for the chart.
func (s *Server) createRelease(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, declared, err := readRelease("kubernetes.CreateRelease.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		properties, err := s.write("kubernetes.CreateRelease.preview", previewOf(inputs, declared))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	if s.unreachable != "" {
		return nil, fmt.Errorf("can't create Helm Release with unreachable cluster: %s", s.unreachable)
	}

	id := declared.ID()
	err = s.releases().Install(ctx, declared)
	var failed *release.FailedError
	if err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	properties, writeErr := s.write("kubernetes.CreateRelease.state", stateOf(inputs, declared))
	if writeErr != nil {
		return nil, writeErr
	}
	if failed != nil {
		s.warn(ctx, req.GetUrn(), "Helm release %q was created but has a failed status. Use the `helm` command to "+
			"investigate the error, correct it, then retry. Reason: %v", declared.Name, failed.Err)
		return nil, notInitialized(id, fmt.Errorf("Helm release %q was created, but failed to initialize completely. "+ //nolint:staticcheck // shown to people as it is
			"Use Helm CLI to investigate: %w", id, failed), properties, nil)
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

// updateRelease upgrades. After a failure the new inputs are in the state, marked as not initialized, so that the
// next run tries again even when nothing changed.
func (s *Server) updateRelease(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	_, old, err := readRelease("kubernetes.UpdateRelease.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, declared, err := readRelease("kubernetes.UpdateRelease.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		properties, err := s.write("kubernetes.UpdateRelease.preview", previewOf(inputs, declared))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	if s.unreachable != "" {
		return nil, fmt.Errorf("can't update Helm Release with unreachable cluster: %s", s.unreachable)
	}

	err = s.releases().Upgrade(ctx, old.Namespace, declared)
	var failed *release.FailedError
	if err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	properties, writeErr := s.write("kubernetes.UpdateRelease.state", stateOf(inputs, declared))
	if writeErr != nil {
		return nil, writeErr
	}
	if failed != nil {
		return nil, notInitialized(declared.ID(), fmt.Errorf("Helm release %q failed to initialize completely. "+ //nolint:staticcheck // shown to people as it is
			"Use Helm CLI to investigate: %w", declared.ID(), failed), properties, nil)
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// deleteRelease uninstalls. A release that is gone already is an error, as it is to Helm.
func (s *Server) deleteRelease(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if s.unreachable != "" {
		return nil, fmt.Errorf("can't delete Helm Release with unreachable cluster. Reason: %q", s.unreachable)
	}
	_, declared, err := readRelease("kubernetes.DeleteRelease.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	left, err := s.releases().Uninstall(declared)
	if err != nil {
		return nil, err
	}
	if left != "" {
		s.warn(ctx, req.GetUrn(), "Helm uninstall returned information: %q", left)
	}
	return &emptypb.Empty{}, nil
}

// readRelease takes a release off the wire: the properties as they came, and what they say.
func readRelease(label string, properties *structpb.Struct) (resource.PropertyMap, *release.Release, error) {
	given, err := read(label, properties)
	if err != nil {
		return nil, nil, err
	}
	declared, err := release.Decode(knownOf(given))
	return given, declared, err
}
