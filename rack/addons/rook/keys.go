package rook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// keys makes the Secrets with which the CSI drivers ask Ceph for volumes, once Ceph runs.
func (p *pass) keys(c *cephCluster) error {
	var errs []error
	for _, name := range []string{"rook-csi-rbd-provisioner", "rook-csi-rbd-node", "rook-csi-cephfs-provisioner", "rook-csi-cephfs-node"} {
		if p.Get(cluster.Secrets, c.Namespace, name) != nil {
			continue
		}
		key := make([]byte, 28) // as long as Ceph's
		if _, err := rand.Read(key); err != nil {
			return err
		}
		errs = append(errs, p.Apply(p.ctx, cluster.Secrets, &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.Namespace},
			Type:       "kubernetes.io/rook",
			StringData: map[string]string{"userID": name[len("rook-"):], "userKey": base64.StdEncoding.EncodeToString(key)},
		}))
	}
	return errors.Join(errs...)
}
