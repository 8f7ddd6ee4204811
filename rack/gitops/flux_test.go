package gitops_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/home-ops/home-ops/rack/gitops"
	"github.com/home-ops/home-ops/rack/kube/process"
)

const (
	instanceV1  = "fluxcd.controlplane.io/v1"
	kustomizeV1 = "kustomize.toolkit.fluxcd.io/v1"
	home        = "kubernetes/clusters/home/"
)

func TestFlux_FollowsTheRepository(t *testing.T) {
	b := inRoom(t)
	if b == nil {
		return
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	tree := treeWithSecret(t, b, identity.Recipient().String())
	git, env := startWorld(t, b, tree)
	c := startCluster(t, b, log)
	c.apply("testdata/cluster/agent.yaml")
	c.apply(filepath.Join(b.Flux.Distribution, "..", "crd", "bases", "*.yaml"))
	c.apply("testdata/cluster/operator.yaml")
	c.secret("sops-age", "age.agekey", identity.String())
	c.apply("testdata/cluster/instance.yaml")
	c.apply("testdata/cluster/healthcheck.yaml")

	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := gitops.Run(ctx, c.config, gitops.Options{
			Bin: b.Flux.Bin, Distribution: b.Flux.Distribution, Dir: dir, Env: env, Log: log,
			OnExit: func(exit process.Exit) { t.Error(exit) },
		}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended; showLogs(t, dir) })

	t.Logf("FluxInstance ready: %.1f s", c.eventually("FluxInstance is ready", 90*time.Second, c.ready(instanceV1, "FluxInstance", "flux-system", "flux")).Seconds())
	c.eventually("health check ends", 10*time.Second, c.checkedAfterReady)
	t.Logf("tree applied after another %.1f s", c.eventually("tree is applied", 60*time.Second, c.ready(kustomizeV1, "Kustomization", "flux-system", "flux-system")).Seconds())
	c.eventually("secret is decrypted", 10*time.Second, c.has("Secret", "hidden", base64.StdEncoding.EncodeToString([]byte("what nobody may read"))))
	t.Logf("release ready after another %.1f s", c.eventually("release is ready", 60*time.Second, c.ready("helm.toolkit.fluxcd.io/v2", "HelmRelease", "default", "app")).Seconds())
	c.eventually("release is there", 5*time.Second, c.has("ConfigMap", "app-chart", "hello"))
	t.Log(resident(t, dir))

	change := func(text string) {
		content := bytes.ReplaceAll(mustRead(t, "testdata/tree/"+home+"app/greeting.yaml"), []byte(`"1"`), []byte(text))
		if _, err := git.Commit(t.Context(), "feat: say "+text, map[string][]byte{home + "app/greeting.yaml": content}); err != nil {
			t.Fatal(err)
		}
	}
	change(`"2"`)
	t.Logf("commit to applied, polling every 5 s: %.1f s", c.eventually("commit is applied", 60*time.Second, c.has("ConfigMap", "greeting", "2")).Seconds())
	change(`"3"`)
	c.announce()
	t.Logf("commit to applied, by webhook: %.1f s", c.eventually("commit is applied", 60*time.Second, c.has("ConfigMap", "greeting", "3")).Seconds())

	if _, err := git.Commit(t.Context(), "fix: nothing", map[string][]byte{home + "broken.yaml": mustRead(t, "testdata/broken.yaml")}); err != nil {
		t.Fatal(err)
	}
	c.announce()
	c.eventually("the broken manifest is named", 60*time.Second, func(ctx context.Context) error {
		err := c.ready(kustomizeV1, "Kustomization", "flux-system", "flux-system")(ctx)
		if err == nil || !strings.Contains(err.Error(), "ConfigMap/default/broken") {
			return fmt.Errorf("it says %w", err)
		}
		t.Log(err)
		return nil
	})
	c.uninstall()
}

// treeWithSecret is a copy of the tree with an encrypted file in it.
func treeWithSecret(t *testing.T, b *built, recipient string) string {
	t.Helper()
	tree := t.TempDir()
	if err := os.CopyFS(tree, os.DirFS("testdata/tree")); err != nil {
		t.Fatal(err)
	}
	encrypted, err := gitops.Encrypt(t.Context(), filepath.Join(b.Flux.Bin, "sops"), recipient, mustRead(t, "testdata/secret.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(encrypted, []byte("nobody")) {
		t.Fatalf("not encrypted:\n%s", encrypted)
	}
	if err := os.WriteFile(filepath.Join(tree, home, "app", "secret.sops.yaml"), encrypted, 0o600); err != nil {
		t.Fatal(err)
	}
	return tree
}

func (c *cluster) secret(name, key, value string) {
	c.t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name, "namespace": gitops.Namespace},
		"stringData": map[string]any{key: value},
	}}
	if err := c.applyOne(c.t.Context(), o); err != nil {
		c.t.Fatal(err)
	}
}

// checkedAfterReady wants the health check to have ended, and not before Flux was ready.
func (c *cluster) checkedAfterReady(ctx context.Context) error {
	job, err := c.get(ctx, "batch/v1", "Job", gitops.Namespace, "healthcheck")
	if err != nil {
		return err
	}
	ended, found, _ := unstructured.NestedString(job.Object, "status", "completionTime")
	if !found {
		return errors.New("it runs")
	}
	instance, err := c.get(ctx, instanceV1, "FluxInstance", gitops.Namespace, "flux")
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(instance.Object, "status", "conditions")
	for _, condition := range conditions {
		// Both are RFC 3339 in UTC, which sorts as text.
		if fields := condition.(map[string]any); fields["type"] == "Ready" && ended < fields["lastTransitionTime"].(string) {
			c.t.Errorf("the health check ended at %s, Flux was ready at %s", ended, fields["lastTransitionTime"])
		}
	}
	return nil
}

// ready wants the condition Ready of this generation; the error is what the condition says.
func (c *cluster) ready(apiVersion, kind, namespace, name string) func(context.Context) error {
	return func(ctx context.Context) error {
		o, err := c.get(ctx, apiVersion, kind, namespace, name)
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, condition := range conditions {
			fields := condition.(map[string]any)
			if fields["type"] != "Ready" {
				continue
			}
			if fields["status"] == "True" && fields["observedGeneration"] == o.GetGeneration() {
				return nil
			}
			return fmt.Errorf("%s: %s", fields["reason"], fields["message"])
		}
		return errors.New("it has no condition Ready")
	}
}

// has wants a value under the key text of an object in the namespace default.
func (c *cluster) has(kind, name, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		o, err := c.get(ctx, "v1", kind, "default", name)
		if err != nil {
			return err
		}
		if got, _, _ := unstructured.NestedString(o.Object, "data", "text"); got != want {
			return fmt.Errorf("it has %q", got)
		}
		return nil
	}
}

// announce tells Flux's receiver of a push, as GitHub does.
func (c *cluster) announce() {
	c.t.Helper()
	var path string
	c.eventually("receiver is ready", 30*time.Second, func(ctx context.Context) error {
		o, err := c.get(ctx, "notification.toolkit.fluxcd.io/v1", "Receiver", gitops.Namespace, "webhook")
		if err != nil {
			return err
		}
		if path, _, _ = unstructured.NestedString(o.Object, "status", "webhookPath"); path == "" {
			return errors.New("it has no path")
		}
		return nil
	})
	body := []byte(`{"ref":"refs/heads/main"}`)
	mac := hmac.New(sha256.New, []byte("webhook-token"))
	mac.Write(body)
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+gitops.ReceiverAddress+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-GitHub-Event", "push")
	request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		c.t.Fatalf("webhook: %s", response.Status)
	}
}

// uninstall deletes Flux; the operator takes the controllers and the definitions away before it lets go.
func (c *cluster) uninstall() {
	c.t.Helper()
	instances, err := c.of(schema.FromAPIVersionAndKind(instanceV1, "FluxInstance"), gitops.Namespace)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := instances.Delete(c.t.Context(), "flux", metav1.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
	took := c.eventually("Flux is uninstalled", 90*time.Second, func(ctx context.Context) error {
		if _, err := instances.Get(ctx, "flux", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return nil
	})
	c.t.Logf("uninstalled: %.1f s", took.Seconds())
	if _, err := c.get(c.t.Context(), "apps/v1", "Deployment", gitops.Namespace, "source-controller"); !apierrors.IsNotFound(err) {
		c.t.Errorf("source-controller: %v", err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// resident is the resident memory of the processes whose files are in the directory.
func resident(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range found {
		environ, err := os.ReadFile(filepath.Clean(path))
		_, rest, ours := strings.Cut(string(environ), "HOME="+dir+"/")
		if err != nil || !ours {
			continue
		}
		name, _, _ := strings.Cut(rest, "\x00")
		status, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "status"))
		_, rss, _ := strings.Cut(string(status), "VmRSS:")
		rss, _, _ = strings.Cut(rss, "\n")
		all = append(all, name+" "+strings.TrimSpace(rss))
	}
	return strings.Join(all, ", ")
}

// showLogs shows the end of every program's log when the test failed.
func showLogs(t *testing.T, dir string) {
	if !t.Failed() {
		return
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "*", "*.log"))
	for _, path := range logs {
		lines := strings.Split(strings.TrimSpace(string(mustRead(t, path))), "\n")
		t.Logf("%s:\n%s", filepath.Base(path), strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
}
