package helmguard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// api is the Kubernetes API over plain HTTP. Kubernetes's own client would add four
// hundred packages to the program, for half a dozen requests.
type api struct {
	// server is the cluster's endpoint, without a slash at its end.
	server string
	// client has an administrator's certificate.
	client *http.Client
}

// refused is the API server's refusal of a request.
type refused struct {
	code int
	text string
}

func (e refused) Error() string { return e.text }

// isStatus reports whether the API server refused with an HTTP status.
func isStatus(err error, code int) bool {
	var r refused
	return errors.As(err, &r) && r.code == code
}

// do sends one request; body and answer may be nil. Of a list, it asks for the metadata
// alone: a Helm record is up to a megabyte.
func (a api) do(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.server+path, content)
	if err != nil {
		return err
	}
	accept := "application/json"
	if _, metadata := answer.(*metav1.PartialObjectMetadataList); metadata {
		accept += ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", "application/json")
	reply, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("the Kubernetes API: %w", err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	switch {
	case err != nil:
		return fmt.Errorf("the Kubernetes API: %w", err)
	case reply.StatusCode >= 300:
		var status metav1.Status
		if err := json.Unmarshal(raw, &status); err != nil || status.Message == "" {
			status.Message = fmt.Sprintf("HTTP %d: %.300s", reply.StatusCode, raw)
		}
		return refused{reply.StatusCode, "the Kubernetes API: " + status.Message}
	case answer == nil:
		return nil
	default:
		return json.Unmarshal(raw, answer)
	}
}
