package kubernetes

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// lazyControlPlane is a real etcd and a real API server on loopback. Pods have no kubelet: one that the label
// "ready" calls so is reported ready.
type lazyControlPlane struct {
	dir string

	once       sync.Once
	err        error
	processes  []*process.Process
	endKubelet context.CancelFunc

	client     clientset.Interface
	kubeconfig string
}

// get starts the control plane for the first test that wants it.
func (c *lazyControlPlane) get(t *testing.T) *lazyControlPlane {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a real API server")
	}
	c.once.Do(func() { c.err = c.start(t.Output()) })
	if c.err != nil {
		t.Fatal(c.err)
	}
	return c
}

func (c *lazyControlPlane) start(log interface{ Write([]byte) (int, error) }) error {
	binary, err := buildKube()
	if err != nil {
		return err
	}
	begin := time.Now()
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	server := fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	etcd := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peer := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	c.run(binary, "etcd", "--data-dir="+filepath.Join(c.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)

	key, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return err
	}
	keyFile, tokens := filepath.Join(c.dir, "accounts.key"), filepath.Join(c.dir, "tokens.csv")
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(tokens, []byte("token,admin,admin,system:masters\n"), 0o600); err != nil {
		return err
	}
	c.run(binary, "kube-apiserver", "--etcd-servers="+etcd, "--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", ports[2]), "--cert-dir="+filepath.Join(c.dir, "certs"),
		"--token-auth-file="+tokens, "--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer="+server, "--service-account-key-file="+keyFile, "--service-account-signing-key-file="+keyFile,
		"--disable-admission-plugins=ServiceAccount") // whose controller does not run

	content, err := clientcmd.Write(api.Config{
		Clusters:       map[string]*api.Cluster{"test": {Server: server, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*api.AuthInfo{"admin": {Token: "token"}},
		Contexts:       map[string]*api.Context{"test": {Cluster: "test", AuthInfo: "admin"}},
		CurrentContext: "test",
	})
	if err != nil {
		return err
	}
	c.kubeconfig = string(content)
	config, err := clientcmd.RESTConfigFromKubeConfig(content)
	if err != nil {
		return err
	}
	config.QPS, config.Burst, config.WarningHandler = 500, 500, rest.NoWarnings{}
	if c.client, err = clientset.NewForConfig(config); err != nil {
		return err
	}
	if err := c.waitReady(); err != nil {
		return err
	}
	fmt.Fprintf(log, "the API server is ready after %.1f s\n", time.Since(begin).Seconds())

	var ctx context.Context
	ctx, c.endKubelet = context.WithCancel(context.Background())
	go c.playKubelet(ctx)
	return nil
}

func (c *lazyControlPlane) run(binary, program string, args ...string) {
	c.processes = append(c.processes, process.Start(process.Command{
		Name: program, Path: binary, Args: append([]string{program}, args...), Env: []string{"HOME=" + c.dir},
		Log: filepath.Join(c.dir, program+".log"), Grace: 100 * time.Millisecond,
	}, nil))
}

func (c *lazyControlPlane) waitReady() error {
	var err error
	for range 300 {
		if _, err = c.client.CoreV1().Namespaces().Get(context.Background(), "default", metav1.GetOptions{}); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	tail, _ := os.ReadFile(filepath.Join(c.dir, "kube-apiserver.log"))
	return fmt.Errorf("the API server is not ready: %w\n%s", err, tail[max(0, len(tail)-2000):])
}

func (c *lazyControlPlane) stop() {
	if c.endKubelet != nil {
		c.endKubelet()
	}
	for _, running := range c.processes {
		running.Stop()
	}
}

// playKubelet reports pods as ready, or not, by their label.
func (c *lazyControlPlane) playKubelet(ctx context.Context) {
	for ctx.Err() == nil {
		pods, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: "ready"})
		if err != nil {
			continue
		}
		for _, pod := range pods.Items {
			ready := corev1.ConditionFalse
			if pod.Labels["ready"] == "true" {
				ready = corev1.ConditionTrue
			}
			if len(pod.Status.Conditions) == 1 && pod.Status.Conditions[0].Status == ready {
				continue
			}
			pod.Status.Phase = corev1.PodRunning
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
			_, _ = c.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, &pod, metav1.UpdateOptions{})
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// buildKube builds rack-kube where the control plane's own tests build it too.
func buildKube() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "home-ops-rack", "test", "rack-kube")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary,
		"-ldflags", "-X k8s.io/component-base/version.gitVersion=v1.34.1", "../../cmd/rack-kube")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building rack-kube: %w\n%s", err, out)
	}
	return binary, nil
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
