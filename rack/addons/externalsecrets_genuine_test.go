package addons_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/kube/process"
)

func TestExternalSecrets_DoWhatIsExpectedOfThem(t *testing.T) {
	// Under -short there is no server, and nothing that takes minutes to compile.
	holdExternalSecrets(t, func(t *testing.T) {
		t.Helper()
		binary, dir := genuineExternalSecrets(t), t.TempDir()
		kubeconfig, log := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "log")
		if err := clientcmd.WriteToFile(clientcmdapi.Config{
			Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: server.Config.Host, InsecureSkipTLSVerify: true}},
			AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {Token: server.Config.BearerToken}},
			Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
			CurrentContext: "test",
		}, kubeconfig); err != nil {
			t.Fatal(err)
		}
		// The flags are those of a rehearsal.
		running := process.Start(process.Command{
			Name: genuine.ExternalSecrets, Path: binary, Args: []string{"--enable-leader-election=false", "--metrics-addr=0", "--live-addr=0"},
			Env: []string{"HOME=" + dir, "KUBECONFIG=" + kubeconfig}, Log: log, Grace: 5 * time.Second,
		}, func(exit process.Exit) { t.Error(exit) })
		t.Cleanup(func() {
			running.Stop()
			if t.Failed() {
				text, _ := os.ReadFile(log)
				t.Logf("%s", text[max(0, len(text)-8000):])
			}
		})
	})
}

func genuineExternalSecrets(t *testing.T) string {
	t.Helper()
	out, err := filepath.Abs("../../out")
	if err != nil {
		t.Fatal(err)
	}
	parts, built, err := genuine.Parts(t.Context(), "..", out, genuine.ExternalSecrets)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.All(t.Context(), parts, t.Output()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(built.Bin, genuine.ExternalSecrets)
}
