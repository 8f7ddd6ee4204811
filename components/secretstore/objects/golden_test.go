package objects_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/secretstore/objects"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

func TestObjects_MatchTheGoldens(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		stack, problems := spec.LoadFile("../../../Pulumi." + name + ".yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		all := append(objects.All(stack), objects.Secret(objects.TokenSecret))
		golden.Objects(t, name+".yaml", all...)
	}
}
