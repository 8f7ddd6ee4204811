package room

import (
	"golang.org/x/mod/semver"

	"github.com/home-ops/home-ops/spec"
)

// etcdByTalos is the etcd that each minor release of Talos runs where the config names no other
// (DefaultEtcdVersion in https://github.com/siderolabs/talos/tree/main/pkg/machinery/constants at v1.11.1, v1.12.0, v1.13.9
// and v1.14.1).
var etcdByTalos = map[string]string{"v1.11": "v3.6.4", "v1.12": "v3.6.7", "v1.13": "v3.6.12", "v1.14": "v3.7.1"}

// EtcdOf is the etcd that a release of Talos runs, and that of the newest known one for a release that is newer.
func EtcdOf(talos spec.Version) string {
	if version, ok := etcdByTalos[semver.MajorMinor(string(talos))]; ok {
		return version
	}
	return etcdByTalos[string(spec.NewestTalos())]
}
