package rehearsal

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/gitops"
)

// checkSOPS commits an encrypted Secret beside the sample app. Only a cluster that has the private key can show what is
// in it.
func (r *rehearsal) checkSOPS(ctx context.Context, c *cluster) (string, error) {
	if r.secrets.age == nil {
		return "the stack does without SOPS", nil
	}
	const name, key = "rehearsal-sops", "text"
	value := ownSecret()
	plain, err := yaml.Marshal(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: echoNamespace},
		StringData: map[string]string{key: value},
	})
	if err != nil {
		return "", err
	}
	sealed, err := gitops.Encrypt(ctx, filepath.Join(r.config.Flux.Bin, fluxparts.Sops), r.secrets.age.Recipient().String(), plain)
	if err != nil {
		return "", err
	}
	if strings.Contains(string(sealed), value) {
		return "", fmt.Errorf("sops left it in plain text")
	}
	folder := path.Dir(echoFile)
	listing, err := r.world.git.Read(ctx, path.Join(folder, "kustomization.yaml"))
	if err != nil {
		return "", err
	}
	const resources = "\nresources:\n"
	if strings.Count(string(listing), resources) != 1 {
		return "", fmt.Errorf("%s/kustomization.yaml lists no resources", folder)
	}
	sha, err := r.world.git.Commit(ctx, "feat(echo): a secret of the rehearsal", map[string][]byte{
		path.Join(folder, "secret.sops.yaml"): sealed,
		path.Join(folder, "kustomization.yaml"): []byte(strings.Replace(string(listing), resources,
			resources+"  - ./secret.sops.yaml\n", 1)),
	})
	if err != nil {
		return "", err
	}
	if _, err := r.announce(ctx, sha); err != nil {
		return "", err
	}
	return "decrypted by the kustomize-controller", within(ctx, reconciled, func(ctx context.Context) error {
		secret, err := c.client.CoreV1().Secrets(echoNamespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if string(secret.Data[key]) != value {
			return fmt.Errorf("the Secret holds %d other bytes", len(secret.Data[key]))
		}
		return nil
	})
}
