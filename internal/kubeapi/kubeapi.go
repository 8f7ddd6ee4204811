// Package kubeapi asks a Kubernetes API over plain HTTP, with a kubeconfig as Talos writes it. Kubernetes's own client
// would add four hundred packages, for a few requests.
package kubeapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// API is the API of one cluster.
type API struct {
	// Server is the cluster's endpoint, without a slash at its end.
	Server string
	// Client has an administrator's certificate.
	Client *http.Client
}

// Open reads the only cluster and user of a kubeconfig. It asks nothing yet.
func Open(kubeconfig []byte) (API, error) {
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `yaml:"server"`
				CA     string `yaml:"certificate-authority-data"`
			} `yaml:"cluster"`
		} `yaml:"clusters"`
		Users []struct {
			User struct {
				Certificate string `yaml:"client-certificate-data"`
				Key         string `yaml:"client-key-data"`
			} `yaml:"user"`
		} `yaml:"users"`
	}
	if err := yaml.Unmarshal(kubeconfig, &config); err != nil {
		return API{}, err
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return API{}, fmt.Errorf("has %d clusters and %d users, not one of each", len(config.Clusters), len(config.Users))
	}
	cluster, user := config.Clusters[0].Cluster, config.Users[0].User

	ca, caErr := base64.StdEncoding.DecodeString(cluster.CA)
	certificate, certErr := base64.StdEncoding.DecodeString(user.Certificate)
	key, keyErr := base64.StdEncoding.DecodeString(user.Key)
	if err := errors.Join(caErr, certErr, keyErr); err != nil {
		return API{}, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return API{}, fmt.Errorf("client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return API{}, errors.New("certificate-authority-data is no certificate")
	}
	return API{Server: strings.TrimRight(cluster.Server, "/"), Client: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		},
	}}}, nil
}

// Certificate is the client certificate of the kubeconfig.
func (a API) Certificate() (*x509.Certificate, error) {
	transport, ok := a.Client.Transport.(*http.Transport)
	if !ok || len(transport.TLSClientConfig.Certificates) == 0 {
		return nil, errors.New("no client certificate")
	}
	return x509.ParseCertificate(transport.TLSClientConfig.Certificates[0].Certificate[0])
}

// Error is a refusal of the API server.
type Error struct {
	Code int
	Text string
}

func (e Error) Error() string { return e.Text }

// Get reads an object or a list of them; into may be nil where only success counts.
func (a API) Get(ctx context.Context, path string, into any) error {
	return a.Do(ctx, http.MethodGet, path, nil, into)
}

// Create makes an object; an [Error] with code 409 says that it is there already.
func (a API) Create(ctx context.Context, path string, object any) error {
	return a.Do(ctx, http.MethodPost, path, object, nil)
}

// IsStatus reports whether the API server refused with an HTTP status.
func IsStatus(err error, code int) bool {
	var refused Error
	return errors.As(err, &refused) && refused.Code == code
}

// tries is how often a request is sent that the API server asks to send again, as by Kubernetes's own client
// (https://github.com/kubernetes/client-go/blob/v0.34.1/rest/request.go, maxRetries).
const tries = 11

// Do sends a request; body and into may be nil. A PATCH is a merge patch. Into a list of metadata it asks for the metadata alone: a Helm
// record is up to a megabyte. What the server asks to send again in a while, as when it has just started and does not have all objects of
// a kind yet, is sent again.
func (a API) Do(ctx context.Context, method, path string, body, into any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		again, err := a.once(ctx, method, path, content, into)
		if again == 0 || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(again):
		}
	}
}

// once sends one request. After an error, again is when the server wants to see it once more; 0 for never.
func (a API) once(ctx context.Context, method, path string, content []byte, into any) (again time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, method, a.Server+path, bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	accept := "application/json"
	if _, metadata := into.(*metav1.PartialObjectMetadataList); metadata {
		accept += ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	reply, err := a.Client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("the Kubernetes API: %w", err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		return 0, fmt.Errorf("the Kubernetes API: %w", err)
	}
	if reply.StatusCode >= 300 {
		return after(reply), refusal(reply, raw)
	}
	if into == nil {
		return 0, nil
	}
	return 0, json.Unmarshal(raw, into)
}

// after is when the server wants to see a request again that it could not serve.
func after(reply *http.Response) time.Duration {
	if reply.StatusCode != http.StatusTooManyRequests && reply.StatusCode < http.StatusInternalServerError {
		return 0
	}
	seconds, err := strconv.Atoi(reply.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return max(time.Duration(seconds)*time.Second, time.Millisecond)
}

// refusal reads the API server's reasons.
func refusal(reply *http.Response, raw []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(raw, &status); err != nil || status.Message == "" {
		if failed := failedChecks(string(raw)); failed != nil {
			return Error{reply.StatusCode, "it is not ready yet: " + strings.Join(failed, ", ")}
		}
		return Error{reply.StatusCode, fmt.Sprintf("%s: %.300s", reply.Status, raw)}
	}
	text := status.Message
	if status.Details != nil {
		for _, cause := range status.Details.Causes {
			text += " " + cause.Message
		}
	}
	return Error{reply.StatusCode, text}
}

// failedChecks are those that /readyz names as failed, among some sixty that it lists.
func failedChecks(text string) []string {
	var failed []string
	for line := range strings.Lines(text) {
		if name, is := strings.CutPrefix(line, "[-]"); is {
			name, _, _ = strings.Cut(name, " ")
			failed = append(failed, name)
		}
	}
	return failed
}
