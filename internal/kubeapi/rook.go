package kubeapi

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// OSDs are the Deployments by which Rook runs Ceph's OSDs, one for each disk of the cluster; none where there is no Rook. Rook
// leaves one there when its disk is taken out of the CephCluster.
func (a API) OSDs(ctx context.Context) ([]appsv1.Deployment, error) {
	var list appsv1.DeploymentList
	err := a.Get(ctx, "/apis/apps/v1/deployments?labelSelector=app%3Drook-ceph-osd", &list)
	return list.Items, err
}

// OSDNode is the hostname of the node that an OSD's Deployment is tied to.
func OSDNode(osd appsv1.Deployment) string {
	return osd.Spec.Template.Spec.NodeSelector[corev1.LabelHostname]
}
