package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/rack/trust"
)

// authority signs the certificates of the tests' own registries.
var authority *trust.Authority

// controlPlane is shared by the tests that need a real API server, and started by the first of them.
var controlPlane lazyControlPlane

// TestMain makes Helm trust the tests' registries, which a process can decide only before its first connection, and
// keep its files out of the home directory.
func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kubernetes-plugin")
	if err == nil {
		authority, err = trust.New()
	}
	bundle := filepath.Join(dir, "ca.pem")
	if err == nil {
		err = authority.WriteBundle(bundle)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for name, value := range map[string]string{
		"SSL_CERT_FILE": bundle, "SSL_CERT_DIR": filepath.Join(dir, "none"),
		"HELM_CACHE_HOME": dir, "HELM_CONFIG_HOME": dir, "HELM_DATA_HOME": dir,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	controlPlane.dir = dir
	defer controlPlane.stop()
	return m.Run()
}
