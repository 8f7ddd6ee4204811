package firststack_test

import (
	"fmt"
	"testing"

	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

func TestGatewaysFrom_TakesTheFirstUsableAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		pool     []string
		external bool
		want     string
	}{
		"a range":                  {[]string{"10.0.50.100-10.0.50.149"}, true, "{[10.0.50.100] [10.0.50.101] [10.0.50.102]} <nil>"},
		"nothing from outside":     {[]string{"10.0.50.100-10.0.50.149"}, false, "{[10.0.50.100] [10.0.50.101] []} <nil>"},
		"a prefix's inside":        {[]string{"10.0.60.0/24"}, false, "{[10.0.60.1] [10.0.60.2] []} <nil>"},
		"single addresses":         {[]string{"10.0.60.7", "10.0.60.9"}, false, "{[10.0.60.7] [10.0.60.9] []} <nil>"},
		"both families":            {[]string{"10.0.60.0/24", "fd00:60::/112"}, false, "{[10.0.60.1 fd00:60::1] [10.0.60.2 fd00:60::2] []} <nil>"},
		"no pool, no gateways":     {nil, true, "{[] [] []} <nil>"},
		"a pool that is too small": {[]string{"10.0.60.7"}, false, "{[] [] []} the pool has 1 addresses of a family for 2 gateways; give it 4 or more"},
	} {
		var pool []spec.Range
		for _, text := range c.pool {
			pool = append(pool, block(t, text))
		}
		got, err := firststack.GatewaysFrom(pool, c.external)
		if text := fmt.Sprintf("%v %v", got, err); text != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}
