package registry

import (
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// AddImage stores an image, or what is wrapped as one, under HOST/REPOSITORY:TAG.
func (r *Registry) AddImage(host, repositoryAndTag string, image v1.Image) error {
	handler, ok := r.hosts[host]
	if !ok {
		return fmt.Errorf("registry: it does not stand in for %s", host)
	}
	ref, err := name.NewTag(host+"/"+repositoryAndTag, name.Insecure)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	if err := remote.Write(ref, image, remote.WithTransport(direct{handler})); err != nil {
		return fmt.Errorf("registry: %s: %w", ref, err)
	}
	return nil
}
