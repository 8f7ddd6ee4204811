package addons_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/addons/restic"
	vols "github.com/home-ops/home-ops/rack/addons/volumes"
)

const volsyncAPI = "volsync.backube/v1alpha1"

// bind plays Kubernetes's controllers of claims and Jobs in a namespace, until the test ends.
func bind(t *testing.T, namespace string) {
	client := kubernetes.NewForConfigOrDie(server.Config)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() {
		stop()
		<-done
		// Nobody else takes the volumes away, and other tests have Longhorn's, too.
		ctx := context.Background()
		list, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		for _, v := range list.Items {
			if v.Spec.ClaimRef != nil && v.Spec.ClaimRef.Namespace == namespace {
				_ = client.CoreV1().PersistentVolumes().Delete(ctx, v.Name, metav1.DeleteOptions{})
				_, _ = client.CoreV1().PersistentVolumes().Patch(ctx, v.Name, types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`), metav1.PatchOptions{})
			}
		}
	})
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
			claims, err := client.CoreV1().PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{})
			volumes, errVolumes := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
			jobs, errJobs := client.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{})
			if err != nil || errVolumes != nil || errJobs != nil {
				continue
			}
			for i := range claims.Items {
				bindOne(ctx, client, &claims.Items[i], volumes.Items)
			}
			for _, j := range jobs.Items {
				if j.Status.Succeeded == 0 {
					patch := fmt.Sprintf(`{"status": {"startTime": %q, "succeeded": 1}}`, time.Now().UTC().Format(time.RFC3339))
					_, _ = client.BatchV1().Jobs(namespace).Patch(ctx, j.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
				}
			}
		}
	}()
}

func bindOne(ctx context.Context, client kubernetes.Interface, claim *corev1.PersistentVolumeClaim, volumes []corev1.PersistentVolume) {
	patch := func(text string, sub ...string) {
		_, _ = client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, []byte(text), metav1.PatchOptions{}, sub...)
	}
	if claim.DeletionTimestamp != nil {
		patch(`{"metadata": {"finalizers": null}}`)
		return
	}
	mine := ""
	for _, v := range volumes {
		if ref := v.Spec.ClaimRef; ref != nil && (ref.UID == claim.UID || ref.UID == "" && ref.Namespace == claim.Namespace && ref.Name == claim.Name) {
			mine = v.Name
		}
	}
	switch {
	case claim.Spec.VolumeName == "" && mine == "":
		patch(`{"metadata": {"annotations": {"volume.kubernetes.io/storage-provisioner": "driver.longhorn.io"}}}`)
	case claim.Spec.VolumeName == "":
		patch(`{"spec": {"volumeName": "` + mine + `"}}`)
	case claim.Status.Phase != corev1.ClaimBound && mine == claim.Spec.VolumeName:
		patch(`{"status": {"phase": "Bound"}}`, "status")
	case claim.Status.Phase == corev1.ClaimBound && mine == "":
		patch(`{"status": {"phase": "Lost"}}`, "status")
	}
}

func TestVolSync_CopiesAVolumeAndFillsItsClaimAgain(t *testing.T) {
	dir := t.TempDir()
	contents, buckets := vols.In(filepath.Join(dir, "volumes")), filepath.Join(dir, "buckets")
	c := play(t, func(o *addons.Options) { o.Volumes, o.Buckets = contents, buckets })
	for _, name := range []string{"snapshot", "volsync"} {
		c.Define(definitions + "/" + name)
	}
	c.Namespace("photos")
	for _, operator := range [][2]string{{"longhorn-system", "longhorn-driver-deployer"}, {"kube-system", "snapshot-controller"}, {"volsync-system", "volsync"}} {
		c.Operator(operator[0], operator[1])
	}
	bind(t, "photos")
	c.Apply(volsync)
	destination := func(path, want string) {
		t.Helper()
		c.Eventually(volsyncAPI, "ReplicationDestination", "photos/app", path, want)
	}
	source := func(path, want string) {
		t.Helper()
		c.Eventually(volsyncAPI, "ReplicationSource", "photos/app", path, want)
	}
	claim := func() (folder string) {
		t.Helper()
		c.Eventually("v1", "PersistentVolumeClaim", "photos/app", "status.phase", `"Bound"`)
		return contents.Volume(strings.Trim(c.Field("v1", "PersistentVolumeClaim", "photos/app", "spec.volumeName"), `"`))
	}
	client := kubernetes.NewForConfigOrDie(server.Config)
	patch := func(kind, text string) {
		t.Helper()
		err := client.CoreV1().RESTClient().Patch(types.MergePatchType).AbsPath("/apis/volsync.backube/v1alpha1/namespaces/photos", kind, "app").Body([]byte(text)).Do(t.Context()).Error()
		if err != nil {
			t.Fatal(err)
		}
	}
	password := func(is string) {
		t.Helper()
		_, err := client.CoreV1().Secrets("photos").Patch(t.Context(), "app-backup", types.MergePatchType, []byte(`{"stringData": {"RESTIC_PASSWORD": "`+is+`"}}`), metav1.PatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(claim(), "marker"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fresh := func(want string) {
		t.Helper()
		uid := c.Field("v1", "PersistentVolumeClaim", "photos/app", "metadata.uid")
		c.Delete("v1", "PersistentVolumeClaim", "photos/app")
		for c.Field("v1", "PersistentVolumeClaim", "photos/app", "metadata.uid") == uid {
			time.Sleep(20 * time.Millisecond)
		}
		c.Apply(volsync[strings.Index(volsync, "apiVersion: v1\nkind: PersistentVolumeClaim"):strings.Index(volsync, "---\napiVersion: volsync.backube/v1alpha1\nkind: ReplicationSource")])
		if got, err := os.ReadFile(filepath.Join(claim(), "marker")); string(got) != want {
			t.Errorf("the claim was filled with %q, want %q: %v", got, want, err)
		}
	}

	// A new app has no copies, and its volume is an empty one; its first copy finds nothing to copy.
	destination("status.lastManualSync", `"restore-once"`)
	destination("status.latestMoverStatus.logs", `"No eligible snapshots found\n=== No data will be restored ===\nRestic completed in 1s"`)
	source("status.latestMoverStatus.logs", `"== Directory is empty skipping backup ===\nRestic completed in 1s"`)

	begin := time.Now().Add(-2 * time.Second)
	write("first")
	patch("replicationsources", `{"spec": {"trigger": {"manual": "second"}}}`)
	source("status.lastManualSync", `"second"`)
	between := time.Now()
	time.Sleep(1100 * time.Millisecond)
	write("second")
	if err := os.WriteFile(filepath.Join(claim(), "later"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	patch("replicationsources", `{"spec": {"trigger": {"manual": "third"}}}`)
	source("status.lastManualSync", `"third"`)

	// What is fetched last is what a claim is filled from, and nothing has been since the app was new.
	fresh("")
	patch("replicationdestinations", `{"spec": {"trigger": {"manual": "last"}}}`)
	destination("status.lastManualSync", `"last"`)
	fresh("second")
	as := func(at time.Time) string {
		return `{"spec": {"trigger": {"manual": "as-of-` + fmt.Sprint(at.Unix()) + `"}, "restic": {"restoreAsOf": "` + at.UTC().Format(time.RFC3339) + `"}}}`
	}
	patch("replicationdestinations", as(between))
	destination("status.lastManualSync", `"as-of-`+fmt.Sprint(between.Unix())+`"`)
	fresh("first")
	if _, err := os.Stat(filepath.Join(claim(), "later")); err == nil {
		t.Error("a file of the later copy is left over")
	}

	// Before the first copy there is nothing, and what was fetched before stays.
	patch("replicationdestinations", as(begin))
	destination("status.latestMoverStatus.logs", `"No eligible snapshots found\n=== No data will be restored ===\nRestic completed in 1s"`)

	destination("status.lastManualSync", `"as-of-`+fmt.Sprint(begin.Unix())+`"`)
	password("wrong")
	patch("replicationdestinations", `{"spec": {"trigger": {"manual": "wrong"}, "restic": {"restoreAsOf": null}}}`)
	defer func() {
		if t.Failed() {
			t.Log(c.Field(volsyncAPI, "ReplicationDestination", "photos/app", "status"), c.Field(volsyncAPI, "ReplicationDestination", "photos/app", "spec.trigger"),
				c.Field("batch/v1", "Job", "photos/volsync-dst-app", "status"), c.Field("v1", "Secret", "photos/app-backup", "data"))
		}
	}()
	destination("status.latestMoverStatus.result", `"Failed"`)
	if logs := c.Field(volsyncAPI, "ReplicationDestination", "photos/app", "status.latestMoverStatus.logs"); !strings.Contains(logs, "wrong password or no key found") {
		t.Errorf("%s", logs)
	}
	password("right")
	destination("status.lastManualSync", `"wrong"`)

	folder, err := restic.Folder(buckets, "s3:https://nas/bucket/app")
	if err != nil {
		t.Fatal(err)
	}
	repository, err := restic.Open(folder, "right", false)
	if err != nil {
		t.Fatal(err)
	}
	last, _, err := repository.AsOf(time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := restic.Damage(folder, last); err != nil {
		t.Fatal(err)
	}
	patch("replicationdestinations", `{"spec": {"trigger": {"manual": "damaged"}}}`)
	destination("status.latestMoverStatus.result", `"Failed"`)
	if logs := c.Field(volsyncAPI, "ReplicationDestination", "photos/app", "status.latestMoverStatus.logs"); !strings.Contains(logs, "ciphertext verification failed") {
		t.Errorf("%s", logs)
	}
}
