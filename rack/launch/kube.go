package launch

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
)

const (
	kubernetesModule = "k8s.io/kubernetes"
	etcdModule       = "go.etcd.io/etcd/server/v3"
)

// released is a release of a program that the rack can build: the Go module that pins it, and its version.
type released struct{ module, version string }

// controlPlanes are the releases of Kubernetes: the one of the rack's own module, and one in each folder rack/kube/vMINOR.
func controlPlanes(rack string) ([]released, error) {
	return releasesOf(rack, kubernetesModule, "v*")
}

// etcds are the releases of etcd: the one of the rack's own module, and one in each folder rack/kube/etcd-vMINOR.
func etcds(rack string) ([]released, error) { return releasesOf(rack, etcdModule, "etcd-v*") }

func releasesOf(rack, program, folders string) ([]released, error) {
	modules, err := filepath.Glob(filepath.Join(rack, "kube", folders, "go.mod"))
	if err != nil {
		return nil, err
	}
	var all []released
	for _, module := range append([]string{filepath.Join(rack, "go.mod")}, modules...) {
		version, err := build.Pinned(filepath.Dir(module), program)
		if err != nil {
			return nil, err
		}
		all = append(all, released{filepath.Dir(module), version})
	}
	return all, nil
}

// nearest is the release that runs where a version is wanted.
func nearest(all []released, version string) released {
	return room.Nearest(all, version, func(r released) string { return r.version })
}

// kubeParts puts the programs of Kubernetes and of etcd into the config that the sets of releases need which a stack goes
// through, and returns what is to be built. Where none of the control planes is of rack-kube's own release, rack-kube is
// built without one.
func kubeParts(rack, bin string, sets []spec.Cluster, config *room.Config) ([]build.Part, error) {
	planes, err := controlPlanes(rack)
	if err != nil {
		return nil, err
	}
	stores, err := etcds(rack)
	if err != nil {
		return nil, err
	}
	var parts []build.Part
	config.Kube = filepath.Join(bin, "rack-clients")
	for _, set := range sets {
		plane := nearest(planes, string(set.KubernetesVersion))
		part := build.Part{
			Name: "kubernetes " + plane.version, Module: plane.module, Package: ".",
			Output:  filepath.Join(bin, "rack-kube-"+semver.MajorMinor(plane.version)),
			LDFlags: kubeLDFlags(plane.version), Note: "the first time takes minutes",
		}
		if plane.module == rack {
			part.Package, part.Output = "./cmd/rack-kube", filepath.Join(bin, "rack-kube")
			config.Kube = part.Output
		}
		if release := (room.Release{Path: part.Output, Version: plane.version}); !slices.Contains(config.ControlPlanes, release) {
			config.ControlPlanes, parts = append(config.ControlPlanes, release), append(parts, part)
		}
	}
	if filepath.Base(config.Kube) == "rack-clients" {
		parts = append(parts, build.Part{
			Name: "kubectl and KWOK", Module: rack, Package: "./cmd/rack-kube", Output: config.Kube, Tags: "clients",
		})
	}
	for _, set := range sets {
		store := nearest(stores, room.EtcdOf(set.TalosVersion))
		release := room.Release{Path: config.Kube, Version: store.version}
		if store.module != rack {
			release.Path = filepath.Join(bin, "rack-etcd-"+semver.MajorMinor(store.version))
		}
		if slices.Contains(config.Etcds, release) {
			continue
		}
		config.Etcds = append(config.Etcds, release)
		if store.module != rack {
			parts = append(parts, build.Part{Name: "etcd " + store.version, Module: store.module, Package: ".", Output: release.Path})
		}
	}
	return parts, nil
}

// kubeLDFlags stamp the version of Kubernetes's module in, as a release build does: clients and servers judge each other
// by it.
func kubeLDFlags(version string) string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			fmt.Sprintf("-X %s.gitVersion=%s", pkg, version),
			fmt.Sprintf("-X %s.gitMajor=%s", pkg, major),
			fmt.Sprintf("-X %s.gitMinor=%s", pkg, minor),
		)
	}
	return strings.Join(flags, " ")
}
