package talos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"gopkg.in/yaml.v3"
)

// publicFactory is the image factory of a provider whose configuration names none.
const publicFactory = "https://factory.talos.dev"

// imageFactory is the way to the image factory.
type imageFactory struct{ base atomic.Pointer[url.URL] }

// at sets where the factory is; "" is the public one.
func (f *imageFactory) at(address string) error {
	if address == "" {
		address = publicFactory
	}
	base, err := url.Parse(address)
	if err != nil {
		return diagnostic{"failed to create Image Factory client", err}
	}
	f.base.Store(base)
	return nil
}

// create makes the schematic known to the factory, which answers with the same id each time. Its errors read as
// those of the genuine client.
// https://github.com/siderolabs/image-factory/blob/v0.9.0/pkg/client/client.go
func (f *imageFactory) create(ctx context.Context, content schematic) (id string, err error) {
	body, err := yaml.Marshal(content)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		f.base.Load().JoinPath("schematics").String(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/yaml")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = reply.Body.Close() }()

	if reply.StatusCode >= http.StatusBadRequest {
		message, err := io.ReadAll(io.LimitReader(reply.Body, 8192))
		if err != nil {
			return "", err
		}
		err = fmt.Errorf("HTTP %d: %s", reply.StatusCode, message)
		if reply.StatusCode == http.StatusBadRequest {
			err = fmt.Errorf("invalid schematic: %w", err)
		}
		return "", err
	}
	var made struct {
		ID string `json:"id"`
	}
	err = json.NewDecoder(reply.Body).Decode(&made)
	return made.ID, err
}
