package rehearsal

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// checkSOPS waits for the encrypted Secret of the last commit. Only a cluster that has the private key can show what is in it.
func (r *rehearsal) checkSOPS(ctx context.Context, c *cluster) (string, error) {
	if r.secrets.age == nil {
		return "", skipped("the stack does without SOPS")
	}
	p := r.pushed
	// No commit is looked at twice.
	if r.pushed = nil; p == nil {
		var err error
		if p, err = r.push(ctx); err != nil {
			return "", err
		}
	}
	if p.sealErr != nil {
		return "", p.sealErr
	}
	limit := reconciled
	if r.stack.Flux.Webhook != nil {
		limit = appliedSoon
	}
	return "decrypted by the kustomize-controller", within(ctx, limit, func(ctx context.Context) error {
		secret, err := c.client.CoreV1().Secrets(echoNamespace).Get(ctx, sealedName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if string(secret.Data[sealedKey]) != p.sealed {
			return fmt.Errorf("the Secret holds %d other bytes", len(secret.Data[sealedKey]))
		}
		return nil
	})
}
