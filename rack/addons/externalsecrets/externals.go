package externalsecrets

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

func (p *pass) externals() error {
	var errs []error
	for _, item := range cluster.Read[external](p.Cluster, Externals) {
		e := item.Typed
		if e.DeletionTimestamp != nil || !p.due(e) {
			continue
		}
		if err := p.sync(e); err != nil {
			e.Status.Conditions = ready(e.Status.Conditions, false, "SecretSyncedError", strings.ReplaceAll(err.Error(), "\n", "; "))
		} else {
			now := metav1.Now().Rfc3339Copy()
			e.Status.RefreshTime, e.Status.SyncedVersion, e.Status.Binding = &now, version(e), &binding{e.secret()}
			e.Status.Conditions = ready(e.Status.Conditions, true, "SecretSynced", "secret synced")
		}
		errs = append(errs, p.WriteStatus(p.ctx, Externals, item.Object, e.Status))
	}
	return errors.Join(errs...)
}

// secret is the name of what an ExternalSecret makes.
func (e *external) secret() string { return cmp.Or(e.Spec.Target.Name, e.Name) }

func version(e *external) string { return fmt.Sprintf("%d", e.Generation) }

// due reports whether there is something to read: the Secret is missing, the ExternalSecret says something else, or its time has come.
func (p *pass) due(e *external) bool {
	if !isReady(e.Status.Conditions) || e.Status.SyncedVersion != version(e) || e.Status.RefreshTime == nil ||
		p.Get(cluster.Secrets, e.Namespace, e.secret()) == nil {
		return true
	}
	interval := time.Hour
	if e.Spec.RefreshInterval != nil {
		interval = e.Spec.RefreshInterval.Duration
	}
	return interval > 0 && time.Since(e.Status.RefreshTime.Time) > interval
}

// sync makes the Secret of an ExternalSecret.
func (p *pass) sync(e *external) error {
	data, err := p.read(e)
	if err != nil {
		return fmt.Errorf("could not get secret data from provider: %w", err)
	}
	secret, err := e.Spec.Target.build(e, data)
	if err != nil {
		return fmt.Errorf("could not update secret: %w", err)
	}
	if e.Spec.Target.CreationPolicy == "Merge" && p.Get(cluster.Secrets, e.Namespace, secret.Name) == nil {
		return errors.New("secret will not be created due to CreationPolicy=Merge")
	}
	return p.Apply(p.ctx, cluster.Secrets, secret)
}

// read fetches what an ExternalSecret names; of what it names twice the later wins.
func (p *pass) read(e *external) (map[string][]byte, error) {
	kind, namespace := Stores, e.Namespace
	if e.Spec.StoreRef.Kind == "ClusterSecretStore" {
		kind, namespace = ClusterStores, ""
	}
	s := cluster.Find[store](p.Cluster, kind, namespace, e.Spec.StoreRef.Name)
	if s == nil {
		return nil, fmt.Errorf("could not get %s %q: not found", cmp.Or(e.Spec.StoreRef.Kind, "SecretStore"), e.Spec.StoreRef.Name)
	}
	if s.Spec.Provider.OnePassword == nil {
		return nil, fmt.Errorf("%s is of a provider that the stand-in of External Secrets does not know", s.Name)
	}
	if !isReady(s.Status.Conditions) {
		return nil, fmt.Errorf("%s %q is not ready", cmp.Or(e.Spec.StoreRef.Kind, "SecretStore"), s.Name)
	}
	v, err := p.open(s, e.Namespace)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{}
	for i, from := range e.Spec.DataFrom {
		if from.Extract == nil || from.Find != nil || len(from.Rewrite) > 0 || from.SourceRef != nil {
			return nil, fmt.Errorf("dataFrom[%d]: the stand-in of External Secrets knows only extract", i)
		}
		item, err := v.item(from.Extract.Key)
		if err != nil {
			return nil, fmt.Errorf("dataFrom[%d]: %w", i, err)
		}
		for _, f := range item.Fields {
			if from.Extract.Property == "" || from.Extract.Property == f.Label {
				data[f.Label] = []byte(f.Value)
			}
		}
	}
	for i, d := range e.Spec.Data {
		if d.SourceRef != nil {
			return nil, fmt.Errorf("data[%d]: the stand-in of External Secrets knows no sourceRef", i)
		}
		if d.RemoteRef.Version != "" {
			return nil, errors.New("'remoteRef.version' is not implemented in the 1Password provider")
		}
		item, err := v.item(d.RemoteRef.Key)
		if err == nil {
			data[d.SecretKey], err = field(item, d.RemoteRef.Property)
		}
		if err != nil {
			return nil, fmt.Errorf("error processing spec.data[%d] (key: %s), err: %w", i, d.RemoteRef.Key, err)
		}
	}
	return data, nil
}

// build is the Secret, through its template where it has one.
func (t *target) build(e *external, data map[string][]byte) (*corev1.Secret, error) {
	controller := true
	secret := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: e.secret(), Namespace: e.Namespace, Labels: map[string]string{"reconcile.external-secrets.io/managed": "true"},
		},
		Data: data,
	}
	if p := t.CreationPolicy; p == "" || p == "Owner" {
		secret.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "external-secrets.io/v1", Kind: "ExternalSecret", Name: e.Name, UID: e.UID, Controller: &controller, BlockOwnerDeletion: &controller,
		}}
	}
	if t.Template == nil {
		return secret, nil
	}
	return secret, t.Template.execute(secret)
}
