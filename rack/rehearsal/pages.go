package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/home-ops/home-ops/internal/runbook"
	"github.com/home-ops/home-ops/rack/pulumi"
)

// pageCommand is a command of a runbook's page, in the page's own words. Whoever changes the page changes what is rehearsed.
type pageCommand struct{ page, text string }

// The commands of the pages that scenarios run.
var (
	resetNode       = pageCommand{"reset.md", "homeops reset STACK NODE"}
	upAfterReset    = pageCommand{"reset.md", "make up STACK=STACK"}
	saveBefore      = pageCommand{"reset.md", "homeops breakglass save STACK"}
	resetCluster    = pageCommand{"reset.md", "homeops reset STACK"}
	resetWithCeph   = pageCommand{"reset.md", "homeops reset STACK -wipe-ceph"}
	putBack         = pageCommand{"reset.md", "homeops breakglass put STACK -identity key.txt"}
	shutDown        = pageCommand{"blackout.md", "homeops shutdown STACK"}
	startAgain      = pageCommand{"blackout.md", "homeops start STACK"}
	openCopy        = pageCommand{"rebuild.md", "homeops breakglass open STACK -identity key.txt -out opened"}
	resetLost       = pageCommand{"rebuild.md", "homeops reset STACK -etcd-from-snapshot"}
	askDoctor       = pageCommand{"partition.md", "homeops doctor STACK"}
	upInRotation    = pageCommand{"rotate.md", "pulumi up --stack STACK"}
	saveInRotation  = pageCommand{"rotate.md", "homeops breakglass save STACK"}
	stateInTurn     = pageCommand{"rotate.md", "homeops state save STACK"}
	openInRotation  = pageCommand{"rotate.md", "homeops breakglass open STACK -identity key.txt -out opened"}
	restartPods     = pageCommand{"rotate.md", "kubectl -n NAMESPACE rollout restart daemonset,deployment,statefulset"}
	restartRook     = pageCommand{"rotate.md", "kubectl -n rook-ceph rollout restart deployment rook-ceph-operator"}
	showURNs        = pageCommand{"../edge.md", "pulumi stack --show-urns --stack STACK"}
	unprotectTunnel = pageCommand{"../edge.md", "pulumi state unprotect URN --stack STACK"}
	replaceToken    = pageCommand{"../edge.md", "pulumi up --replace URN --stack STACK"}
	writeRules      = pageCommand{"../secrets.md", "homeops sops"}
	updateKeys      = pageCommand{"../secrets.md", `find kubernetes -name '*.sops.yaml' -exec sops updatekeys --yes {} \; -exec sops rotate --in-place {} \;`}
	restoreState    = pageCommand{"lost-state.md", "homeops state restore STACK -identity key.txt"}
	upWithDisk      = pageCommand{"replace-disk.md", "make up STACK=STACK"}
	osdOut          = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd out OSD"}
	osdSafe         = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd safe-to-destroy OSD"}
	osdPurge        = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd purge OSD --yes-i-really-mean-it"}
	osdDelete       = pageCommand{"replace-disk.md", "kubectl -n rook-ceph delete deployment DEPLOYMENT"}
	diskOff         = pageCommand{"replace-disk.md", `kubectl -n longhorn-system patch nodes.longhorn.io NODE --type merge -p '{"spec":{"disks":{"DISK":{"allowScheduling":false}}}}'`}
	replicasDelete  = pageCommand{"replace-disk.md", "kubectl -n longhorn-system delete replicas.longhorn.io -l longhorndiskuuid=UUID"}
	diskRemove      = pageCommand{"replace-disk.md", `kubectl -n longhorn-system patch nodes.longhorn.io NODE --type merge -p '{"spec":{"disks":{"DISK":null}}}'`}
	poolStatus      = pageCommand{"replace-disk.md", "kubectl -n kube-system debug node/NODE -it --profile=sysadmin --image=docker.io/library/busybox:1.37.0 -- chroot /host /usr/local/sbin/zpool status POOL"}
	poolReplace     = pageCommand{"replace-disk.md", "kubectl -n kube-system debug node/NODE -it --profile=sysadmin --image=docker.io/library/busybox:1.37.0 -- chroot /host /usr/local/sbin/zpool replace POOL OLD /dev/disk/by-id/NEW"}
	poolWait        = pageCommand{"replace-disk.md", "kubectl -n kube-system debug node/NODE -it --profile=sysadmin --image=docker.io/library/busybox:1.37.0 -- chroot /host /usr/local/sbin/zpool wait -t replace POOL"}
	debugDelete     = pageCommand{"replace-disk.md", "kubectl -n kube-system delete pod -l app.kubernetes.io/managed-by=kubectl-debug"}
	upWithReinstall = pageCommand{"change-a-node.md", "make up STACK=STACK"}

	// Those of destroy.md.
	saveKeysFirst  = pageCommand{"destroy.md", "homeops breakglass save STACK"}
	saveStateFirst = pageCommand{"destroy.md", "homeops state save STACK"}
	giveBack       = pageCommand{"destroy.md", "homeops reset STACK"}
	lastCopy       = pageCommand{"destroy.md", "kubectl -n etcd-backup create job --from=cronjob/etcd-backup last-copy"}
	lastCopyEnds   = pageCommand{"destroy.md", "kubectl -n etcd-backup wait job/last-copy --for condition=complete --timeout 30m"}
	keepData       = pageCommand{"destroy.md", "homeops reset STACK -etcd-from-snapshot"}
	dropGateways   = pageCommand{"destroy.md", "kubectl -n network delete gateways.gateway.networking.k8s.io --all"}
	liftProtection = pageCommand{"destroy.md", "pulumi state unprotect --all --stack STACK"}
	destroyAll     = pageCommand{"destroy.md", "pulumi destroy --stack STACK"}
	forgetStack    = pageCommand{"destroy.md", "pulumi stack rm --force --preserve-config STACK"}

	// Those of restore-volume.md, in the order of the page.
	holdFlux        = pageCommand{"restore-volume.md", `kubectl -n flux-system patch kustomization KUSTOMIZATION --field-manager flux-client-side-apply --type merge -p '{"spec":{"suspend":true}}'`}
	fluxHeld        = pageCommand{"restore-volume.md", `kubectl -n flux-system wait kustomization KUSTOMIZATION --for 'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True' --timeout 2m`}
	stopApp         = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE scale deployment APP --replicas 0"}
	appStopped      = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE wait pod -l app.kubernetes.io/name=APP --for delete --timeout 5m"}
	fetchLast       = pageCommand{"restore-volume.md", `kubectl -n NAMESPACE patch replicationdestination APP --type merge -p '{"spec":{"trigger":{"manual":"TAG"},"restic":{"restoreAsOf":null}}}'`}
	fetchOlder      = pageCommand{"restore-volume.md", `kubectl -n NAMESPACE patch replicationdestination APP --type merge -p '{"spec":{"trigger":{"manual":"TAG"},"restic":{"restoreAsOf":"TIME"}}}'`}
	fetchEnds       = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE wait replicationdestination APP --for jsonpath='{.status.lastManualSync}'=TAG --timeout 1h"}
	fetchSays       = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE get replicationdestination APP -o jsonpath='{.status.latestMoverStatus}'"}
	dropClaim       = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE delete persistentvolumeclaim APP --ignore-not-found"}
	letFlux         = pageCommand{"restore-volume.md", `kubectl -n flux-system patch kustomization KUSTOMIZATION --field-manager flux-client-side-apply --type merge -p '{"spec":{"suspend":null}}'`}
	claimAgain      = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE wait persistentvolumeclaim APP --for create --timeout 5m"}
	startApp        = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE scale deployment APP --replicas 1"}
	appStarted      = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE rollout status deployment APP --timeout 15m"}
	dropDestination = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE delete replicationdestination APP"}
	copyVolume      = pageCommand{"restore-volume.md", `kubectl -n NAMESPACE patch replicationsource APP --type merge -p '{"spec":{"trigger":{"manual":"TAG"}}}'`}
	copyEnds        = pageCommand{"restore-volume.md", "kubectl -n NAMESPACE wait replicationsource APP --for jsonpath='{.status.lastManualSync}'=TAG --timeout 1h"}
	copyBySchedule  = pageCommand{"restore-volume.md", `kubectl -n NAMESPACE patch replicationsource APP --type merge -p '{"spec":{"trigger":{"manual":null}}}'`}
)

// words are those of the command, for this stack.
func (r *rehearsal) words(w pageCommand, with map[string]string) ([]string, error) {
	c, err := runbook.Find(os.DirFS(r.config.Project), w.page, w.text)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"STACK": r.stack.Name, "STACK=STACK": "STACK=" + r.stack.Name}
	maps.Copy(all, with)
	return c.Words(all)
}

// asWritten runs a page's command of homeops; input is what is typed, and with is what stands for the page's words here.
func (r *rehearsal) asWritten(ctx context.Context, w pageCommand, input string, with map[string]string) error {
	words, err := r.words(w, with)
	if err != nil {
		return err
	}
	return r.homeops(ctx, input, words[1:]...)
}

// upAsWritten runs the update of a page. It says nothing but the stack: what else the rehearsal asks of pulumi changes nothing of
// what is done. The copies that make saves after it are left to the tests of make.
func (r *rehearsal) upAsWritten(ctx context.Context, w pageCommand, watch ...pulumi.Watcher) error {
	words, err := r.words(w, nil)
	if err != nil {
		return err
	}
	byPulumi, byMake := []string{"pulumi", "up", "--stack", r.stack.Name}, []string{"make", "up", "STACK=" + r.stack.Name}
	if !slices.Equal(words, byPulumi) && !slices.Equal(words, byMake) {
		return fmt.Errorf("docs/runbooks/%s says %q, and the rehearsal knows %q and %q alone", w.page, words, byPulumi, byMake)
	}
	_, err = r.cli.Up(ctx, watch...)
	return err
}

// pulumiAsWritten runs a page's command of pulumi that asks whether it is meant.
func (r *rehearsal) pulumiAsWritten(ctx context.Context, w pageCommand, with map[string]string) error {
	words, err := r.words(w, with)
	if err != nil {
		return err
	}
	return r.cli.Do(ctx, words[1:]...)
}

// replaceAsWritten runs the update of a page that makes a resource anew.
func (r *rehearsal) replaceAsWritten(ctx context.Context, w pageCommand, urn string) error {
	words, err := r.words(w, map[string]string{"URN": urn})
	if err != nil {
		return err
	}
	if want := []string{"pulumi", "up", "--replace", urn, "--stack", r.stack.Name}; !slices.Equal(words, want) {
		return fmt.Errorf("docs/runbooks/%s says %q, and the rehearsal knows %q alone", w.page, words, want)
	}
	_, err = r.cli.Replace(ctx, urn)
	return err
}

// destroyAsWritten runs a page's `pulumi destroy`.
func (r *rehearsal) destroyAsWritten(ctx context.Context, w pageCommand, watch ...pulumi.Watcher) (*pulumi.Result, error) {
	words, err := r.words(w, nil)
	if err != nil {
		return nil, err
	}
	if want := []string{"pulumi", "destroy", "--stack", r.stack.Name}; !slices.Equal(words, want) {
		return nil, fmt.Errorf("docs/runbooks/%s says %q, and the rehearsal knows %q alone", w.page, words, want)
	}
	return r.cli.Destroy(ctx, watch...)
}
