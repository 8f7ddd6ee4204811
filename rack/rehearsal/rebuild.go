package rehearsal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/stacks"
)

// afterName is an object that is written after the snapshot, and is not to come back.
const afterName = "rehearsal-after"

// rebuild loses the state, and what Talos and etcd have on every machine, and builds the cluster again: the state and the keys from
// their sealed copies, what was in the cluster from a snapshot of etcd, the data from the disks that still have them.
func rebuild(ctx context.Context, r *rehearsal) error {
	kept, err := r.keepCopies()
	if err != nil {
		return err
	}
	return r.inUse(ctx, 0, func(c *cluster, written marks) error {
		var from saved
		err := r.phase("save", "saving the state, the keys and etcd", func() (err error) {
			for _, what := range []string{"breakglass", "state"} {
				if err := r.homeops(ctx, "", what, "save", r.stack.Name); err != nil {
					return err
				}
			}
			if from.backups, err = r.backups(ctx, c); err != nil {
				return err
			}
			if from.snapshot, err = r.snapshot(ctx, c); err != nil {
				return err
			}
			_, err = c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: afterName},
			}, metav1.CreateOptions{})
			return err
		})
		if err != nil {
			return err
		}
		err = r.phase("rebuild", "losing etcd, every machine and the state, and building the cluster again", func() error {
			return r.rebuilt(ctx, c, kept, from)
		})
		if err != nil {
			return err
		}
		for _, m := range r.rack.nodes {
			written.wiped[m.spec.Address] = true
		}
		r.rewound(ctx, c)
		return nil
	})
}

// saved is what a cluster is built again from, besides its sealed copies.
type saved struct {
	// snapshot is a file.
	snapshot string
	// backups is what opens the copies of etcd outside of the cluster; nil for a stack that makes none.
	backups map[string][]byte
}

// etcdBackup is the name of the Secret that opens the copies of etcd, and of its namespace.
const etcdBackup = "etcd-backup"

// backups reads that Secret. Its values come from the vault.
func (r *rehearsal) backups(ctx context.Context, c *cluster) (map[string][]byte, error) {
	if r.stack.Secrets.OnePassword == nil {
		return nil, nil
	}
	secret, err := c.client.CoreV1().Secrets(etcdBackup).Get(ctx, etcdBackup, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("what opens the copies of etcd: %w", err)
	}
	return secret.Data, nil
}

// findsBackups is whether an opened break-glass copy has what step 2 of the page reads of it.
func (r *rehearsal) findsBackups(opened string, want map[string][]byte) {
	if want == nil {
		return
	}
	name := filepath.Join("backups", etcdBackup+"."+etcdBackup+".yaml")
	r.addChecked("the break-glass copy opens the copies of etcd", name, func() error {
		raw, err := os.ReadFile(filepath.Join(opened, name))
		if err != nil {
			return err
		}
		var secret corev1.Secret
		if err := yaml.UnmarshalStrict(raw, &secret); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var errs []error
		for _, key := range []string{"RESTIC_REPOSITORY", "RESTIC_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			if len(want[key]) == 0 || !bytes.Equal(secret.Data[key], want[key]) {
				errs = append(errs, fmt.Errorf("%s: %s is not the cluster's", name, key))
			}
		}
		return errors.Join(errs...)
	}())
}

// rewound is whether etcd is that of the snapshot.
func (r *rehearsal) rewound(ctx context.Context, c *cluster) {
	_, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, afterName, metav1.GetOptions{})
	r.add("what was written after the snapshot is not there", apierrors.IsNotFound(err), fmt.Sprint(err))
}

// rebuilt is docs/runbooks/rebuild.md, step by step.
func (r *rehearsal) rebuilt(ctx context.Context, c *cluster, kept copies, from saved) error {
	const name = "a rebuild from nothing"
	state := filepath.Join(r.config.Dir, "state")
	did, err := r.act(ctx, c, name, func() error {
		for _, m := range r.rack.nodes {
			if err := m.atConsole(ctx); err != nil {
				return err
			}
		}
		if err := errors.Join(os.Rename(state, state+"-lost"), os.Mkdir(state, 0o755)); err != nil {
			return err
		}
		opened := filepath.Join(r.config.Dir, "opened")
		if err := r.asWritten(ctx, openCopy, "", map[string]string{"key.txt": kept.identity, "opened": opened}); err != nil {
			return err
		}
		r.findsBackups(opened, from.backups)
		if err := r.asWritten(ctx, restoreState, "", map[string]string{"key.txt": kept.identity}); err != nil {
			return err
		}
		if err := r.asWritten(ctx, resetLost, r.stack.Name+"\n", nil); err != nil {
			return err
		}
		if err := r.drillSnapshots(ctx, from.snapshot); err != nil {
			return err
		}
		if _, err := r.recovering(from.snapshot).Up(ctx); err != nil {
			return err
		}
		if _, err := r.cli.Refresh(ctx); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "the cluster is there again", err)
	r.allDown(did)
	return err
}

// snapshot has the first control plane write what etcd holds.
func (r *rehearsal) snapshot(ctx context.Context, c *cluster) (string, error) {
	address := r.stack.ControlPlanes()[0].Address.String()
	talos, err := c.talos(ctx, address)
	if err != nil {
		return "", err
	}
	defer talos.Close() //nolint:errcheck // nothing was written
	read, err := talos.EtcdSnapshot(client.WithNode(ctx, address), &machineapi.EtcdSnapshotRequest{})
	if err != nil {
		return "", err
	}
	defer read.Close()
	path := filepath.Join(r.config.Dir, "etcd.db")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.ReadFrom(read)
	return path, errors.Join(err, file.Close())
}

// drillSnapshots tries snapshots that must not be taken: `up` refuses each before it touches anything.
func (r *rehearsal) drillSnapshots(ctx context.Context, whole string) error {
	text, err := os.ReadFile(whole)
	if err != nil {
		return err
	}
	changed := bytes.Clone(text)
	changed[len(changed)/2] ^= 0xff
	foreign, err := anotherKey(text)
	if err != nil {
		return err
	}
	for _, drill := range []struct {
		name, says string
		text       []byte
	}{
		{"a snapshot that is cut short", "it is cut short, or no snapshot", text[:len(text)-100]},
		{"a snapshot that was changed", "it was changed or damaged", changed},
		{"a snapshot of another secretbox key", "the snapshot is another cluster's, or the state is", foreign},
	} {
		path := filepath.Join(r.config.Dir, strings.ReplaceAll(drill.name, " ", "-"))
		if err := os.WriteFile(path, drill.text, 0o600); err != nil {
			return err
		}
		result, err := r.fails(ctx, fault{name: "drill: " + drill.name + " is refused", strike: func() {}, says: []string{drill.says}}, r.recovering(path).Up)
		if err != nil {
			return err
		}
		r.add("drill: nothing changes by "+drill.name, result.Changed() == 0, fmt.Sprintf("%v", result.Changes))
	}
	return nil
}

// encryptedPrefix begins a value that an API server keeps under a Talos cluster's key.
const encryptedPrefix = "k8s:enc:secretbox:v1:key2:"

// anotherKey is a snapshot with its encrypted values made unreadable and its hash made anew: whole, and to the key that opened
// the other one just what a cluster with another key writes.
func anotherKey(snapshot []byte) ([]byte, error) {
	pages := bytes.Clone(snapshot[:len(snapshot)-sha256.Size])
	found := 0
	for at := 0; ; found++ {
		next := bytes.Index(pages[at:], []byte(encryptedPrefix))
		if next < 0 {
			break
		}
		if at += next + len(encryptedPrefix); at < len(pages) {
			pages[at] ^= 0xff // the first byte of the nonce
		}
	}
	if found == 0 {
		return nil, errors.New("the snapshot has nothing encrypted: a drill with another key would show nothing")
	}
	sum := sha256.Sum256(pages)
	return append(pages, sum[:]...), nil
}

// recovering is pulumi with a snapshot in its environment, for one update.
func (r *rehearsal) recovering(snapshot string) *pulumi.CLI {
	cli := *r.cli
	cli.Env = append(slices.Clone(cli.Env), stacks.EtcdSnapshotVar+"="+snapshot)
	return &cli
}
