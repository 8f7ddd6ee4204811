package helmguard

import (
	"context"
	"net/http"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// leaseName is that of the mark on a release, in its namespace.
func leaseName(of release) string { return "home-ops-release-" + of.name }

func leases(of release) string {
	return "/apis/coordination.k8s.io/v1/namespaces/" + of.namespace + "/leases"
}

// lease is the mark on a release; nil where there is none.
func (a api) lease(ctx context.Context, of release) (*coordinationv1.Lease, error) {
	var found coordinationv1.Lease
	err := a.Do(ctx, http.MethodGet, leases(of)+"/"+leaseName(of), nil, &found)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	return &found, err
}

// mark says that the holder is at work on the release, now. It takes the place of a dead
// run's mark.
func (a api) mark(ctx context.Context, of release, holder string, lasts time.Duration) error {
	found, err := a.lease(ctx, of)
	if err != nil {
		return err
	}
	now, seconds := metav1.NowMicro(), int32(lasts.Seconds())
	lease := coordinationv1.Lease{
		TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{
			Name: leaseName(of), Namespace: of.namespace,
			Labels: map[string]string{"app.kubernetes.io/managed-by": "home-ops"},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
	if found == nil {
		return a.Do(ctx, http.MethodPost, leases(of), lease, nil)
	}
	lease.ResourceVersion = found.ResourceVersion
	return a.Do(ctx, http.MethodPut, leases(of)+"/"+lease.Name, lease, nil)
}

// renewed reports whether somebody renews the mark. It looks for as long as a mark lasts,
// by this machine's clock alone: clocks differ, and a change is a change.
func (a api) renewed(ctx context.Context, of release, seen *coordinationv1.Lease, lasts time.Duration) (bool, error) {
	deadline := time.NewTimer(lasts)
	defer deadline.Stop()
	look := time.NewTicker(lasts / 15)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-deadline.C:
			return false, nil
		case <-look.C:
			now, err := a.lease(ctx, of)
			if err != nil {
				return false, err
			}
			if now != nil && !now.Spec.RenewTime.Equal(seen.Spec.RenewTime) {
				return true, nil
			}
		}
	}
}
