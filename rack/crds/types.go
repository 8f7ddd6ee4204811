//go:build types

package main

// The packages whose types are read, and the generator that is run: never compiled, but go.mod keeps their modules.
import (
	_ "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	_ "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2alpha1"
	_ "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumegroupsnapshot/v1beta1"
	_ "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	_ "github.com/rook/rook/pkg/apis/ceph.rook.io/v1"
)
