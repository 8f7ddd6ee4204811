package launch

import (
	"fmt"
	"path/filepath"
	"strconv"
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

// nearest is the release of the version's minor, or else the one that is the fewest minors away; of two that are as far,
// the older.
func nearest(all []released, version string) released {
	best, distance := released{}, -1
	for _, p := range all {
		d := minorOf(p.version) - minorOf(version)
		d = max(d, -d)
		if distance < 0 || d < distance || d == distance && semver.Compare(p.version, best.version) < 0 {
			best, distance = p, d
		}
	}
	return best
}

// minorOf is the 36 of v1.36.4. Neither program has a second major release in use, and versions of a stack were validated.
func minorOf(version string) int {
	_, minor, _ := strings.Cut(semver.MajorMinor(version), ".")
	number, _ := strconv.Atoi(minor)
	return number
}

// kubeParts puts the programs of Kubernetes and of etcd for a stack into the config, and returns what is to be built. Where
// the control plane is of another release than rack-kube's, rack-kube is built without one.
func kubeParts(rack, bin string, stack *spec.Stack, config *room.Config) ([]build.Part, error) {
	planes, err := controlPlanes(rack)
	if err != nil {
		return nil, err
	}
	stores, err := etcds(rack)
	if err != nil {
		return nil, err
	}
	plane := nearest(planes, string(stack.Cluster.KubernetesVersion))
	store := nearest(stores, room.EtcdOf(stack.Cluster.TalosVersion))
	parts := []build.Part{{
		Name: "kubernetes " + plane.version, Module: plane.module, Package: "./cmd/rack-kube",
		Output: filepath.Join(bin, "rack-kube"), LDFlags: kubeLDFlags(plane.version), Note: "the first time takes minutes",
	}}
	config.Kube, config.ControlPlane.Path = parts[0].Output, parts[0].Output
	if plane.module != rack {
		parts[0].Package, parts[0].Output = ".", filepath.Join(bin, "rack-kube-"+semver.MajorMinor(plane.version))
		config.Kube, config.ControlPlane.Path = filepath.Join(bin, "rack-clients"), parts[0].Output
		parts = append(parts, build.Part{
			Name: "kubectl and KWOK", Module: rack, Package: "./cmd/rack-kube", Output: config.Kube, Tags: "clients",
		})
	}
	config.Etcd.Path = config.Kube
	if store.module != rack {
		config.Etcd.Path = filepath.Join(bin, "rack-etcd-"+semver.MajorMinor(store.version))
		parts = append(parts, build.Part{Name: "etcd " + store.version, Module: store.module, Package: ".", Output: config.Etcd.Path})
	}
	config.ControlPlane.Version, config.Etcd.Version = plane.version, store.version
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
