package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gopkg.in/yaml.v3"
)

// API is a cluster's Kubernetes API.
type API struct {
	Server string
	Client *http.Client
}

// timeout is how long one request may take: somebody waits for it.
const timeout = 10 * time.Second

// Open reads a kubeconfig with one cluster and one user, as Talos makes it.
func Open(kubeconfig []byte) (API, error) {
	var file struct {
		Clusters []struct {
			Cluster struct {
				Server string `yaml:"server"`
				CA     string `yaml:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Certificate string `yaml:"client-certificate-data"`
				Key         string `yaml:"client-key-data"`
			}
		}
	}
	if err := yaml.Unmarshal(kubeconfig, &file); err != nil {
		return API{}, fmt.Errorf("is no kubeconfig: %w", err)
	}
	if len(file.Clusters) != 1 || len(file.Users) != 1 {
		return API{}, fmt.Errorf("has %d clusters and %d users; one of each is wanted", len(file.Clusters), len(file.Users))
	}
	cluster, user := file.Clusters[0].Cluster, file.Users[0].User
	var parts [3][]byte
	for i, text := range []string{cluster.CA, user.Certificate, user.Key} {
		var err error
		if parts[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return API{}, fmt.Errorf("is no kubeconfig: %w", err)
		}
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(parts[0]) {
		return API{}, errors.New("has no authority for the API's certificate")
	}
	certificate, err := tls.X509KeyPair(parts[1], parts[2])
	if err != nil {
		return API{}, fmt.Errorf("has no client certificate: %w", err)
	}
	config := &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return API{cluster.Server, &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: timeout}}, nil
}

// Get reads a path into a value. A path that the API does not serve leaves the value alone, and is no error.
func (a API) Get(ctx context.Context, path string, into any) (served bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Server+path, nil)
	if err != nil {
		return false, err
	}
	answer, err := a.Client.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return true, json.NewDecoder(answer.Body).Decode(into)
	case http.StatusNotFound:
		return false, nil
	default:
		return false, fmt.Errorf("%s%s: %s", a.Server, path, answer.Status)
	}
}
