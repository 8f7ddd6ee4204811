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
	upAfterReset    = pageCommand{"reset.md", "pulumi up --stack STACK"}
	saveBefore      = pageCommand{"reset.md", "homeops breakglass save STACK"}
	resetCluster    = pageCommand{"reset.md", "homeops reset STACK"}
	putBack         = pageCommand{"reset.md", "homeops breakglass put STACK -identity key.txt"}
	shutDown        = pageCommand{"blackout.md", "homeops shutdown STACK"}
	startAgain      = pageCommand{"blackout.md", "homeops start STACK"}
	openCopy        = pageCommand{"rebuild.md", "homeops breakglass open STACK -identity key.txt -out opened"}
	resetLost       = pageCommand{"rebuild.md", "homeops reset STACK -etcd-from-snapshot"}
	askDoctor       = pageCommand{"partition.md", "homeops doctor STACK"}
	restoreState    = pageCommand{"lost-state.md", "homeops state restore STACK -identity key.txt"}
	upWithReinstall = pageCommand{"change-a-node.md", "pulumi up --stack STACK"}
	upWithDisk      = pageCommand{"replace-disk.md", "pulumi up --stack STACK"}
	osdOut          = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd out OSD"}
	osdSafe         = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd safe-to-destroy OSD"}
	osdPurge        = pageCommand{"replace-disk.md", "kubectl -n rook-ceph exec deploy/rook-ceph-operator -- ceph -c /var/lib/rook/rook-ceph/rook-ceph.config osd purge OSD --yes-i-really-mean-it"}
	osdDelete       = pageCommand{"replace-disk.md", "kubectl -n rook-ceph delete deployment DEPLOYMENT"}
	diskOff         = pageCommand{"replace-disk.md", `kubectl -n longhorn-system patch nodes.longhorn.io NODE --type merge -p '{"spec":{"disks":{"DISK":{"allowScheduling":false}}}}'`}
	replicasDelete  = pageCommand{"replace-disk.md", "kubectl -n longhorn-system delete replicas.longhorn.io -l longhorndiskuuid=UUID"}
	diskRemove      = pageCommand{"replace-disk.md", `kubectl -n longhorn-system patch nodes.longhorn.io NODE --type merge -p '{"spec":{"disks":{"DISK":null}}}'`}
)

// words are those of the command, for this stack.
func (r *rehearsal) words(w pageCommand, with map[string]string) ([]string, error) {
	c, err := runbook.Find(os.DirFS(r.config.Project), w.page, w.text)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"STACK": r.stack.Name}
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

// upAsWritten runs a page's `pulumi up`. It says nothing but the stack: what else the rehearsal asks of pulumi changes nothing of
// what is done.
func (r *rehearsal) upAsWritten(ctx context.Context, w pageCommand, watch ...pulumi.Watcher) error {
	words, err := r.words(w, nil)
	if err != nil {
		return err
	}
	if want := []string{"pulumi", "up", "--stack", r.stack.Name}; !slices.Equal(words, want) {
		return fmt.Errorf("docs/runbooks/%s says %q, and the rehearsal knows %q alone", w.page, words, want)
	}
	_, err = r.cli.Up(ctx, watch...)
	return err
}
