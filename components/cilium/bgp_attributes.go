package cilium

import (
	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// attributes are the marks of every route; nil without any.
func attributes(communities []spec.Community) *ciliumio.BGPAttributes {
	if len(communities) == 0 {
		return nil
	}
	marks := &ciliumio.BGPCommunities{}
	for _, c := range communities {
		if c.Large() {
			marks.Large = append(marks.Large, string(c))
		} else {
			marks.Standard = append(marks.Standard, string(c))
		}
	}
	return &ciliumio.BGPAttributes{Communities: marks}
}
