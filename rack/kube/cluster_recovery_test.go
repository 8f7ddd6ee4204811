package kube_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/node"
)

func TestCluster_ComesBackFromASnapshotOfEtcd(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11") {
		return
	}
	c, _ := alone(t)
	kube := c.machines["cp-1"].kube
	before := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "before"}}
	written, err := c.client.CoreV1().ConfigMaps("default").Create(t.Context(), before, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var snapshot bytes.Buffer
	if err := kube.EtcdSnapshot(t.Context(), &snapshot); err != nil {
		t.Fatal(err)
	}
	after := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "after"}}
	if _, err := c.client.CoreV1().ConfigMaps("default").Create(t.Context(), after, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}

	if err := kube.Shutdown(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	c.powerOn("cp-1")
	path := filepath.Join(t.TempDir(), "etcd.snapshot")
	recoverFrom := func(text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := kube.Bootstrap(t.Context(), node.Recovery{Snapshot: path}); err != nil {
			t.Fatal(err)
		}
	}
	// A snapshot that was changed is no beginning. What etcd's own library leaves of it is in the way, as on a real machine.
	damaged := bytes.Clone(snapshot.Bytes())
	damaged[len(damaged)/2] ^= 0xff
	recoverFrom(damaged)
	c.eventually("a damaged snapshot is refused", 10*time.Second, func(context.Context) error {
		if why := kube.Services()[0].Message; !strings.Contains(why, "error recovering from the snapshot") {
			return errors.New(why)
		}
		return nil
	})
	if err := kube.Bootstrap(t.Context(), node.Recovery{}); status.Code(err) != codes.AlreadyExists {
		t.Errorf("a bootstrap after a damaged snapshot: %v", err)
	}
	if err := kube.Shutdown(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	c.powerOn("cp-1")
	recoverFrom(snapshot.Bytes())
	c.waitReady("cp-1")
	got, err := c.client.CoreV1().ConfigMaps("default").Get(t.Context(), "before", metav1.GetOptions{})
	if err != nil || got.UID != written.UID {
		t.Errorf("what was written before the snapshot: %v, %v", got, err)
	}
	if _, err := c.client.CoreV1().ConfigMaps("default").Get(t.Context(), "after", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("what was written after the snapshot: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the snapshot is still on the machine: %v", err)
	}
	c.eventually("writes go on", 10*time.Second, c.write)
}
