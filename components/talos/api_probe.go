package talos

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// APIProbe returns nil once the Kubernetes API that a kubeconfig names is ready.
type APIProbe func(ctx context.Context, kubeconfig []byte) error

const (
	// apiTimeout covers the pull of the control plane's images on a slow line.
	apiTimeout    = 10 * time.Minute
	apiInterval   = 2 * time.Second
	readyzTimeout = 10 * time.Second
)

// WaitForAPI asks the API server's own readiness check, through the endpoint and
// with the certificate that everything downstream will use.
func WaitForAPI(ctx context.Context, kubeconfig []byte) error {
	server, client, err := apiClient(kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()

	tick := time.NewTicker(apiInterval)
	defer tick.Stop()
	for {
		attemptErr := askReadyz(ctx, client, server)
		if attemptErr == nil {
			return nil
		}
		// Being cut off says less than what came before.
		if err == nil || ctx.Err() == nil && !errors.Is(attemptErr, context.DeadlineExceeded) {
			err = attemptErr
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the Kubernetes API at %s is not ready; "+
				"see the control planes' consoles and `talosctl service`: %w", server, err)
		case <-tick.C:
		}
	}
}

func askReadyz(ctx context.Context, client *http.Client, server string) error {
	ctx, cancel := context.WithTimeout(ctx, readyzTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, 4096))
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", reply.Status, body)
	}
	return nil
}

// apiClient reads the only cluster and user of a kubeconfig as Talos writes it.
func apiClient(kubeconfig []byte) (server string, client *http.Client, err error) {
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
		return "", nil, err
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return "", nil, fmt.Errorf("has %d clusters and %d users, not one of each", len(config.Clusters), len(config.Users))
	}
	cluster, user := config.Clusters[0].Cluster, config.Users[0].User

	ca, caErr := base64.StdEncoding.DecodeString(cluster.CA)
	certificate, certErr := base64.StdEncoding.DecodeString(user.Certificate)
	key, keyErr := base64.StdEncoding.DecodeString(user.Key)
	if err := errors.Join(caErr, certErr, keyErr); err != nil {
		return "", nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return "", nil, fmt.Errorf("client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return "", nil, errors.New("certificate-authority-data is no certificate")
	}
	return strings.TrimRight(cluster.Server, "/"), &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		},
	}}, nil
}
