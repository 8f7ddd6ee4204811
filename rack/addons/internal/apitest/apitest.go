// Package apitest runs a real API server for tests, over etcd and on loopback, and stands in for what fills a cluster with life:
// there are no controllers of Kubernetes' own and no nodes but those that a test makes.
package apitest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// token lets its bearer do everything.
const token = "apitest"

// Server is a running API server.
type Server struct {
	Config *rest.Config
	api    *process.Process
	etcd   *process.Process
	dir    string
}

// Start builds rack-kube where that is needed and starts the server; it is ready when Start returns.
func Start(ctx context.Context) (*Server, error) {
	binary, err := build(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "addons-apitest-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	client, peer, api := freePort(), freePort(), freePort()
	etcdURL, peerURL := "http://127.0.0.1:"+client, "http://127.0.0.1:"+peer
	s.etcd = s.start(binary, "etcd", "--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL,
		"--listen-peer-urls="+peerURL, "--initial-advertise-peer-urls="+peerURL, "--initial-cluster=default="+peerURL)
	if err := s.writeFiles(); err != nil {
		s.Stop()
		return nil, err
	}
	s.api = s.start(binary, "kube-apiserver", "--etcd-servers="+etcdURL, "--bind-address=127.0.0.1", "--secure-port="+api,
		"--cert-dir="+filepath.Join(dir, "certs"), "--token-auth-file="+filepath.Join(dir, "tokens"),
		"--authorization-mode=AlwaysAllow", "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
		"--service-account-issuer=https://127.0.0.1", "--service-account-key-file="+filepath.Join(dir, "sa.key"),
		"--service-account-signing-key-file="+filepath.Join(dir, "sa.key"),
		"--service-cluster-ip-range=10.43.0.0/16,fd00:43::/112", "--allow-privileged")
	s.Config = &rest.Config{
		Host: "https://127.0.0.1:" + api, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		WarningHandler: rest.NoWarnings{}, QPS: -1,
	}
	if err := s.wait(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Restart kills the API server, and returns when it is back.
func (s *Server) Restart(ctx context.Context) error {
	pid := s.api.PID()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	for s.api.PID() == pid && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	return s.wait(ctx)
}

// Stop ends the server and forgets what it kept.
func (s *Server) Stop() {
	for _, p := range []*process.Process{s.api, s.etcd} {
		if p != nil {
			p.Kill()
		}
	}
	_ = os.RemoveAll(s.dir)
}

func (s *Server) start(binary, name string, args ...string) *process.Process {
	return process.Start(process.Command{
		Name: name, Path: binary, Args: append([]string{name}, args...), Env: []string{"HOME=" + s.dir},
		Log: filepath.Join(s.dir, name+".log"), Grace: time.Second,
	}, nil)
}

func (s *Server) writeFiles() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(s.dir, "sa.key"), text, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "tokens"), []byte(token+",test,test,system:masters\n"), 0o600)
}

func (s *Server) wait(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(s.Config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if err = client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "kube-apiserver.log"))
			return fmt.Errorf("the API server is not ready: %w\n%s", err, log[max(0, len(log)-2000):])
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func build(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "home-ops-rack", "test", "rack-kube")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary,
		"-ldflags", "-X k8s.io/component-base/version.gitVersion=v1.34.1", "github.com/home-ops/home-ops/rack/cmd/rack-kube")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building rack-kube: %w\n%s", err, out)
	}
	return binary, nil
}

func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "0"
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
