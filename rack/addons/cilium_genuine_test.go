package addons_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/kube/process"
)

func TestCiliumOperator_DoesWhatIsExpectedOfIt(t *testing.T) {
	// Under -short there is no server, and nothing that takes minutes to compile.
	holdCilium(t, func(t *testing.T) func() {
		t.Helper()
		binary, dir := genuineProgram(t, genuine.CiliumOperator), t.TempDir()
		config := filepath.Join(dir, "config-map")
		if err := os.Mkdir(config, 0o755); err != nil {
			t.Fatal(err)
		}
		for key, value := range ciliumSettings {
			if err := os.WriteFile(filepath.Join(config, key), []byte(value), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		log := filepath.Join(dir, "log")
		args := []string{"--config-dir=" + config}
		for _, flag := range genuine.CiliumFlags() {
			args = append(args, strings.ReplaceAll(flag, "{dir}", dir))
		}
		writeKubeconfig(t, filepath.Join(dir, "kubeconfig"))
		var restarting atomic.Bool
		begin := func() *process.Process {
			return process.Start(process.Command{
				Name: genuine.CiliumOperator, Path: binary, Args: args,
				Env: []string{"HOME=" + dir, "CILIUM_K8S_NAMESPACE=kube-system"}, Log: log, Grace: 5 * time.Second,
			}, func(exit process.Exit) {
				if !restarting.Load() {
					t.Error(exit)
				}
			})
		}
		running := begin()
		t.Cleanup(func() {
			restarting.Store(true)
			running.Stop()
			if t.Failed() {
				text, _ := os.ReadFile(log)
				t.Logf("%s", text[max(0, len(text)-8000):])
			}
		})
		return func() {
			restarting.Store(true)
			running.Stop()
			restarting.Store(false)
			running = begin()
		}
	})
}

// genuineProgram compiles a genuine program, where that is needed, and returns its file.
func genuineProgram(t *testing.T, name string) string {
	t.Helper()
	out, err := filepath.Abs("../../out")
	if err != nil {
		t.Fatal(err)
	}
	parts, built, err := genuine.Parts(t.Context(), "..", out, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.All(t.Context(), parts, t.Output()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(built.Bin, name)
}

// writeKubeconfig writes one of the tests' API server.
func writeKubeconfig(t *testing.T, file string) {
	t.Helper()
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: server.Config.Host, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {Token: server.Config.BearerToken}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}, file); err != nil {
		t.Fatal(err)
	}
}
