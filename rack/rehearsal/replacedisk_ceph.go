package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// cephNamespace is where Rook runs.
const cephNamespace = "rook-ceph"

// replaceCephDisk has a disk of Ceph die in a machine that goes on.
func (r *rehearsal) replaceCephDisk(ctx context.Context, c *cluster, written marks, m *machine, selector spec.DiskSelector) error {
	var osd string
	err := r.phase("ceph-disk", "a disk of Ceph in "+m.spec.Name+" dies", func() (err error) {
		osd, err = r.loseCephDisk(ctx, c, written, m, selector)
		return err
	})
	if err != nil {
		return err
	}
	return r.phase("ceph-disk", "another disk of Ceph is put into "+m.spec.Name, func() error {
		return r.putInCephDisk(ctx, c, written, m, selector, osd)
	})
}

// loseCephDisk returns the number of the OSD that is lost.
func (r *rehearsal) loseCephDisk(ctx context.Context, c *cluster, written marks, m *machine, selector spec.DiskSelector) (osd string, err error) {
	old, err := m.disk(selector.Serial)
	if err != nil {
		return "", err
	}
	var said string
	did, err := r.act(ctx, c, "a dead disk of Ceph in "+m.spec.Name, func() error {
		if err := m.DiskDies(old.Path, node.Failing); err != nil {
			return err
		}
		if err := until(ctx, func(ctx context.Context) (err error) { osd, err = deadOSD(ctx, c, m.spec.Name); return err }); err != nil {
			return err
		}
		if err := until(ctx, func(ctx context.Context) error { return cephSays(ctx, c, "OSD_DOWN", "PG_DEGRADED") }); err != nil {
			return err
		}
		said, err = r.askDoctor(ctx, "Ceph's osd."+osd)
		return err
	})
	r.came(did, "Ceph says what it lacks", err)
	if err != nil {
		return osd, err
	}
	r.bears(ctx, c, written, did, said, "Ceph's osd."+osd)
	return osd, nil
}

func (r *rehearsal) putInCephDisk(ctx context.Context, c *cluster, written marks, m *machine, selector spec.DiskSelector, osd string) error {
	old, err := m.disk(selector.Serial)
	if err != nil {
		return err
	}
	serial := newSerial + "-CEPH"
	// The old one is taken out first: the new one has its place on the bus.
	if err := m.DiskDies(old.Path, node.Vanished); err != nil {
		return err
	}
	if err := m.PutIn(like(old, serial)); err != nil {
		return err
	}
	if err := r.edit(cephSerial(m.spec.Name, selector.Serial, serial)); err != nil {
		return err
	}
	name := "another disk of Ceph in " + m.spec.Name
	steps, warnings, err := r.previewed(ctx)
	if err != nil {
		return err
	}
	r.foretold(name, steps, warnings, []string{"update kubernetes:ceph.rook.io/v1:CephCluster "}, "docs/runbooks/replace-disk.md")
	did, err := r.act(ctx, c, name, func() error {
		if err := r.cephAsWritten(ctx, osdOut, c, ofOSD(osd)); err != nil {
			return err
		}
		if err := r.upAsWritten(ctx, upWithDisk); err != nil {
			return err
		}
		if err := within(ctx, comesBack, r.observe); err != nil {
			return err
		}
		return r.purgeAsWritten(ctx, c, osd)
	})
	r.came(did, "Ceph has all copies again", err)
	if err != nil {
		return err
	}
	r.alone(did)
	r.answers(did, true)
	r.noOSDLeft(ctx, c, did, osd)
	r.kept(r.marked(ctx, c, written))
	return nil
}

// ofOSD stands for the page's words of an OSD.
func ofOSD(osd string) map[string]string {
	return map[string]string{"OSD": osd, "DEPLOYMENT": osdDeployment + osd}
}

// purgeAsWritten has Ceph forget an OSD that will not come back.
func (r *rehearsal) purgeAsWritten(ctx context.Context, c *cluster, osd string) error {
	if err := r.cephAsWritten(ctx, osdSafe, c, ofOSD(osd)); err != nil {
		return err
	}
	if err := r.cephAsWritten(ctx, osdPurge, c, ofOSD(osd)); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, osdDelete, c, ofOSD(osd))
}

// noOSDLeft looks for what a dead OSD leaves behind: itself in Ceph's map, and its Deployment.
func (r *rehearsal) noOSDLeft(ctx context.Context, c *cluster, did report.Step, osd string) {
	detail := ""
	err := until(ctx, func(ctx context.Context) error {
		tree, err := rook.Command(ctx, c.client, cephNamespace, "osd", "tree")
		if err != nil {
			return err
		}
		detail = strings.ReplaceAll(tree, "\n", "; ")
		_, err = r.checkCeph(ctx, c)
		if strings.Contains(tree+"\n", " osd."+osd+" ") {
			err = errors.Join(err, fmt.Errorf("osd.%s is still in Ceph's map: %s", osd, detail))
		}
		return err
	})
	r.remains(did, detail, err)
}

// deadOSD is the number of the one OSD of a node that does not run.
func deadOSD(ctx context.Context, c *cluster, node string) (string, error) {
	list, err := osdDeployments(ctx, c, node)
	if err != nil {
		return "", err
	}
	for _, d := range list {
		if d.Status.ReadyReplicas == 0 {
			return strings.TrimPrefix(d.Name, osdDeployment), nil
		}
	}
	return "", fmt.Errorf("every OSD of %s runs", node)
}

// osdsOf are the numbers of the OSDs of a node.
func osdsOf(ctx context.Context, c *cluster, node string) ([]string, error) {
	list, err := osdDeployments(ctx, c, node)
	var osds []string
	for _, d := range list {
		osds = append(osds, strings.TrimPrefix(d.Name, osdDeployment))
	}
	return osds, err
}

// osdDeployment is how the Deployment of an OSD is called, with its number behind it.
const osdDeployment = "rook-ceph-osd-"

func osdDeployments(ctx context.Context, c *cluster, node string) ([]appsv1.Deployment, error) {
	list, err := c.client.AppsV1().Deployments(cephNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=rook-ceph-osd"})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(d appsv1.Deployment) bool {
		return d.Spec.Template.Spec.NodeSelector["kubernetes.io/hostname"] != node
	}), nil
}

// cephSays is nil once Ceph warns of all of it.
func cephSays(ctx context.Context, c *cluster, codes ...string) error {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return err
	}
	list, err := client.Resource(cephClusters).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	says := ""
	for i := range list.Items {
		says += lacks(&list.Items[i])
	}
	if slices.ContainsFunc(codes, func(code string) bool { return !strings.Contains(says, code) }) {
		return fmt.Errorf("Ceph says %s, and not %s", says, strings.Join(codes, " ")) //nolint:staticcheck // a name
	}
	return nil
}

// cephAsWritten runs a page's command of Ceph. No container runs in the rack that could: what stands behind the -- is handed to the
// rack's Ceph.
func (r *rehearsal) cephAsWritten(ctx context.Context, w pageCommand, c *cluster, with map[string]string) error {
	words, err := r.words(w, with)
	if err != nil {
		return err
	}
	at := slices.Index(words, "--")
	if at < 0 || len(words) < at+4 || words[at+1] != "ceph" || words[at+2] != "-c" {
		return fmt.Errorf("docs/runbooks/%s says %q, and the rehearsal knows kubectl exec ... -- ceph -c FILE ... alone", w.page, words)
	}
	said, err := rook.Command(ctx, c.client, cephNamespace, words[at+4:]...)
	fmt.Fprintln(r.out, "     "+said)
	return err
}

// cephSerial writes another serial number where one of a node's disks of Ceph was.
func cephSerial(node, old, serial string) func(config map[string]any) error {
	return func(config map[string]any) error {
		storage, _ := config["home-ops:storage"].(map[string]any)
		ceph, _ := storage["rookCeph"].(map[string]any)
		for _, n := range listOf(ceph["nodes"]) {
			for _, disk := range listOf(n["disks"]) {
				if n["name"] == node && disk["serial"] == old {
					disk["serial"] = serial
					return nil
				}
			}
		}
		return fmt.Errorf("storage.rookCeph.nodes: %s has no disk %s", node, old)
	}
}
