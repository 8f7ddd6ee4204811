package gateway

import (
	"testing"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

func TestMeets_IsTheIntersectionOfNames(t *testing.T) {
	for _, test := range []struct {
		listener, route string
		others          []string
		want            bool
	}{
		{"", "", nil, true},
		{"", "app.example.com", nil, true},
		{"app.example.com", "", nil, true},
		{"app.example.com", "app.example.com", nil, true},
		{"app.example.com", "other.example.com", nil, false},
		{"*.example.com", "app.example.com", nil, true},
		{"*.example.com", "a.b.example.com", nil, true},
		{"*.example.com", "example.com", nil, false},
		{"*.example.com", "*.b.example.com", nil, true},
		{"app.example.com", "*.example.com", nil, true},
		{"app.example.com", "*.example.org", nil, false},
		{"", "app.example.com", []string{"*.example.com"}, false},
		{"*.example.com", "app.example.com", []string{"*.example.com", "app.example.com"}, false},
	} {
		l := gatewayio.Listener{}
		if test.listener != "" {
			l.Hostname = &test.listener
		}
		var names []string
		if test.route != "" {
			names = []string{test.route}
		}
		if got := meets(l, names, test.others); got != test.want {
			t.Errorf("listener %q, route %q, others %q: %t", test.listener, test.route, test.others, got)
		}
	}
}
