package spec_test

import (
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestLoadFile_ReadsTheHomeStack(t *testing.T) {
	s, problems := spec.LoadFile(spectest.HomeFile(t))
	for _, p := range problems {
		t.Error(p.Location(), p)
	}
	if got, want := s.ClusterEndpoint(), "https://10.0.50.50:6443"; got != want {
		t.Errorf("endpoint %s, want %s", got, want)
	}
	if len(s.ControlPlanes()) != 2 || len(s.Workers()) != 3 {
		t.Errorf("%d control planes and %d workers", len(s.ControlPlanes()), len(s.Workers()))
	}
	if got := s.Nodes[3].Extensions; len(got) != 2 {
		t.Errorf("worker-2 did not inherit nodeDefaults.extensions: %v", got)
	}
}
