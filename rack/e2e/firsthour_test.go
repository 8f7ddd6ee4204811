package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/runbook"
	"github.com/home-ops/home-ops/rack/report"
)

var recordInto = flag.String("record", "", "write what was typed in the first hour, and how long it took, into this folder")

// home is one that somebody has, and none of the samples.
type home struct {
	name  string
	flags []string
	// whole says that the page is walked to its end: a rack that is left up, and an app with a page of its own, which wants a gateway.
	// Else the walk ends with the rehearsal.
	whole bool
}

var homes = []home{
	{"house", []string{
		"--domain=house.example.org", "--control-planes=10.9.0.11,10.9.0.12,10.9.0.13",
		"--cards=52:54:00:12:34:11,52:54:00:12:34:12,52:54:00:12:34:13", "--disks=serial=SYSTEM1,serial=SYSTEM2,serial=SYSTEM3",
		"--ceph=serial=DATA1,serial=DATA2,serial=DATA3", "--networks=10.9.0.0/24", "--gateways=10.9.0.1", "--vip=10.9.0.50",
		"--pool=10.9.0.100-10.9.0.119", "--secrets=sops",
	}, true},
	{"cabin", []string{
		"--domain=cabin.example.org", "--control-planes=192.168.7.11", "--cards=52:54:00:12:35:11", "--disks=serial=SYSTEM1",
		"--networks=192.168.7.0/24", "--gateways=192.168.7.1", "--vip=none", "--pool=none", "--secrets=none",
	}, false},
}

// What docs/first-hour.md has people type, from a clone to a cluster in the rack with an app of their own: every command of its blocks,
// in the order of the page.
func TestFirstHour_FromACloneToAnApp(t *testing.T) {
	onDayTwo(t)
	commands, err := runbook.Page(os.DirFS(project), firstHour)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range homes {
		t.Run(h.name, func(t *testing.T) {
			p := newPerson(t, h)
			for _, c := range commands {
				if c.Inline || elsewhere[c.Text] != (elsewhereRun{}) || nobody[c.Text] != "" {
					continue
				}
				do, ok := hour[c.Text]
				if !ok {
					t.Fatalf("%s: nobody knows how to type it", c)
				}
				do(p, strings.ReplaceAll(c.Text, "house", h.name))
				if !h.whole && p.rehearsed {
					break
				}
			}
			p.record()
			p.leaves()
			p.ranWhole()
		})
	}
}

// person types commands, and notes what each takes.
type person struct {
	t     *testing.T
	home  home
	began time.Time
	notes strings.Builder
	count int
	// dir is where they are, and root what is theirs.
	dir, root string
	// rehearsed says that the rehearsal was ok; enter is the program that leads into the rack, where it was left up, and rack the
	// command that holds it there.
	rehearsed bool
	enter     string
	rack      *exec.Cmd
}

// newPerson is somebody with a repository of their own at GitHub, and nothing else: no settings, no state.
func newPerson(t *testing.T, h home) *person {
	t.Helper()
	p := &person{t: t, home: h, root: t.TempDir(), began: time.Now()}
	p.dir = p.root
	here, err := filepath.Abs(project)
	if err != nil {
		t.Fatal(err)
	}
	// What was compiled before lies where it always did.
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOENV"} {
		t.Setenv(name, strings.TrimSpace(p.run("go", "env", name)))
	}
	remotes, settings := filepath.Join(p.root, "github"), filepath.Join(p.root, "gitconfig")
	for name, value := range map[string]string{
		"HOME": p.root, "XDG_CONFIG_HOME": filepath.Join(p.root, ".config"), "GIT_CONFIG_GLOBAL": settings, "KUBECONFIG": "", "TALOSCONFIG": "",
	} {
		t.Setenv(name, value)
	}
	text := fmt.Sprintf("[user]\n\tname = me\n\temail = me@example.org\n[url %q]\n\tinsteadOf = https://github.com/me/\n", remotes+"/")
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	repository := filepath.Join(remotes, h.name+".git")
	p.run("git", "clone", "-q", "--bare", here, repository)
	p.run("git", "-C", repository, "update-ref", "refs/heads/main", "HEAD")
	p.run("git", "-C", repository, "symbolic-ref", "HEAD", "refs/heads/main")
	return p
}

// The ways to type a line of the page.

func (p *person) types(line string) string {
	p.t.Helper()
	said := p.run("sh", "-c", line)
	p.said(line, said)
	return said
}

// enters changes the folder; where two ways lead to it, it is the one that the first has made.
func (p *person) enters(line string) {
	p.t.Helper()
	dir := filepath.Join(p.root, strings.TrimPrefix(line, "cd "))
	if _, err := os.Stat(dir); err != nil {
		p.t.Fatal(err)
	}
	p.dir = dir
}

// answers has flags where init would ask, and reads no machine.
func (p *person) answers(line string) {
	p.t.Helper()
	words := strings.Fields(line)
	words = append(words[:5], "--yes", "--offline")
	words = append(append(words, p.home.flags...), "--repository=https://github.com/me/"+p.home.name+".git")
	p.types(strings.Join(words, " "))
}

// exports keeps a variable for the lines after it.
func (p *person) exports(line string) {
	p.t.Helper()
	name, _, _ := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	value := p.run("sh", "-c", line+` && printf %s "$`+name+`"`)
	if _, err := os.Stat(value); err != nil {
		p.t.Error(err)
	}
	p.t.Setenv(name, value)
	p.said(line, "")
}

// rehearses has the rack left up where the rest of the page is done in it.
func (p *person) rehearses(line string) {
	p.t.Helper()
	p.rehearsed = true
	if !p.home.whole {
		p.types(line)
		return
	}
	var said safeBuffer
	ctx, cancel := context.WithCancelCause(p.t.Context())
	p.rack = exec.CommandContext(p.t.Context(), "sh", "-c", "exec "+line)
	p.rack.Dir, p.rack.Env, p.rack.SysProcAttr = p.dir, append(os.Environ(), "KEEP=1"), &syscall.SysProcAttr{Setpgid: true}
	p.rack.Stdout = io.MultiWriter(&said, testWriter{p.t})
	p.rack.Stderr = p.rack.Stdout
	// Ctrl-C goes to all that it runs.
	p.rack.Cancel = func() error { return syscall.Kill(-p.rack.Process.Pid, syscall.SIGINT) }
	p.rack.WaitDelay = time.Minute
	if err := p.rack.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cancel(errors.Join(errors.New("the rehearsal has ended"), p.rack.Wait()))
	}()
	p.t.Cleanup(func() { <-ended })
	waitForText(ctx, &said, "a shell in the room\n")
	if err := context.Cause(ctx); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	for _, l := range said.linesAfter("The rack is up") {
		if fields := strings.Fields(l); len(fields) > 0 && filepath.Base(fields[0]) == "enter" {
			p.enter = fields[0]
		}
	}
	p.said(line, strings.Split(said.all(), "\nThe rack is up")[0])
}

// inTheRack types a line where the rehearsal's cluster, state and services are. A yes stands for the person.
func (p *person) inTheRack(line string) string {
	p.t.Helper()
	said := p.inside("env", "PULUMI_SKIP_CONFIRMATIONS=true", "sh", "-c", line)
	p.said(line, said)
	return said
}

// inside runs a program there. One that fails is told, and the walk goes on: to come here took a quarter of an hour.
func (p *person) inside(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.enter, args...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// pushes has what comes to GitHub come to the room's Git host, too, and an app that is in it run.
func (p *person) pushes(line string) {
	p.t.Helper()
	p.types(line)
	room := filepath.Join(filepath.Dir(p.enter), "git", "me", p.home.name+".git")
	p.run("git", "push", "-q", "--force", room, "HEAD:main")
	if _, err := os.Stat(filepath.Join(p.dir, "kubernetes", "apps", "hello")); err != nil {
		return
	}
	pushed := time.Now()
	p.inside("kubectl", "-n", "hello", "wait", "deployment/hello", "--for=create", "--timeout=6m")
	p.inside("kubectl", "-n", "hello", "rollout", "status", "deployment/hello", "--timeout=5m")
	p.said("# the app runs", fmt.Sprintf("%s after the push", time.Since(pushed).Round(time.Second)))
	p.count--
	if said := p.inside("make", "status", "STACK="+p.home.name); !strings.Contains(said, "https://hello-internal."+p.home.name+".example.org\n") {
		p.t.Errorf("no page of the app:\n%s", said)
	}
}

func (p *person) run(program string, args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), program, args...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// said notes a command, when it had ended, and what it said; of a rehearsal the table alone, of pulumi its sums.
func (p *person) said(line, text string) {
	p.count++
	fmt.Fprintf(&p.notes, "[%s] $ %s\n", time.Since(p.began).Round(time.Second), line)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if _, table, ok := strings.Cut(text, "\nrehearsal of "); ok {
		lines = strings.Split(strings.TrimSpace("rehearsal of "+table), "\n")
	} else if sums := strings.LastIndex(text, "\nResources:\n"); sums >= 0 {
		lines = strings.Split(strings.TrimSpace(text[sums:]), "\n")
	}
	for _, l := range lines {
		if l != "" {
			fmt.Fprintf(&p.notes, "    %s\n", strings.TrimRight(l, " "))
		}
	}
	p.t.Logf("%s\n%s", line, text)
}

// record writes the notes down where somebody asked for them.
func (p *person) record() {
	if *recordInto == "" {
		return
	}
	fmt.Fprintf(&p.notes, "\n%d commands, %s\n", p.count, time.Since(p.began).Round(time.Second))
	if err := os.WriteFile(filepath.Join(*recordInto, "first-hour-"+p.home.name+".txt"), []byte(strings.ReplaceAll(p.notes.String(), p.root, "~")), 0o600); err != nil {
		p.t.Error(err)
	}
}

// leaves ends a rack that was left up, as Ctrl-C does.
func (p *person) leaves() {
	if p.rack == nil {
		return
	}
	if err := p.rack.Cancel(); err != nil {
		p.t.Error(err)
	}
	report := p.reportPath()
	for range 600 {
		if _, err := os.Stat(report); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (p *person) reportPath() string {
	return filepath.Join(p.dir, "out", "rehearsal", p.home.name, "report.json")
}

// ranWhole reads the report of the rehearsal.
func (p *person) ranWhole() {
	raw, err := os.ReadFile(p.reportPath())
	if err != nil {
		p.t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		p.t.Fatal(err)
	}
	if !r.OK || len(r.Checks) < 20 || r.Flux.Ready < 2 || r.Flux.Ready != r.Flux.Kustomizations {
		p.t.Errorf("%+v", r)
	}
}
