// Package outsidetest plays the services outside the cluster in unit tests of what asks them.
package outsidetest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Nothing is services at which there is nothing yet but the zones of Cloudflare, their ids by their names. Nobody is
// asked.
func Nothing(zones map[string]string) http.RoundTripper {
	return roundTripper(func(r *http.Request) any {
		found := []any{}
		if id, ok := zones[r.URL.Query().Get("name")]; ok && strings.HasSuffix(r.URL.Path, "/zones") && r.URL.Query().Get("account.id") != "" {
			found = append(found, map[string]string{"id": id})
		}
		if r.URL.Host == "api.cloudflare.com" {
			return map[string]any{"result": found}
		}
		return found
	})
}

type roundTripper func(*http.Request) any

func (answer roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := json.Marshal(answer(r))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(string(raw))),
	}, err
}
