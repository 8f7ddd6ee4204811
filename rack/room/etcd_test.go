package room

import (
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// The library of a newer Talos brings another etcd, and perhaps another row.
func TestEtcdOf_IsWhatTheLibrarySaysOfItsOwnRelease(t *testing.T) {
	want := "v" + strings.TrimPrefix(constants.DefaultEtcdVersion, "v")
	if got := EtcdOf(spec.NewestTalos()); got != want {
		t.Errorf("Talos %s runs etcd %s, and the table has %s", spec.NewestTalos(), want, got)
	}
	for talos, want := range map[spec.Version]string{"v1.11.1": "v3.6.4", "v1.13.9": "v3.6.12", "v1.99.0": want} {
		if got := EtcdOf(talos); got != want {
			t.Errorf("Talos %s: got %s, want %s", talos, got, want)
		}
	}
}
