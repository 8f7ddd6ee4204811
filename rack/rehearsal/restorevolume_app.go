package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/addons/restic"
	"github.com/home-ops/home-ops/rack/addons/volsync"
	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// volumeApp is the app of the tree that has the component volsync.
var volumeApp = struct{ namespace, name, kustomization, file string }{
	"monitoring", "grafana", "kube-prometheus-stack", "kubernetes/apps/monitoring/kube-prometheus-stack/ks.yaml",
}

// wrongSecret is a Secret like the app's, with another password.
const wrongSecret = "rehearsal-wrong-password"

// volumeWords stand for the page's words. They are TAG and TIME inside of a word, too.
func volumeWords(tag string, at time.Time) map[string]string {
	with := map[string]string{"NAMESPACE": volumeApp.namespace, "APP": volumeApp.name, "KUSTOMIZATION": volumeApp.kustomization}
	within := strings.NewReplacer("TAG", tag, "TIME", at.UTC().Format(time.RFC3339), "=APP", "="+volumeApp.name)
	for _, word := range []string{
		"app.kubernetes.io/name=APP", "jsonpath={.status.lastManualSync}=TAG", `{"spec":{"trigger":{"manual":"TAG"}}}`,
		`{"spec":{"trigger":{"manual":"TAG"},"restic":{"restoreAsOf":null}}}`, `{"spec":{"trigger":{"manual":"TAG"},"restic":{"restoreAsOf":"TIME"}}}`,
	} {
		with[word] = within.Replace(word)
	}
	return with
}

// appOnVolume wants the app to be there, and to run on its volume.
func (r *rehearsal) appOnVolume(ctx context.Context, c *cluster) error {
	if r.stack.Storage.DefaultClass == "" || r.stack.Secrets.OnePassword == nil {
		return errors.New("the stack has no app with a volume that VolSync copies: it wants a default class and a vault")
	}
	return within(ctx, reconciled, func(ctx context.Context) error { return appRuns(ctx, c) })
}

// appApplied wants Flux to have applied the app's Kustomization as it is now.
func appApplied(ctx context.Context, c *cluster) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	applied, err := client.Resource(kustomizations).Namespace("flux-system").Get(ctx, volumeApp.kustomization, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return notReady(*applied)
}

func appRuns(ctx context.Context, c *cluster) error {
	d, err := c.client.AppsV1().Deployments(volumeApp.namespace).Get(ctx, volumeApp.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if d.Status.ReadyReplicas != 1 || d.Status.ObservedGeneration != d.Generation {
		return fmt.Errorf("%s has %d ready pods", d.Name, d.Status.ReadyReplicas)
	}
	return nil
}

// volume is the folder of the app's volume.
func (r *rehearsal) volume(ctx context.Context, c *cluster) (string, error) {
	claim, err := c.client.CoreV1().PersistentVolumeClaims(volumeApp.namespace).Get(ctx, volumeApp.name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != corev1.ClaimBound {
		return "", fmt.Errorf("the claim %s is %s", claim.Name, claim.Status.Phase)
	}
	v, err := c.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if v.Spec.CSI == nil {
		return "", fmt.Errorf("the volume %s is of no driver", v.Name)
	}
	return r.rack.volumes.Volume(v.Spec.CSI.VolumeHandle), nil
}

// writeVolume is what the app does: no file stays but these.
func (r *rehearsal) writeVolume(ctx context.Context, c *cluster, files map[string]string) error {
	folder, err := r.volume(ctx, c)
	if err != nil {
		return err
	}
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	return volumes.Write(folder, content, true)
}

// hasCopy is whether the app's volume has the files of a copy, and no other.
func (r *rehearsal) hasCopy(ctx context.Context, c *cluster, name string, want map[string]string) {
	got := map[string]string{}
	err := until(ctx, func(ctx context.Context) error {
		folder, err := r.volume(ctx, c)
		if err != nil {
			return err
		}
		files, err := volumes.Files(folder)
		if err != nil {
			return err
		}
		clear(got)
		for name, text := range files {
			got[name] = string(text)
		}
		return nil
	})
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("its files are %q, wanted %q", got, want)
	}
	r.addChecked(name+": the volume is as in the copy", fmt.Sprintf("%q", got), err)
}

// otherVolumes are the volumes of all claims but the app's and VolSync's own.
func otherVolumes(ctx context.Context, c *cluster) (map[string]string, error) {
	list, err := c.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, claim := range list.Items {
		mine := claim.Namespace == volumeApp.namespace && claim.Name == volumeApp.name
		if !mine && claim.Labels["app.kubernetes.io/created-by"] != "volsync" {
			all[claim.Namespace+"/"+claim.Name] = claim.Spec.VolumeName
		}
	}
	return all, nil
}

// othersStay is whether all other claims have the volumes that they had.
func (r *rehearsal) othersStay(ctx context.Context, c *cluster, name string, before map[string]string) {
	after, err := otherVolumes(ctx, c)
	if err == nil && (len(before) == 0 || !maps.Equal(before, after)) {
		err = fmt.Errorf("they were %v and are %v", before, after)
	}
	r.addChecked(name+": no other volume is touched", fmt.Sprintf("%d claims", len(after)), err)
}

// ownedAgain is whether Flux applies the app again, and leaves all of it as it is.
func (r *rehearsal) ownedAgain(ctx context.Context, c *cluster, name, stamp string) {
	before, err := appState(ctx, c)
	if err == nil {
		err = r.reconcile(ctx, c, stamp)
	}
	after, errAfter := appState(ctx, c)
	if err = errors.Join(err, errAfter); err == nil && before != after {
		err = fmt.Errorf("it was %s and is %s", before, after)
	}
	r.addChecked(name+": Flux owns the app again, and changes nothing", after, err)
}

// reconcile has Flux apply the app, and waits until it has.
func (r *rehearsal) reconcile(ctx context.Context, c *cluster, stamp string) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	of := client.Resource(kustomizations).Namespace("flux-system")
	patch := `{"metadata":{"annotations":{"` + requestedAt + `":"` + stamp + `"}}}`
	if _, err := of.Patch(ctx, volumeApp.kustomization, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return err
	}
	return within(ctx, reconciled, func(ctx context.Context) error {
		o, err := of.Get(ctx, volumeApp.kustomization, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if handled, _, _ := unstructured.NestedString(o.Object, "status", "lastHandledReconcileAt"); handled != stamp {
			return fmt.Errorf("%s was asked at %s and has answered at %q", o.GetName(), stamp, handled)
		}
		return errors.Join(unreadyOf([]owned{{*o, kustomizations}})...)
	})
}

// appState is what nobody is to change: the claim, the workload, and what VolSync is told.
func appState(ctx context.Context, c *cluster) (string, error) {
	claim, err := c.client.CoreV1().PersistentVolumeClaims(volumeApp.namespace).Get(ctx, volumeApp.name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	d, err := c.client.AppsV1().Deployments(volumeApp.namespace).Get(ctx, volumeApp.name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	source, err := volsyncObject(ctx, c, "source")
	if err != nil {
		return "", err
	}
	destination, err := volsyncObject(ctx, c, "destination")
	if err != nil {
		return "", err
	}
	if manual, set, _ := unstructured.NestedString(source.Object, "spec", "trigger", "manual"); set {
		return "", fmt.Errorf("no copy is made by schedule while one by hand is asked for: %s", manual)
	}
	return fmt.Sprintf("claim %s, Deployment in generation %d with %d ready, ReplicationSource in generation %d, ReplicationDestination in generation %d",
		claim.UID, d.Generation, d.Status.ReadyReplicas, source.GetGeneration(), destination.GetGeneration()), nil
}

func volsyncObject(ctx context.Context, c *cluster, which string) (*unstructured.Unstructured, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return nil, err
	}
	kind := volsync.Destinations
	if which == "source" {
		kind = volsync.Sources
	}
	return client.Resource(kind).Namespace(volumeApp.namespace).Get(ctx, volumeApp.name, metav1.GetOptions{})
}

// setDestination changes what is to be fetched.
func (r *rehearsal) setDestination(ctx context.Context, c *cluster, patch string) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	_, err = client.Resource(volsync.Destinations).Namespace(volumeApp.namespace).
		Patch(ctx, volumeApp.name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// fetchSaid is whether the last fetch ended and said so, which it may do after a while.
func (r *rehearsal) fetchSaid(ctx context.Context, c *cluster, name, result, says string) {
	logs := ""
	err := until(ctx, func(ctx context.Context) error {
		o, err := volsyncObject(ctx, c, "destination")
		if err != nil {
			return err
		}
		is, _, _ := unstructured.NestedString(o.Object, "status", "latestMoverStatus", "result")
		logs, _, _ = unstructured.NestedString(o.Object, "status", "latestMoverStatus", "logs")
		if is != result || !strings.Contains(logs, says) {
			return fmt.Errorf("it is %s and says %q, wanted %s and %q", is, logs, result, says)
		}
		return nil
	})
	r.addChecked("drill: "+name, strings.ReplaceAll(logs, "\n", "; "), err)
}

// deleteClaim deletes the app's claim by mistake. It goes when no pod has it.
func (r *rehearsal) deleteClaim(ctx context.Context, c *cluster) error {
	claims := c.client.CoreV1().PersistentVolumeClaims(volumeApp.namespace)
	was, err := claims.Get(ctx, volumeApp.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := claims.Delete(ctx, volumeApp.name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, func(ctx context.Context) error {
		err := c.client.CoreV1().Pods(volumeApp.namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
			LabelSelector: "app.kubernetes.io/name=" + volumeApp.name,
		})
		if err != nil {
			return err
		}
		now, err := claims.Get(ctx, volumeApp.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && now.UID != was.UID {
			return nil
		}
		return errors.Join(err, errors.New("the claim is still there"))
	})
}

// wrongPassword makes a Secret like the app's, with another password.
func wrongPassword(ctx context.Context, c *cluster, right string) error {
	secrets := c.client.CoreV1().Secrets(volumeApp.namespace)
	is, err := secrets.Get(ctx, right, metav1.GetOptions{})
	if err != nil {
		return err
	}
	data := maps.Clone(is.Data)
	data["RESTIC_PASSWORD"] = []byte(ownSecret())
	_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: wrongSecret}, Data: data}, metav1.CreateOptions{})
	return err
}

// repository is the one of the app's copies, and its folder.
func (r *rehearsal) repository(ctx context.Context, c *cluster) (folder string, repository *restic.Repository, err error) {
	secret, err := c.client.CoreV1().Secrets(volumeApp.namespace).Get(ctx, volumeApp.name+"-backup", metav1.GetOptions{})
	if err != nil {
		return "", nil, err
	}
	if folder, err = restic.Folder(r.world.buckets(), string(secret.Data["RESTIC_REPOSITORY"])); err != nil {
		return "", nil, err
	}
	repository, err = restic.Open(folder, string(secret.Data["RESTIC_PASSWORD"]), false)
	return folder, repository, err
}

// componentGone is nil once Flux no longer takes the copies of another stack.
func componentGone(ctx context.Context, c *cluster) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	o, err := client.Resource(kustomizations).Namespace("flux-system").Get(ctx, volumeApp.kustomization, metav1.GetOptions{})
	if err != nil {
		return err
	}
	components, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "components")
	if slices.ContainsFunc(components, func(name string) bool { return strings.HasSuffix(name, "/volsync-from") }) {
		return errors.New("the component volsync-from is still there")
	}
	_, err = client.Resource(secretClaims).Namespace(volumeApp.namespace).Get(ctx, volumeApp.name+"-backup-from", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return errors.Join(err, errors.New("the other stack's Secret is still asked for"))
	}
	return nil
}

// fetchedFrom is nil once the ReplicationDestination has fetched from a repository.
func fetchedFrom(ctx context.Context, c *cluster, repository string) error {
	o, err := volsyncObject(ctx, c, "destination")
	if err != nil {
		return err
	}
	from, _, _ := unstructured.NestedString(o.Object, "spec", "restic", "repository")
	tag, _, _ := unstructured.NestedString(o.Object, "status", "lastManualSync")
	if from != repository || tag == "" {
		return fmt.Errorf("it is to fetch from %s, and has fetched %q", from, tag)
	}
	return nil
}
