package programs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// authorities is the ConfigMap in each namespace by which pods know the API server
	// (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens), and
	// authorityKey where it has the certificate.
	authorities, authorityKey = "kube-root-ca.crt", "ca.crt"
	// authorityFile is what a kubelet would make of it in the pod.
	authorityFile = "ca.crt"
)

// project puts the authority into a program's folder, and another one over it, as a kubelet does for a pod: whoever reads
// the file once, when it starts, goes on with the former. A pod whose namespace has none does not start.
func (p *player) project(ctx context.Context, name string) error {
	held, err := p.client.CoreV1().ConfigMaps(p.opts.Namespace).Get(ctx, authorities, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("authority of the API server: %w", err)
	}
	path, certificate := filepath.Join(p.opts.Dir, name, authorityFile), []byte(held.Data[authorityKey])
	if is, err := os.ReadFile(path); err == nil && bytes.Equal(is, certificate) {
		return nil
	}
	// In one piece: the program may read it at any time.
	next := path + ".next"
	if err := os.WriteFile(next, certificate, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
