package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/provenance"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/charts/lock"
)

// fetchAll puts the package of every chart of the lock into the folder, unless it is there. All are tried, whatever
// becomes of one.
func fetchAll(entries []lock.Entry, dir string, client *http.Client, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var errs []error
	for _, l := range entries {
		file := filepath.Join(dir, l.File())
		if content, err := os.ReadFile(filepath.Clean(file)); err == nil && l.Check(content) == nil {
			continue
		}
		archive, err := fetch(l, client)
		if err == nil {
			err = l.Check(archive)
		}
		if err == nil {
			err = writeWhole(file, archive)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", l.Place, l.Version, err))
			continue
		}
		fmt.Fprintf(out, "  fetched %s %s\n", l.Place, l.Version)
	}
	return errors.Join(errs...)
}

// writeWhole leaves no half of a package behind.
func writeWhole(file string, content []byte) error {
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// fetch is the package of a chart. An OCI registry gives it by the digest that its manifest names, a repository with
// the digest that its index names; both are checked.
func fetch(l lock.Entry, client *http.Client) ([]byte, error) {
	if place, ok := strings.CutPrefix(l.Place, "oci://"); ok {
		c, err := registry.NewClient(registry.ClientOptHTTPClient(client), registry.ClientOptWriter(io.Discard))
		if err != nil {
			return nil, err
		}
		pulled, err := c.Pull(place + ":" + l.Version)
		if err != nil {
			return nil, err
		}
		return pulled.Chart.Data, nil
	}
	repository := strings.TrimSuffix(l.Place, "/"+l.Name())
	content, err := get(client, repository+"/index.yaml")
	if err != nil {
		return nil, err
	}
	var index repo.IndexFile
	if err := yaml.Unmarshal(content, &index); err != nil {
		return nil, fmt.Errorf("%s/index.yaml: %w", repository, err)
	}
	version, err := index.Get(l.Name(), l.Version)
	if err != nil {
		return nil, fmt.Errorf("%s/index.yaml: %w", repository, err)
	}
	if len(version.URLs) == 0 {
		return nil, fmt.Errorf("%s/index.yaml: it does not say where the package is", repository)
	}
	base, err := url.Parse(repository + "/")
	if err != nil {
		return nil, err
	}
	place, err := base.Parse(version.URLs[0])
	if err != nil {
		return nil, err
	}
	archive, err := get(client, place.String())
	if err != nil {
		return nil, err
	}
	digest, err := provenance.Digest(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	if want := strings.TrimPrefix(version.Digest, "sha256:"); want != "" && digest != want {
		return nil, fmt.Errorf("%s: its sha256 is %s, and %s in the index", place, digest, want)
	}
	return archive, nil
}

func get(client *http.Client, address string) ([]byte, error) {
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	return io.ReadAll(response.Body)
}
