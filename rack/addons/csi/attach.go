package csi

import (
	"context"
	"errors"
	"strings"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// attach says of each volume that Kubernetes asks for at a node that it is there. Kubernetes takes the attachment away again once no
// pod on the node has the volume; of one that was never answered it does so after minutes.
func (d driver) attach(ctx context.Context, c *cluster.Cluster) error {
	var errs []error
	for _, item := range cluster.Read[storagev1.VolumeAttachment](c, cluster.Attachments) {
		if a := item.Typed; strings.HasSuffix(a.Spec.Attacher, d.suffix) && a.DeletionTimestamp == nil && !a.Status.Attached {
			errs = append(errs, c.WriteStatus(ctx, cluster.Attachments, item.Object, storagev1.VolumeAttachmentStatus{Attached: true}))
		}
	}
	return errors.Join(errs...)
}

// attached are the volumes that are at a node, or soon are.
func attached(c *cluster.Cluster) map[string]bool {
	names := map[string]bool{}
	for _, item := range cluster.Read[storagev1.VolumeAttachment](c, cluster.Attachments) {
		if name := item.Typed.Spec.Source.PersistentVolumeName; name != nil {
			names[*name] = true
		}
	}
	return names
}
