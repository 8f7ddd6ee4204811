package talos

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"

	"github.com/home-ops/home-ops/spec"
)

// pageSize is the least that etcd's database grows by, whatever the page size of its machine: a snapshot is whole pages
// and the hash of them (https://github.com/etcd-io/etcd/blob/v3.6.5/etcdutl/snapshot/v3_snapshot.go).
const pageSize = 512

// CheckSnapshot is nil for a file that is a whole snapshot of etcd: the hash that etcd wrote at its end fits.
func CheckSnapshot(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("etcd snapshot: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("etcd snapshot: %w", err)
	}
	size := info.Size() - sha256.Size
	if size <= 0 || size%pageSize != 0 {
		return fmt.Errorf("etcd snapshot %s: its %d bytes are not whole pages and a hash: it is cut short, or no snapshot", path, info.Size())
	}
	hash := sha256.New()
	if _, err := io.CopyN(hash, file, size); err != nil {
		return fmt.Errorf("etcd snapshot %s: %w", path, err)
	}
	want, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("etcd snapshot %s: %w", path, err)
	}
	if !bytes.Equal(hash.Sum(nil), want) {
		return fmt.Errorf("etcd snapshot %s: its hash does not fit: it was changed or damaged", path)
	}
	return nil
}

// RestoreEtcd starts etcd from a snapshot, as `talosctl bootstrap --recover-from` does. Where a control plane holds etcd
// data it is an error: a snapshot is never put over what is newer.
func RestoreEtcd(snapshot string) EtcdStarter {
	return func(ctx context.Context, controlPlanes []spec.Node, credentials Credentials) error {
		if err := CheckSnapshot(snapshot); err != nil {
			return err
		}
		return startEtcd(ctx, controlPlanes, credentials, defaultPatience(), start{snapshot: snapshot})
	}
}

// errHoldsData says why a snapshot was not restored.
var errHoldsData = errors.New("etcd was not restored, because a control plane holds etcd data already: if an interrupted run restored it, " +
	"run the update without the snapshot; else reset the control planes first, `go run ./cmd/homeops reset`")

// upload streams the snapshot to the machine, which keeps it until it is told to bootstrap.
func upload(ctx context.Context, api machineapi.MachineServiceClient, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := api.EtcdRecover(ctx)
	if err != nil {
		return err
	}
	reader := bufio.NewReader(file)
	chunk := make([]byte, 64<<10)
	for {
		n, err := reader.Read(chunk)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		// A machine that refuses has closed the stream: what it says comes with the answer.
		if err := stream.Send(&common.Data{Bytes: chunk[:n]}); err != nil {
			break
		}
	}
	_, err = stream.CloseAndRecv()
	return err
}
