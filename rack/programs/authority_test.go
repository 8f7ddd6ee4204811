package programs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestProject_GivesAProgramTheAuthorityOfItsNamespaceAndTheNextOne(t *testing.T) {
	t.Parallel()
	client, dir := fake.NewClientset(), t.TempDir()
	p := &player{opts: Options{Namespace: "flux-system", Dir: dir}, client: client}
	if err := os.MkdirAll(filepath.Join(dir, "source-controller"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.project(t.Context(), "source-controller"); err == nil || !strings.Contains(err.Error(), `authority of the API server: configmaps "kube-root-ca.crt" not found`) {
		t.Errorf("without one: %v", err)
	}
	held := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "flux-system", Name: "kube-root-ca.crt"}}
	for i, certificate := range []string{"former", "next"} {
		held.Data = map[string]string{"ca.crt": certificate}
		var err error
		if i == 0 {
			_, err = client.CoreV1().ConfigMaps("flux-system").Create(t.Context(), held, metav1.CreateOptions{})
		} else {
			_, err = client.CoreV1().ConfigMaps("flux-system").Update(t.Context(), held, metav1.UpdateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.project(t.Context(), "source-controller"); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "source-controller", "ca.crt")); err != nil || string(got) != certificate {
			t.Errorf("%q, %v, want %s", got, err, certificate)
		}
	}
}
