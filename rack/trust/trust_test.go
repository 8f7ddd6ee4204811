package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAuthority_AnswersUnderAnyNameForThoseWhoTrustIt(t *testing.T) {
	authority, err := New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.ServerName)
	}))
	server.TLS = authority.ServerConfig()
	server.StartTLS()
	defer server.Close()

	get := func(name string, roots *x509.CertPool) (string, error) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{ServerName: name, RootCAs: roots}}}
		answer, err := client.Get(server.URL)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
	for _, name := range []string{"quay.io", "ghcr.io"} {
		if got, err := get(name, authority.Pool()); err != nil || got != name {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	var unknown x509.UnknownAuthorityError
	if _, err := get("quay.io", x509.NewCertPool()); !errors.As(err, &unknown) {
		t.Errorf("a stranger's trust: got %v, want an unknown authority", err)
	}
}
