package cilium

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

func TestPools_KeepGatewayAddressesForGateways(t *testing.T) {
	for name, test := range map[string]struct {
		pool     spec.Pool
		gateways []string
		want     []string
	}{
		"no gateway in it": {
			spec.Pool{Blocks: blocks("10.0.1.0/24")},
			[]string{"10.0.2.1"},
			[]string{"p: 10.0.1.0/24"},
		},
		"one in the middle of a range": {
			spec.Pool{Blocks: blocks("10.0.1.10-10.0.1.20")},
			[]string{"10.0.1.15"},
			[]string{"p: 10.0.1.10-10.0.1.14 10.0.1.16-10.0.1.20", "p-gateways: 10.0.1.15"},
		},
		"both ends of a range": {
			spec.Pool{Blocks: blocks("10.0.1.10-10.0.1.12")},
			[]string{"10.0.1.12", "10.0.1.10"},
			[]string{"p: 10.0.1.11", "p-gateways: 10.0.1.10 10.0.1.12"},
		},
		"a pool of nothing else": {
			spec.Pool{Blocks: blocks("10.0.1.10-10.0.1.11")},
			[]string{"10.0.1.10", "10.0.1.11"},
			[]string{"p-gateways: 10.0.1.10 10.0.1.11"},
		},
		"the first and last address of a prefix stay back": {
			spec.Pool{Blocks: blocks("10.0.1.0/29")},
			[]string{"10.0.1.1"},
			[]string{"p: 10.0.1.2-10.0.1.6", "p-gateways: 10.0.1.1"},
		},
		"unless they may be used": {
			spec.Pool{Blocks: blocks("10.0.1.0/29"), AllowFirstLast: true},
			[]string{"10.0.1.1"},
			[]string{"p: 10.0.1.0 10.0.1.2-10.0.1.7", "p-gateways: 10.0.1.1"},
		},
		"the first address itself": {
			spec.Pool{Blocks: blocks("10.0.1.0/29")},
			[]string{"10.0.1.0"},
			[]string{"p: 10.0.1.1-10.0.1.6", "p-gateways: 10.0.1.0"},
		},
		"two blocks, of which one has it": {
			spec.Pool{Blocks: blocks("10.0.1.0/30", "fd00:1::/126")},
			[]string{"fd00:1::2"},
			[]string{"p: 10.0.1.0/30 fd00:1::1", "p-gateways: fd00:1::2"},
		},
		"a pool that is for gateways anyway": {
			spec.Pool{Blocks: blocks("10.0.1.0/29"), Purpose: spec.PoolGateways},
			[]string{"10.0.1.1"},
			[]string{"p: 10.0.1.0/29"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.pool.Name = "p"
			if test.pool.Purpose == "" {
				test.pool.Purpose = spec.PoolAny
			}
			stack := &spec.Stack{Cilium: spec.Cilium{Pools: []spec.Pool{test.pool}}}
			for _, a := range test.gateways {
				stack.Edge.Gateways.Internal = append(stack.Edge.Gateways.Internal, netip.MustParseAddr(a))
			}
			var got []string
			for _, pool := range pools(stack) {
				got = append(got, pool.Name+": "+text(pool.Spec.Blocks))
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func blocks(written ...string) []spec.Range {
	var out []spec.Range
	for _, w := range written {
		r, err := spec.ParseRange(w)
		if err != nil {
			panic(err)
		}
		out = append(out, r)
	}
	return out
}

func text(blocks []ciliumio.IPBlock) string {
	var out []string
	for _, b := range blocks {
		switch {
		case b.CIDR != "":
			out = append(out, b.CIDR)
		case b.Stop != "":
			out = append(out, b.Start+"-"+b.Stop)
		default:
			out = append(out, b.Start)
		}
	}
	return strings.Join(out, " ")
}
