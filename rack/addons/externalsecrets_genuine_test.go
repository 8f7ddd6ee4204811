package addons_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/kube/process"
)

func TestExternalSecrets_DoWhatIsExpectedOfThem(t *testing.T) {
	// Under -short there is no server, and nothing that takes minutes to compile.
	holdExternalSecrets(t, func(t *testing.T) {
		t.Helper()
		binary, dir := genuineProgram(t, genuine.ExternalSecrets), t.TempDir()
		kubeconfig, log := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "log")
		writeKubeconfig(t, kubeconfig)
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
