package kubelet

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// A machine that was reset comes back under another name, in the same process and with files of the same names.
func TestNodeConfig_IsOfTheNodeThatHasTheFilesNow(t *testing.T) {
	who := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		fmt.Fprint(w, req.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	who.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	who.StartTLS()
	defer who.Close()
	m := testMachine(t, machine.TypeControlPlane)
	if err := os.MkdirAll(m.pkiDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"node-1", "node-2"} {
		m.Hostname = name
		k := New(m, Options{Server: who.URL, Log: slog.New(slog.DiscardHandler)})
		pair, err := pki.Issue(m.Config.K8sAPIServerCAConfig().IssuingCA(), pki.Leaf{CommonName: k.user(), Organization: "system:nodes", Client: true})
		if err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string][]byte{"kubelet-client.crt": pair.Crt, "kubelet-client.key": pair.Key} {
			if err := os.WriteFile(filepath.Join(m.pkiDir(), file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		config, err := k.nodeConfig(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		config.CAData, config.Insecure = nil, true // the server here has a certificate of its own
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := client.Get(who.URL)
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if err != nil || string(said) != "system:node:"+name {
			t.Errorf("%s is %q to the API server, %v", name, said, err)
		}
	}
}
