package externalsecrets

import (
	"cmp"
	"crypto/sha3"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The reasons of an ExternalSecret's condition.
const (
	synced    = "SecretSynced"
	missing   = "SecretMissing"
	syncError = "SecretSyncedError"
)

// finalizer keeps an ExternalSecret until External Secrets has taken away what it has to: without External Secrets, none goes.
const finalizer = "externalsecrets.external-secrets.io/externalsecret-cleanup"

const (
	// managed and createdBy are labels of the Secrets that it makes; the latter says of which ExternalSecret, as a hash.
	managed   = "reconcile.external-secrets.io/managed"
	createdBy = "reconcile.external-secrets.io/created-by"
	// dataHash is the annotation by which it sees that somebody else has changed a Secret.
	dataHash = "reconcile.external-secrets.io/data-hash"
)

// failure is what an ExternalSecret says of itself when something fails; why, it tells nobody but its events and its log.
type failure struct {
	message string
	err     error
}

func (f *failure) Error() string { return f.message + ": " + f.err.Error() }

func (p *pass) externals() error {
	var errs []error
	for _, item := range cluster.Read[external](p.Cluster, Externals) {
		switch e := item.Typed; {
		case e.DeletionTimestamp != nil:
			errs = append(errs, p.leave(item))
		case !slices.Contains(e.Finalizers, finalizer):
			// That it has one wakes the next pass.
			errs = append(errs, p.finalizers(item.Object, append(e.Finalizers, finalizer)))
		case p.due(e):
			errs = append(errs, p.one(item))
		case e.periodic():
			p.Again(time.Until(e.Status.RefreshTime.Add(e.interval())))
		}
	}
	return errors.Join(errs...)
}

// one does the work of one ExternalSecret and writes its status.
func (p *pass) one(item cluster.Item[external]) error {
	e := item.Typed
	reason, message, err := p.sync(e)
	if err != nil {
		p.Log.Debug("external secret", "name", cluster.Key(e), "error", err)
		p.failed(e.UID)
		e.Status.Conditions = ready(e.Status.Conditions, false, syncError, message)
		return p.WriteStatus(p.ctx, Externals, item.Object, e.Status)
	}
	delete(p.failures, e.UID)
	now := metav1.Now().Rfc3339Copy()
	e.Status.RefreshTime, e.Status.SyncedVersion = &now, version(e)
	if reason == synced && e.Spec.Target.policy() != "None" {
		e.Status.Binding = &binding{e.secret()}
	}
	e.Status.Conditions = ready(e.Status.Conditions, true, reason, message)
	if e.periodic() {
		p.Again(e.interval())
	}
	return p.WriteStatus(p.ctx, Externals, item.Object, e.Status)
}

// leave lets an ExternalSecret go that was deleted. Its Secret goes before it where its policy says so; else the API's own
// garbage collector takes what it owns.
func (p *pass) leave(item cluster.Item[external]) error {
	e := item.Typed
	if secret := p.Get(cluster.Secrets, e.Namespace, e.secret()); secret != nil && e.Spec.Target.DeletionPolicy == "Delete" && metav1.IsControlledBy(secret, e) {
		if err := p.Delete(p.ctx, cluster.Secrets, e.Namespace, e.secret()); err != nil {
			return err
		}
	}
	if !slices.Contains(e.Finalizers, finalizer) {
		return nil
	}
	return p.finalizers(item.Object, slices.DeleteFunc(e.Finalizers, func(f string) bool { return f == finalizer }))
}

func (p *pass) finalizers(object *unstructured.Unstructured, all []string) error {
	return p.Merge(p.ctx, Externals, object, map[string]any{"metadata": map[string]any{"finalizers": all}})
}

// secret is the name of what an ExternalSecret makes.
func (e *external) secret() string { return cmp.Or(e.Spec.Target.Name, e.Name) }

// policy is whose the Secret is.
func (t *target) policy() string { return cmp.Or(t.CreationPolicy, "Owner") }

func (e *external) interval() time.Duration {
	if e.Spec.RefreshInterval == nil {
		return time.Hour
	}
	return e.Spec.RefreshInterval.Duration
}

// periodic reports whether an ExternalSecret is read again although nothing has changed.
func (e *external) periodic() bool {
	return e.interval() > 0 && e.Spec.RefreshPolicy != "CreatedOnce" && e.Spec.RefreshPolicy != "OnChange"
}

// version is what an ExternalSecret was like: its generation, and a hash of its labels and annotations, so that whoever changes one
// of these has it read anew.
func version(e *external) string {
	return fmt.Sprintf("%d-%s", e.Generation, hash(struct{ annotations, labels map[string]string }{e.Annotations, e.Labels}))
}

func hash(of any) string { return fmt.Sprintf("%x", sha3.Sum224(fmt.Appendf(nil, "%+v", of))) }

// due reports whether there is something to read: the Secret is not as it was left, the ExternalSecret says something else, or its
// time has come.
func (p *pass) due(e *external) bool {
	never := e.Status.SyncedVersion == "" || e.Status.RefreshTime == nil
	switch {
	case never:
		return true
	case !p.intact(e):
		return true
	case e.Spec.RefreshPolicy == "OnChange":
		return e.Status.SyncedVersion != version(e)
	case !e.periodic():
		return false
	}
	return e.Status.SyncedVersion != version(e) || time.Since(e.Status.RefreshTime.Time) > e.interval()
}

// intact reports whether the Secret is there as it was left. Of one that it is not to make it is not asked.
func (p *pass) intact(e *external) bool {
	secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, e.Namespace, e.secret())
	switch policy := e.Spec.Target.policy(); {
	case policy == "Orphan", policy == "None", policy == "Merge" && secret == nil:
		return true
	}
	return secret != nil && secret.Labels[managed] == "true" && secret.Annotations[dataHash] == hash(secret.Data)
}

// sync makes the Secret of an ExternalSecret, and says what its condition says.
func (p *pass) sync(e *external) (reason, message string, err error) {
	data, err := p.read(e)
	if err != nil {
		const message = "could not get secret data from provider"
		return "", message, &failure{message, err}
	}
	const update = "could not update secret"
	if e.Spec.Target.Immutable {
		return "", update, &failure{update, errors.New("the stand-in of External Secrets makes no immutable Secrets")}
	}
	existing := p.Get(cluster.Secrets, e.Namespace, e.secret())
	switch policy := e.Spec.Target.policy(); {
	case policy == "None":
		return synced, "secret synced", nil
	case policy == "Merge" && existing == nil:
		return missing, "secret will not be created due to CreationPolicy=Merge", nil
	case policy == "Owner":
		if err := p.deleteFormer(e); err != nil {
			const message = "could not delete orphaned secrets"
			return "", message, &failure{message, err}
		}
	}
	if message, err := foreign(e, existing); err != nil {
		return "", message, &failure{message, err}
	}
	secret, err := e.Spec.Target.build(e, data)
	if err != nil {
		return "", update, &failure{update, err}
	}
	if err := p.write(e, existing, secret); err != nil {
		return "", update, &failure{update, err}
	}
	return synced, "secret synced", nil
}

// foreign says why an ExternalSecret may not have a Secret: somebody else controls it.
func foreign(e *external, secret *unstructured.Unstructured) (message string, err error) {
	if secret == nil {
		return "", nil
	}
	owner := metav1.GetControllerOf(secret)
	switch {
	case owner == nil:
	case owner.Kind == "ExternalSecret" && owner.Name != e.Name:
		return "target is owned by another ExternalSecret", fmt.Errorf("secret is owned by another ExternalSecret: %s", owner.Name)
	case owner.Kind != "ExternalSecret" && e.Spec.Target.policy() == "Owner":
		return "failed to take ownership of target secret", fmt.Errorf("%s %s owns it", owner.Kind, owner.Name)
	}
	return "", nil
}

// write makes the Secret be as it is wanted. Whatever else is in it goes, unless the ExternalSecret only adds to it.
func (p *pass) write(e *external, existing *unstructured.Unstructured, secret *corev1.Secret) error {
	merges := e.Spec.Target.policy() == "Merge"
	if existing != nil {
		have, err := cluster.As[corev1.Secret](existing)
		if err != nil {
			return err
		}
		drop := map[string]any{}
		for key, value := range have.Data {
			if _, wanted := secret.Data[key]; merges && !wanted {
				secret.Data[key] = value
			} else if !wanted {
				drop[key] = nil
			}
		}
		if len(drop) > 0 {
			if err := p.Merge(p.ctx, cluster.Secrets, existing, map[string]any{"data": drop}); err != nil {
				return err
			}
		}
	}
	secret.Annotations[dataHash] = hash(secret.Data)
	return p.Apply(p.ctx, cluster.Secrets, secret)
}

// deleteFormer deletes the Secrets that an ExternalSecret has made under other names.
func (p *pass) deleteFormer(e *external) error {
	var errs []error
	for _, secret := range p.List(cluster.Secrets) {
		if secret.GetNamespace() == e.Namespace && secret.GetName() != e.secret() && secret.GetLabels()[createdBy] == e.mark() {
			errs = append(errs, p.Delete(p.ctx, cluster.Secrets, e.Namespace, secret.GetName()))
		}
	}
	return errors.Join(errs...)
}

// mark is the value of the label createdBy.
func (e *external) mark() string { return hash(e.Namespace + "/" + e.Name) }

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
		fields, err := from.Extract.all(v)
		if err != nil {
			return nil, fmt.Errorf("error processing spec.dataFrom[%d].extract, err: %w", i, err)
		}
		maps.Copy(data, fields)
	}
	for i, d := range e.Spec.Data {
		if d.SourceRef != nil {
			return nil, fmt.Errorf("data[%d]: the stand-in of External Secrets knows no sourceRef", i)
		}
		if data[d.SecretKey], err = d.RemoteRef.one(v); err != nil {
			return nil, fmt.Errorf("error processing spec.data[%d] (key: %s), err: %w", i, d.RemoteRef.Key, err)
		}
	}
	return data, nil
}

// plain refuses what is not done here.
func (r *remote) plain() error {
	if r.Version != "" {
		return errors.New("'remoteRef.version' is not implemented in the 1Password provider")
	}
	if r.Decoding != "" && r.Decoding != "None" {
		return errors.New("the stand-in of External Secrets decodes nothing")
	}
	return nil
}

// one is the value of a field.
func (r *remote) one(v *vaults) ([]byte, error) {
	if err := r.plain(); err != nil {
		return nil, err
	}
	item, err := v.item(r.Key)
	if err != nil {
		return nil, err
	}
	return field(item, r.Property)
}

// all are the fields of an item under names that a Secret's keys may have.
func (r *remote) all(v *vaults) (map[string][]byte, error) {
	if err := r.plain(); err != nil {
		return nil, err
	}
	if r.Conversion != "" && r.Conversion != "Default" {
		return nil, fmt.Errorf("the stand-in of External Secrets does not know the conversion %s", r.Conversion)
	}
	item, err := v.item(r.Key)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{}
	for _, f := range item.Fields {
		if f.Label == "" || r.Property != "" && r.Property != f.Label {
			continue
		}
		value, err := field(item, f.Label)
		if err != nil {
			return nil, err
		}
		key := keyOf(f.Label)
		if _, twice := data[key]; twice {
			return nil, fmt.Errorf("secret name collision during conversion: %s", key)
		}
		data[key] = value
	}
	return data, nil
}

// keyOf is a field's name with an underscore for whatever a Secret's key may not have.
func keyOf(label string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("-._", r) {
			return r
		}
		return '_'
	}, label)
}

// build is the Secret, through its template where it has one. Without one it gets the labels and annotations of the ExternalSecret.
func (t *target) build(e *external, data map[string][]byte) (*corev1.Secret, error) {
	controller := true
	secret := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name: e.secret(), Namespace: e.Namespace, Labels: map[string]string{}, Annotations: map[string]string{},
		},
		Data: data,
	}
	if t.Template == nil {
		maps.Copy(secret.Labels, e.Labels)
		maps.Copy(secret.Annotations, e.Annotations)
	} else if err := t.Template.execute(secret); err != nil {
		return nil, err
	}
	secret.Labels[managed] = "true"
	if t.policy() == "Owner" {
		secret.Labels[createdBy] = e.mark()
		secret.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "external-secrets.io/v1", Kind: "ExternalSecret", Name: e.Name, UID: e.UID, Controller: &controller, BlockOwnerDeletion: &controller,
		}}
	}
	return secret, nil
}
