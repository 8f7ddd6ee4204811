package node

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/version"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// etcdDir is where etcd keeps its data; whether it is empty tells if the cluster was bootstrapped.
const etcdDir = "/var/lib/etcd"

// file is the content of one that can be read.
func (s *session) file(name string) ([]byte, error) {
	switch name {
	case "/proc/sys/kernel/random/boot_id":
		return []byte(s.bootID + "\n"), nil
	case "/etc/hostname":
		return []byte(s.machine().Name + "\n"), nil
	case "/etc/os-release":
		return version.OSReleaseFor("Talos", s.version())
	}
	if of := s.node.opts.File; of != nil && strings.HasPrefix(name, "/proc/spl/") {
		content, err := of(name)
		if errors.Is(err, fs.ErrNotExist) {
			// https://github.com/siderolabs/talos/blob/main/internal/app/machined/internal/server/v1alpha1/v1alpha1_server.go
			err = status.Error(codes.NotFound, err.Error())
		}
		return content, err
	}
	return nil, status.Errorf(codes.Unimplemented, "the simulated node has no file %s", name)
}

// Read streams a file.
func (m *machineService) Read(req *machineapi.ReadRequest, stream machineapi.MachineService_ReadServer) error {
	content, err := m.session.file(path.Clean(req.GetPath()))
	if err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: content})
}

// List streams a directory and what is in it. The one directory that is simulated is etcd's.
func (m *machineService) List(req *machineapi.ListRequest, stream machineapi.MachineService_ListServer) error {
	root := path.Clean("/" + req.GetRoot())
	if root != etcdDir {
		return status.Errorf(codes.Unimplemented, "the simulated node has no directory %s", root)
	}
	if !m.session.isControlPlane() {
		return fmt.Errorf("lstat %s: no such file or directory", root)
	}
	names := []string{"."}
	if m.session.kubernetes().HasEtcdData() {
		names = append(names, "member")
	}
	for _, name := range names {
		err := stream.Send(&machineapi.FileInfo{
			Name:         strings.TrimSuffix(path.Join(root, name), "/"),
			RelativeName: name,
			Mode:         uint32(fs.ModeDir | 0o700),
			Modified:     m.session.started.Unix(),
			IsDir:        true,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Kubeconfig streams an archive that holds an administrator's kubeconfig.
func (m *machineService) Kubeconfig(_ *emptypb.Empty, stream machineapi.MachineService_KubeconfigServer) error {
	if err := m.controlPlaneOnly("kubeconfig"); err != nil {
		return err
	}
	kubeconfig, err := m.session.kubernetes().Kubeconfig(stream.Context())
	if err != nil {
		return err
	}
	archive, err := archiveOf("kubeconfig", kubeconfig)
	if err != nil {
		return err
	}
	return stream.Send(&common.Data{Bytes: archive})
}

func archiveOf(name string, content []byte) ([]byte, error) {
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	archive := tar.NewWriter(zipped)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), ModTime: time.Now(), Mode: 0o600}
	if err := archive.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := archive.Write(content); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// ServiceRestart restarts a service of Kubernetes, if that can be done.
func (m *machineService) ServiceRestart(ctx context.Context, req *machineapi.ServiceRestartRequest) (*machineapi.ServiceRestartResponse, error) {
	restarter, ok := m.session.kubernetes().(ServiceRestarter)
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "the simulated node does not restart service %q", req.GetId())
	}
	if err := restarter.RestartService(ctx, req.GetId()); err != nil {
		return nil, err
	}
	return &machineapi.ServiceRestartResponse{Messages: []*machineapi.ServiceRestart{{
		Resp: fmt.Sprintf("Service %q restarted", req.GetId()),
	}}}, nil
}
