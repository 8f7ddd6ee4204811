package spec_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestValidate_AcceptsEveryGeneratedPlan(t *testing.T) {
	for seed := range uint64(1000) {
		data := spectest.File(spectest.Plan(seed))
		s, problems := spec.Load("generated", data)
		problems = append(problems, s.Validate()...)
		if problems.HasErrors() {
			t.Fatalf("seed %d: %s\n%s", seed, problems.Err(), data)
		}
		if got := s.ClusterEndpoint(); !strings.HasPrefix(got, "https://") {
			t.Fatalf("seed %d: endpoint %q", seed, got)
		}
		for _, n := range s.Nodes {
			if got := s.InterfacePrefixes(n); len(got) != len(n.Addresses()) || !got[0].IsValid() {
				t.Fatalf("seed %d: %s has prefixes %v", seed, n.Name, got)
			}
		}
	}
}
