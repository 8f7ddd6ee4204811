package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/report"
)

var recordInto = flag.String("record", "", "write what was typed in the first hour, and how long it took, into this folder")

// home is one that somebody has, and none of the samples.
type home struct {
	name  string
	flags []string
	// app says that it gets an app of its own: one with a page, which wants a gateway.
	app bool
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

// What docs/first-hour.md has people type, from a clone to a cluster in the rack with an app of their own.
func TestFirstHour_FromACloneToAnApp(t *testing.T) {
	onDayTwo(t)
	for _, h := range homes {
		t.Run(h.name, func(t *testing.T) {
			home := t.TempDir()
			p := &person{t: t, dir: home, home: home, began: time.Now()}
			here, err := filepath.Abs(project)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
			p.said("git clone https://github.com/me/"+h.name+".git", p.run("git", "clone", "-q", here, h.name))
			p.dir = filepath.Join(p.dir, h.name)
			p.types("go run ./cmd/homeops init " + h.name + " --yes --offline " + strings.Join(h.flags, " ") +
				" --repository=https://github.com/me/" + h.name + ".git")
			p.types("make validate STACK=" + h.name)
			p.types("git add -A")
			p.types("git -c user.name=me -c user.email=me@example.org commit -qm house")
			if h.app {
				p.types("cp -r kubernetes/apps/echo kubernetes/apps/hello")
				p.types("mv kubernetes/apps/hello/echo kubernetes/apps/hello/hello")
				p.types("grep -rl echo kubernetes/apps/hello | xargs sed -i '/http-https-echo/!s/echo/hello/g'")
				p.types("go run ./cmd/homeops tree -show " + h.name + " > out/list && mv out/list kubernetes/clusters/" + h.name + "/kustomization.yaml")
				p.types("make validate STACK=" + h.name)
				if said := p.types("make diff BASE=HEAD STACK=" + h.name); !strings.Contains(said, "Deployment hello/hello") {
					t.Errorf("make diff has no word of the app:\n%s", said)
				}
				p.types("git add -A")
				p.types("git -c user.name=me -c user.email=me@example.org commit -qm hello")
			}
			p.types("make rehearse STACK=" + h.name)
			p.record(h.name)
			p.ranWhole(h.name)
		})
	}
}

// person types commands, and notes what each takes.
type person struct {
	t     *testing.T
	dir   string
	home  string
	began time.Time
	notes strings.Builder
	count int
}

// types runs a line in a shell.
func (p *person) types(line string) string {
	p.t.Helper()
	said := p.run("sh", "-c", line)
	p.said(line, said)
	return said
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

// said notes a command, when it had ended, and what it said; of a rehearsal the table alone.
func (p *person) said(line, text string) {
	p.count++
	fmt.Fprintf(&p.notes, "[%s] $ %s\n", time.Since(p.began).Round(time.Second), line)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if _, table, ok := strings.Cut(text, "\nrehearsal of "); ok {
		lines = strings.Split(strings.TrimSpace("rehearsal of "+table), "\n")
	}
	for _, l := range lines {
		if l != "" {
			fmt.Fprintf(&p.notes, "    %s\n", strings.TrimRight(l, " "))
		}
	}
	p.t.Logf("%s\n%s", line, text)
}

// record writes the notes down where somebody asked for them.
func (p *person) record(name string) {
	if *recordInto == "" {
		return
	}
	fmt.Fprintf(&p.notes, "\n%d commands, %s\n", p.count, time.Since(p.began).Round(time.Second))
	if err := os.WriteFile(filepath.Join(*recordInto, "first-hour-"+name+".txt"), []byte(strings.ReplaceAll(p.notes.String(), p.home, "~")), 0o600); err != nil {
		p.t.Error(err)
	}
}

// ranWhole reads the report of the rehearsal.
func (p *person) ranWhole(name string) {
	raw, err := os.ReadFile(filepath.Join(p.dir, "out", "rehearsal", name, "report.json"))
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
