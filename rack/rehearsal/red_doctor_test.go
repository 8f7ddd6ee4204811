package rehearsal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// contentDoctor warns of something, and has a cluster before it.
const contentDoctor = `{"checks": [
{"section": "stack file", "name": "/room/with-copies/Pulumi.home.yaml", "verdict": "warning", "detail": "nodes: ..."},
{"section": "accounts", "name": "GitHub token", "verdict": "not looked at", "detail": "its token is kept at op://a/b/c"},
{"section": "cluster", "name": "Kubernetes API", "verdict": "ok", "detail": "https://10.0.0.9:6443"},
{"section": "cluster", "name": "copies of etcd", "verdict": "warning", "detail": "none yet"}]}`

// asksDoctor has copies made, and a doctor who says something and ends so.
func asksDoctor(said, more string) func(*broken) {
	return func(b *broken) {
		ownFile(b)
		b.pulumi("", summary(""))
		text := filepath.Join(b.t.TempDir(), "said")
		if err := os.WriteFile(text, []byte(said), 0o600); err != nil {
			b.t.Fatal(err)
		}
		b.config.Homeops = b.program("homeops", `case "$1" in doctor) cat `+text+" ;; esac\n"+more)
	}
}

// ownFile is a project with a stack file whose copies are in its owner's home.
func ownFile(b *broken) {
	b.t.Helper()
	project := b.t.TempDir()
	text, err := os.ReadFile(spectest.HomeFile(b.t))
	if err != nil {
		b.t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "  home-ops:secrets:\n", "  home-ops:secrets:\n    breakGlass:\n"+
		"      recipients: [age17jrpseldducclr9l6jwdrt0rjzdfxrur25ks99w3m4l6lpnvkp8sevljvk]\n      place: ~/break-glass\n", 1))
	path := filepath.Join(project, "Pulumi.home.yaml")
	for file, text := range map[string]string{path: string(text), filepath.Join(project, "Pulumi.yaml"): "name: home-ops\nruntime: go\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		b.t.Fatal(err)
	}
	b.config.Project, b.stack, b.file = project, stack, &stackFile{Path: path, Copy: path}
}

const doctorLine = "the doctor finds nothing wrong"

// redDoctor are those of the doctor's visit.
var redDoctor = []red{
	{
		line: doctorLine, fault: "it names a problem", want: "Kubernetes API: https://10.0.0.9:6443",
		whole: asksDoctor(contentDoctor, ""), damage: asksDoctor(strings.Replace(contentDoctor, `"ok"`, `"problem"`, 1), `case "$1" in doctor) exit 1 ;; esac`),
	},
	{
		line: doctorLine, fault: "it names a problem and ends with 0", want: "Kubernetes API: https://10.0.0.9:6443",
		damage: asksDoctor(strings.Replace(contentDoctor, `"ok"`, `"problem"`, 1), ""),
	},
	{
		line: doctorLine, fault: "it names none and fails", want: "homeops doctor -json",
		damage: asksDoctor(contentDoctor, `case "$1" in doctor) exit 1 ;; esac`),
	},
	{
		line: doctorLine, fault: "it has not come as far as the cluster", want: "it has not looked at the cluster",
		damage: asksDoctor(strings.ReplaceAll(contentDoctor, `"cluster"`, `"state"`), ""),
	},
	{
		line: doctorLine, fault: "it could look at nothing of the cluster", want: "it has not looked at the cluster",
		damage: asksDoctor(strings.NewReplacer(`"ok"`, `"not looked at"`, `"warning"`, `"not looked at"`).Replace(contentDoctor), ""),
	},
	{
		line: doctorLine, fault: "a node is cordoned, or Flux at work", want: "Kubernetes API: https://10.0.0.9:6443",
		damage: asksDoctor(strings.Replace(contentDoctor, `"ok"`, `"warning"`, 1), ""),
	},
	{
		line: doctorLine, fault: "it says nothing", want: "unexpected end of JSON input",
		damage: asksDoctor("", ""),
	},
	{
		line: doctorLine, fault: "no copy of the keys can be made", want: "nothing was saved",
		damage: asksDoctor(contentDoctor, `case "$1" in breakglass) echo "nothing was saved" >&2; exit 1 ;; esac`),
	},
	{
		line: doctorLine, fault: "no copy of the state can be made", want: "the state is empty",
		damage: asksDoctor(contentDoctor, `case "$1" in state) echo "the state is empty" >&2; exit 1 ;; esac`),
	},
}

func TestCheckDoctor_TellsWhatItWarnsOf(t *testing.T) {
	b := newBroken(t)
	asksDoctor(contentDoctor, "")(b)
	got, err := b.checkDoctor(t.Context(), b.cluster)
	want := "3 things looked at; warning: Pulumi.home.yaml, copies of etcd; not looked at: GitHub token"
	if err != nil || got != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

// What a rehearsal saved at the place of the stack file would be the newest of its owner's copies.
func TestFileWithCopies_KeepsThemInTheRehearsalsFolder(t *testing.T) {
	b := newBroken(t)
	ownFile(b)
	path, err := b.fileWithCopies()
	if err != nil {
		t.Fatal(err)
	}
	got, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if place := got.Secrets.BreakGlass.Place; !strings.HasPrefix(place, b.config.Dir) {
		t.Errorf("copies go to %s", place)
	}
	if b.stack.Secrets.BreakGlass.Place != "~/break-glass" {
		t.Error("the rehearsal's own stack has another place now")
	}
	if got.Secrets.BreakGlass.Recipients[0] != b.stack.Secrets.BreakGlass.Recipients[0] {
		t.Error("copies are sealed for others")
	}
}

func TestFileWithCopies_LeavesAStackWithoutCopiesAsItIs(t *testing.T) {
	b := newBroken(t)
	ownFile(b)
	b.stack.Secrets.BreakGlass = nil
	if err := os.WriteFile(b.file.Copy, []byte("config: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := b.fileWithCopies()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "config: {}\n" {
		t.Errorf("%q, %v", text, err)
	}
}
