package etcd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/etcdtest"
)

// TestMain is etcdutl where it is called so: the command ends its process when it fails.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "etcdutl" {
		os.Exit(m.Run())
	}
	root := &cobra.Command{Use: "etcdutl"}
	root.AddCommand(etcdutl.NewSnapshotCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// restic is a repository of one copy. What it gives back comes of the script in the file spoil.
const restic = `#!/bin/sh
set -eu
echo "$*" >> "$RESTIC_REPOSITORY/asked"
case "$1" in
cat) test -e "$RESTIC_REPOSITORY/config" ;;
init) touch "$RESTIC_REPOSITORY/config" ;;
backup) test "$2 $3" = "--host etcd"; cp "$4" "$RESTIC_REPOSITORY/latest" ;;
dump) test "$2 $3 $4" = "--host etcd latest"; cd "$RESTIC_REPOSITORY"; . ./spoil ;;
forget) ;;
*) echo "what is $1?" >&2; exit 1 ;;
esac
`

// pod is the pod of a CronJob of the tree, run by this machine.
type pod struct {
	spec corev1.PodSpec
	// dir has the pod's volumes and, in repository, the copies.
	dir string
}

// newPod reads a file of kubernetes/apps/etcd-backup. What restic gives back is what spoil, a script, makes of the copy.
func newPod(t *testing.T, file, spoil string) pod {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../../kubernetes/apps/etcd-backup/etcd-backup/app", file))
	if err != nil {
		t.Fatal(err)
	}
	var job batchv1.CronJob
	if err := yaml.Unmarshal(raw, &job); err != nil {
		t.Fatal(err)
	}
	p := pod{spec: job.Spec.JobTemplate.Spec.Template.Spec, dir: t.TempDir()}
	for _, v := range p.spec.Volumes {
		if v.EmptyDir != nil {
			p.folder(t, v.Name)
		}
	}
	p.folder(t, "bin")
	p.write(t, "bin/restic", restic)
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(p.dir, "bin", "etcdutl"))
	}
	if err != nil {
		t.Fatal(err)
	}
	p.folder(t, "repository")
	p.write(t, "repository/spoil", spoil)
	return p
}

func (p pod) folder(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(p.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}

func (p pod) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// run runs the containers one after the other, but for one that needs Talos, until one fails.
func (p pod) run(t *testing.T) error {
	t.Helper()
	for _, c := range append(p.spec.InitContainers, p.spec.Containers...) {
		if len(c.Command) == 0 {
			continue // talosctl
		}
		words := append(append([]string{}, c.Command...), c.Args...)
		for i := range words {
			for _, m := range c.VolumeMounts {
				words[i] = strings.ReplaceAll(words[i], m.MountPath+"/", filepath.Join(p.dir, m.Name)+"/")
			}
		}
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		if filepath.Base(words[0]) == words[0] {
			cmd = exec.CommandContext(t.Context(), filepath.Join(p.dir, "bin", words[0]), words[1:]...)
		}
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"), "RESTIC_REPOSITORY="+filepath.Join(p.dir, "repository"))
		said, err := cmd.CombinedOutput()
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			return fmt.Errorf("%s: %w: %s", c.Name, err, said[max(0, len(said)-400):])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return nil
}

// asked is what restic was asked for, a word for each time.
func (p pod) asked(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir, "repository", "asked"))
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for line := range strings.Lines(string(raw)) {
		verbs = append(verbs, strings.Fields(line)[0])
	}
	return strings.Join(verbs, " ")
}

// The copies that are kept are thinned out only when the new one was read back.
func TestEtcdBackup_ForgetsNothingForACopyThatIsNotWhole(t *testing.T) {
	const bad = "cat init backup dump"
	for name, c := range map[string]struct {
		spoil, asked string
		fails        bool
	}{
		"whole":                        {"cat latest", bad + " forget", false},
		"cut short":                    {"head -c 1000 latest", bad, true},
		"with a byte that changed":     {"LC_ALL=C sed s/kube-system/kube-sYstem/ latest", bad, true},
		"longer than the snapshot":     {"cat latest latest", bad, true},
		"that the repository has lost": {"exit 1", bad, true},
	} {
		p := newPod(t, "cronjob.yaml", c.spoil)
		content, err := os.ReadFile(wholeSnapshot(t))
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, "snapshot/etcd.db", string(content))
		if err := p.run(t); (err != nil) != c.fails {
			t.Errorf("a copy %s: error %v", name, err)
		}
		if asked := p.asked(t); asked != c.asked {
			t.Errorf("a copy %s: restic was asked for %s, want %s", name, asked, c.asked)
		}
	}
}

// What is there was made by an earlier run.
func TestEtcdBackup_MakesTheRepositoryOnce(t *testing.T) {
	p := newPod(t, "cronjob.yaml", "cat latest")
	p.write(t, "repository/config", "")
	p.write(t, "snapshot/etcd.db", "a snapshot")
	if err := p.run(t); err != nil {
		t.Fatal(err)
	}
	if asked := p.asked(t); asked != "cat backup dump forget" {
		t.Errorf("restic was asked for %s", asked)
	}
}

// wholeSnapshot has what a cluster with this backup keeps, of which the drill looks for some.
func wholeSnapshot(t *testing.T, without ...string) string {
	t.Helper()
	key := etcdtest.Key()
	var objects []etcdtest.Object
	for _, o := range []etcdtest.Object{
		{Name: "/registry/namespaces/kube-system", Value: "a"},
		{Name: "/registry/namespaces/etcd-backup", Value: "b"},
		{Name: "/registry/secrets/etcd-backup/etcd-backup", Key: key, Value: "c"},
		{Name: "/registry/cronjobs/etcd-backup/etcd-backup", Value: "d"},
		// These are no substitute for those without their ends.
		{Name: "/registry/secrets/etcd-backup/etcd-backup-talos", Key: key, Value: "e"},
		{Name: "/registry/cronjobs/etcd-backup/etcd-backup-drill", Value: "f"},
	} {
		if len(without) == 0 || o.Name != "/registry/"+without[0] {
			objects = append(objects, o)
		}
	}
	return etcdtest.Snapshot(t, objects...)
}

func TestEtcdBackupDrill_TurnsRedForACopyThatRestoresNothing(t *testing.T) {
	const another = "it is another etcd's, or an empty one's"
	for name, c := range map[string]struct{ snapshot, spoil, want string }{
		"whole":                       {wholeSnapshot(t), "cat latest", ""},
		"cut short":                   {wholeSnapshot(t), "head -c -100 latest", "snapshot missing hash"},
		"a page less":                 {wholeSnapshot(t), "head -c -512 latest", "expected sha256"},
		"with a byte that changed":    {wholeSnapshot(t), "LC_ALL=C sed s/kube-system/kube-sYstem/ latest", "expected sha256"},
		"that is none":                {wholeSnapshot(t), "exit 1", "fetch: "},
		"of nothing":                  {wholeSnapshot(t), ":", "restore: "},
		"of an empty etcd":            {etcdtest.Snapshot(t), "cat latest", "the newest copy of etcd has no namespaces/kube-system: " + another},
		"of a cluster without backup": {wholeSnapshot(t, "secrets/etcd-backup/etcd-backup"), "cat latest", "has no secrets/etcd-backup/etcd-backup: " + another},
		"of a cluster without job":    {wholeSnapshot(t, "cronjobs/etcd-backup/etcd-backup"), "cat latest", "has no cronjobs/etcd-backup/etcd-backup: " + another},
		"of a cluster half copied":    {wholeSnapshot(t, "namespaces/etcd-backup"), "cat latest", "has no namespaces/etcd-backup: " + another},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, "drill.yaml", c.spoil)
			content, err := os.ReadFile(c.snapshot)
			if err != nil {
				t.Fatal(err)
			}
			p.write(t, "repository/latest", string(content))
			err = p.run(t)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if asked := p.asked(t); asked != "dump" {
				t.Errorf("restic was asked for %s", asked)
			}
		})
	}
}
