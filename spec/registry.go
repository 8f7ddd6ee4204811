package spec

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Registry is how a registry, or a mirror, is spoken to
// (https://www.talos.dev/latest/reference/configuration/v1alpha1/config/#Config.machine.registries).
type Registry struct {
	// Username and PasswordRef log in; every node holds them.
	Username string `json:"username,omitempty" example:"robot"`
	// PasswordRef says where the password is kept.
	PasswordRef SecretRef `json:"passwordRef,omitempty" example:"op://home/registry/password"`
	// OverridePath asks the mirrors of this registry under the path of their URLs alone, without /v2: for mirrors such as
	// Harbor that put a project there. Default: false.
	OverridePath bool `json:"overridePath,omitempty"`
	// SkipFallback never asks the registry itself when its mirrors fail. Default: false.
	SkipFallback bool `json:"skipFallback,omitempty"`
	// InsecureSkipVerify accepts any certificate. Default: false.
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// registryAccess checks how registries are spoken to.
func (c *checker) registryAccess() {
	cl := c.s.Cluster
	for _, host := range slices.Sorted(maps.Keys(cl.Registries)) {
		r, at := cl.Registries[host], entry(field.NewPath("cluster", "registries"), host)
		_, mirrored := cl.RegistryMirrors[host]
		if host != "*" && !hostName.MatchString(host) {
			c.errorf(at, "%q is not the host of a registry, such as ghcr.io", host)
		}
		if (r.OverridePath || r.SkipFallback) && !mirrored {
			c.errorf(at, "overridePath and skipFallback are about mirrors, and cluster.registryMirrors has none for %s", host)
		}
		switch {
		case r.Username != "" && r.PasswordRef == "":
			c.errorf(at.Child("passwordRef"), "is missing: username logs in with it")
		case r.Username == "" && r.PasswordRef != "":
			c.errorf(at.Child("username"), "is missing: passwordRef is the password of someone")
		}
		if r == (Registry{}) {
			c.errorf(at, "says nothing: give username and passwordRef, or remove the entry")
		}
		if host == "*" && r.Username != "" {
			c.errorf(at.Child("username"), "would be told to every registry of the world: name the registry")
		}
		if r.InsecureSkipVerify {
			c.warnf(at.Child("insecureSkipVerify"), "whoever is on the way to %s can give the nodes any image", host)
		}
	}
}
