package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/runbook"
)

// shellPart are commands of a page that one shell runs, one after the other, with programs on PATH that tell what they were given.
type shellPart struct {
	page string
	// from begins the first of them, and to the last.
	from, to string
	run      func(t *testing.T, script string)
}

var shellParts = []shellPart{
	{"rebuild.md", "for key in ", "restic dump ", fetchesEtcd},
	{"restore-volume.md", "for key in ", "restic restore ", fetchesFiles},
}

// commands are those of the part.
func (p shellPart) commands(t testing.TB) []runbook.Command {
	all, err := runbook.All(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	begins := func(text string) func(runbook.Command) bool {
		return func(c runbook.Command) bool { return c.Page == p.page && !c.Inline && strings.HasPrefix(c.Text, text) }
	}
	first, last := slices.IndexFunc(all, begins(p.from)), slices.IndexFunc(all, begins(p.to))
	if first < 0 || last < first {
		t.Fatalf("%s has no %q before %q", p.page, p.from, p.to)
	}
	return all[first : last+1]
}

// inShell are the commands of all parts, behind their pages.
func inShell(t testing.TB) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, p := range shellParts {
		for _, c := range p.commands(t) {
			found[c.Page+": "+c.Text] = true
		}
	}
	return found
}

func TestRunbooks_ShellCommandsRunWithProgramsThatTell(t *testing.T) {
	for _, p := range shellParts {
		t.Run(p.page, func(t *testing.T) {
			var script []string
			for _, c := range p.commands(t) {
				script = append(script, c.Script)
			}
			p.run(t, strings.Join(script, "\n"))
		})
	}
}

// bucket is what restic wants to know: values that a shell must leave as they are.
var bucket = map[string]string{
	"RESTIC_REPOSITORY": "s3:https://nas.example.net:9000/home-backups/home/" + strings.Repeat("a-long-way-", 9), "RESTIC_PASSWORD": `it's "p@$$" & 1`,
	"AWS_ACCESS_KEY_ID": "0123456789", "AWS_SECRET_ACCESS_KEY": "a/b+c==\\n",
}

// restic tells what it was given, and then what it has.
const restic = `#!/bin/sh
{
	printf '%%s\n' "$*"
	for key in RESTIC_REPOSITORY RESTIC_PASSWORD AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do printenv "$key"; done
} >> %q
printf 'what restic has'
`

// shell runs a script in a folder with programs of its own, and returns what restic was given, a line for each thing.
func shell(t *testing.T, dir, script string, programs map[string]string) []string {
	t.Helper()
	tells := filepath.Join(t.TempDir(), "tells")
	bin := t.TempDir()
	all := map[string]string{"restic": fmt.Sprintf(restic, tells)}
	maps.Copy(all, programs)
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", script)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	told, err := os.ReadFile(tells)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(told), "\n"), "\n")
}

// toRestic is what restic is given by a command.
func toRestic(args string) []string {
	return []string{args, bucket["RESTIC_REPOSITORY"], bucket["RESTIC_PASSWORD"], bucket["AWS_ACCESS_KEY_ID"], bucket["AWS_SECRET_ACCESS_KEY"]}
}

// fetchesEtcd has a copy of what opens the cluster lead to the newest copy of etcd, which the cluster made under the same words.
func fetchesEtcd(t *testing.T, script string) {
	const fetch = "--host etcd latest /snapshot/etcd.db"
	for file, words := range map[string]string{"cronjob.yaml": "restic backup --host etcd /snapshot/etcd.db", "drill.yaml": "restic dump " + fetch} {
		text, err := os.ReadFile(filepath.Join("../../kubernetes/apps/etcd-backup/etcd-backup/app", file))
		if err != nil || !strings.Contains(string(text), words) {
			t.Errorf("%s does not %s, %v", file, words, err)
		}
	}
	r := newRecovery(t)
	var backup corev1.Secret
	backup.Namespace, backup.Name, backup.Data = "etcd-backup", "etcd-backup", map[string][]byte{}
	for key, value := range bucket {
		backup.Data[key] = []byte(value)
	}
	r.secrets.Items = append(r.secrets.Items, backup)
	succeed(t, "breakglass", "save", "home")
	dir := t.TempDir()
	succeed(t, "breakglass", "open", "home", "-identity", r.identity, "-out", filepath.Join(dir, "opened"))
	got := shell(t, dir, script, nil)
	if want := toRestic("dump " + fetch); !slices.Equal(got, want) {
		t.Errorf("restic is given\n%q, not\n%q", got, want)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "etcd.db")); err != nil || string(text) != "what restic has" {
		t.Errorf("etcd.db is %q, %v", text, err)
	}
}

// fetchesFiles has the Secret of an app's copies lead to its files.
func fetchesFiles(t *testing.T, script string) {
	kubectl := "#!/bin/sh\ncase \"$*\" in\n"
	for key, value := range bucket {
		kubectl += fmt.Sprintf("'-n monitoring get secret grafana-backup -o jsonpath={.data.%s}') printf %%s '%s' ;;\n", key, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	kubectl += "*) echo \"unexpected: $*\" >&2; exit 1 ;;\nesac\n"
	script = strings.NewReplacer("NAMESPACE", "monitoring", "APP-backup", "grafana-backup").Replace(script)
	got := shell(t, t.TempDir(), script, map[string]string{"kubectl": kubectl})
	if want := slices.Concat(toRestic("snapshots"), toRestic("restore latest --target files")); !slices.Equal(got, want) {
		t.Errorf("restic is given\n%q, not\n%q", got, want)
	}
	text, err := os.ReadFile("../../kubernetes/components/volsync/externalsecret.yaml")
	if err != nil || !strings.Contains(string(text), "name: ${APP}-backup") {
		t.Errorf("the component volsync makes no Secret of that name, %v", err)
	}
}
