package helmguard

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// release is a Helm release by its place.
type release struct{ namespace, name string }

func (r release) String() string { return r.namespace + "/" + r.name }

// record is Helm's record of one operation on a release, in a Secret
// (https://helm.sh/docs/topics/advanced/#storage-backends).
type record struct {
	secret   string
	uid      string
	revision int
	status   string
	made     time.Time
}

// pending reports whether the operation has not ended, as far as Helm knows.
func (r record) pending() bool { return strings.HasPrefix(r.status, "pending-") }

// records are those of a release, the newest last.
func (a api) records(ctx context.Context, of release) ([]record, error) {
	query := url.Values{"labelSelector": {"owner=helm,name=" + of.name}}
	var list metav1.PartialObjectMetadataList
	err := a.Do(ctx, http.MethodGet, "/api/v1/namespaces/"+of.namespace+"/secrets?"+query.Encode(), nil, &list)
	if err != nil {
		return nil, err
	}
	var records []record
	for _, secret := range list.Items {
		revision, err := strconv.Atoi(secret.Labels["version"])
		if err != nil {
			continue
		}
		records = append(records, record{
			secret: secret.Name, uid: string(secret.UID), revision: revision,
			status: secret.Labels["status"], made: secret.CreationTimestamp.Time,
		})
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.revision, b.revision) })
	return records, nil
}

// remove deletes the record, and no other that has its name by now.
func (a api) remove(ctx context.Context, of release, r record) error {
	options := metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions: metav1.NewUIDPreconditions(r.uid),
	}
	err := a.Do(ctx, http.MethodDelete, "/api/v1/namespaces/"+of.namespace+"/secrets/"+r.secret, options, nil)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
