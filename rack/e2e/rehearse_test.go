// Package e2e rehearses whole stacks, as `make rehearse` does, inside go test.
package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/launch"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/sample"
	"github.com/home-ops/home-ops/rack/scenario"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const project = "../.."

func options(t testing.TB, stack string) launch.Options {
	t.Helper()
	if testing.Short() {
		t.Skip("a rehearsal takes a minute; -short leaves it out")
	}
	sample.InRepository(t, project, stack)
	return launch.Options{Stack: stack, Project: project, Limit: 20 * time.Minute, Out: testWriter{t}}
}

// skips are the checks that have nothing to look at in a sample, or the ends of their names.
var skips = map[string][]string{
	// With one of its two control planes away nobody can write.
	"home": {"Longhorn stores on the named volumes", ": the API answers"},
	"lab":  {"Ceph runs on the named disks", "ZFS pools are on the named disks", "an encrypted file is decrypted"},
}

// maySkip reports whether a check may say that there was nothing to look at.
func maySkip(o launch.Options, name string) bool {
	// An earlier program asks for its machines at their own addresses.
	if o.Base != "" && name == "a machine was found at the address that DHCP gave it" {
		return true
	}
	return slices.ContainsFunc(skips[o.Stack], func(end string) bool { return strings.HasSuffix(name, end) })
}

func TestMaySkip_NamesWhatASampleDoesNotHave(t *testing.T) {
	for _, c := range []struct {
		stack, base, name string
		want              bool
	}{
		{"lab", "", "Ceph runs on the named disks", true},
		{"home", "", "Ceph runs on the named disks", false},
		{"home", "", "a roll: the API answers", true},
		{"lab", "", "a roll: the API answers", false},
		{"home", "HEAD", "a machine was found at the address that DHCP gave it", true},
		{"home", "", "a machine was found at the address that DHCP gave it", false},
	} {
		if got := maySkip(launch.Options{Stack: c.stack, Base: c.base}, c.name); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// rehearse runs a rehearsal that must be ok.
func rehearse(t *testing.T, o launch.Options) *report.Report {
	t.Helper()
	r, err := launch.Rehearse(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Checks {
		t.Logf("%-60s %t  %s", c.Name, c.OK, c.Detail)
		if c.Skipped && !maySkip(o, c.Name) {
			t.Errorf("%s: nothing was looked at: %s", c.Name, c.Detail)
		}
	}
	if !r.OK {
		t.Fatal("the report is not ok, and nothing said why")
	}
	if logs, err := filepath.Glob(filepath.Join(o.Project, "out", "rehearsal", o.Stack, "run-*", "pulumi-home", "logs", "*")); err != nil || len(logs) > 0 {
		t.Errorf("pulumi spent half of its time on debug logs: %v, %v", logs, err)
	}
	return r
}

// isWhole wants the cluster of the stack file, which is its owner's to edit.
func isWhole(t *testing.T, o launch.Options, r *report.Report) {
	t.Helper()
	stack, problems := spec.LoadFile(filepath.Join(o.Project, "Pulumi."+o.Stack+".yaml"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if wrong := notWhole(stack, r); wrong != "" {
		t.Error(wrong)
	}
}

// notWhole says what a report has other than the stack, or nothing.
func notWhole(stack *spec.Stack, r *report.Report) string {
	want := report.Kubernetes{
		Version: string(stack.Cluster.KubernetesVersion), APIServers: len(stack.ControlPlanes()), EtcdMembers: len(stack.ControlPlanes()),
	}
	if len(r.Nodes) != len(stack.Nodes) || r.Kubernetes != want {
		return fmt.Sprintf("%d nodes and %+v, want %d and %+v", len(r.Nodes), r.Kubernetes, len(stack.Nodes), want)
	}
	return ""
}

func TestNotWhole_ComparesWithTheStack(t *testing.T) {
	stack := spectest.Home(t)
	good := func() *report.Report {
		return &report.Report{
			Nodes:      make([]report.Node, len(stack.Nodes)),
			Kubernetes: report.Kubernetes{Version: string(stack.Cluster.KubernetesVersion), APIServers: 2, EtcdMembers: 2},
		}
	}
	for name, change := range map[string]func(*report.Report){
		"":                                func(*report.Report) {},
		"a node is missing":               func(r *report.Report) { r.Nodes = r.Nodes[1:] },
		"another Kubernetes":              func(r *report.Report) { r.Kubernetes.Version = "v1.0.0" },
		"an API server is missing":        func(r *report.Report) { r.Kubernetes.APIServers = 1 },
		"a member of etcd does not leave": func(r *report.Report) { r.Kubernetes.EtcdMembers = 3 },
	} {
		r := good()
		change(r)
		if got := notWhole(stack, r); (got == "") != (name == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRehearseHome_CompletesAfterBeingKilledAgainAndAgain(t *testing.T) {
	o := options(t, "home")
	o.Scenario, o.Limit = "interrupted", 45*time.Minute
	r := rehearse(t, o)

	ended := map[string]int{}
	for _, c := range r.Checks {
		if strings.HasPrefix(c.Name, "ended: ") {
			for _, way := range []string{"SIGKILL", "SIGINT", "SIGTERM", "lock lost"} {
				if strings.Contains(c.Detail, way) {
					ended[way]++
				}
			}
		}
	}
	if ended["SIGKILL"] < 8 || ended["SIGINT"] == 0 || ended["SIGTERM"] == 0 || ended["lock lost"] == 0 {
		t.Errorf("ended by %v", ended)
	}

	isWhole(t, o, r)
	if r.Flux.Kustomizations < 20 || r.Flux.Ready != r.Flux.Kustomizations || r.Flux.CommitToAppliedSeconds <= 0 {
		t.Errorf("flux: %+v, want all of the tree ready, and a commit applied", r.Flux)
	}
}

func TestRehearseHome_LeavesARackInWhichEveryPrintedCommandWorks(t *testing.T) {
	onDayTwo(t)
	rehearseAndKeep(t, options(t, "home"), map[string]string{
		"kubectl get nodes -o wide": spectest.Home(t).Nodes[0].Name, "talosctl -n": "v1.", "pulumi preview --stack home": "unchanged", "": "",
	})
}

// Lab uses every outside service.
func TestRehearseLab_SurvivesFaultsOfEveryOutsideService(t *testing.T) {
	o := options(t, "lab")
	o.Scenario, o.Limit = "faults", 30*time.Minute
	rehearse(t, o)
}

// The scenario begins as a rehearsal without one, so this is that, too, and with every genuine program that there is. What two control
// planes do without one of them is rehearsed in `make test-day2`.
func TestRehearseLab_KeepsAnsweringWithoutOneOfThreeControlPlanes(t *testing.T) {
	o := options(t, "lab")
	o.Scenario, o.Genuine = "loss", true
	r := rehearse(t, o)
	for _, name := range genuine.Names() {
		if !slices.ContainsFunc(r.Parts, func(p report.Part) bool { return p.Kind == report.Real && strings.HasPrefix(p.Name, name+" ") }) {
			t.Errorf("%s is none of %+v", name, r.Parts)
		}
	}
	for _, name := range []string{"cilium", "cert-manager"} {
		if !slices.ContainsFunc(r.Parts, func(p report.Part) bool {
			return p.Kind == report.Genuine && strings.HasPrefix(p.Name, "chart "+name+" ")
		}) {
			t.Errorf("the chart %s, which a Go module has, is none of %+v", name, r.Parts)
		}
	}

	isWhole(t, o, r)
	if r.Resources.Created == 0 || r.Resources.RerunChanges != 0 {
		t.Errorf("resources: %+v, want some created and none changed by a second up", r.Resources)
	}
	for _, key := range []string{"build", "up", "rerun", "total"} {
		if _, ok := r.Seconds[key]; !ok {
			t.Errorf("seconds: %s is missing", key)
		}
	}
}

func TestRehearse_EndsWithinSecondsAndLeavesNothing(t *testing.T) {
	o := options(t, "home")
	var said safeBuffer
	o.Out = io.MultiWriter(&said, o.Out)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan time.Time, 1)
	go func() {
		// In the middle of it: machines are on, and the engine is at work.
		waitForText(ctx, &said, "pulumi up,")
		time.Sleep(5 * time.Second)
		told <- time.Now()
		cancel()
	}()
	left, err := launch.Rehearse(ctx, o)
	if err == nil {
		t.Fatal("an interrupted rehearsal reported success")
	}
	if left == nil {
		t.Fatalf("it left no report: %v", err)
	}
	if left.OK || !slices.ContainsFunc(left.Checks, func(c report.Check) bool { return c.Name == "rehearsal ran to its end" && !c.OK && c.Detail != "" }) {
		t.Errorf("the report is ok: %t, and does not say that it did not run to its end: %+v", left.OK, left.Checks)
	}
	took := time.Since(<-told)
	t.Logf("ended %.1f s after it was told to: %v", took.Seconds(), err)
	if took > 10*time.Second {
		t.Errorf("took %s to end", took)
	}
	if running := processesNaming(t, filepath.Join("out", "rehearsal", "home", "run-")); len(running) > 0 {
		t.Errorf("still running: %v", running)
	}
}

func TestRehearse_KilledLeavesNoProcess(t *testing.T) {
	o := options(t, "lab")
	rack := filepath.Join(t.TempDir(), "rack")
	if out, err := exec.Command("go", "build", "-o", rack, "../cmd/rack").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said safeBuffer
	cmd := exec.Command(rack, "rehearse", "-stack", o.Stack, "-project", project)
	cmd.Stdout = io.MultiWriter(&said, o.Out)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForText(t.Context(), &said, "pulumi up,")
	time.Sleep(3 * time.Second)
	runs := filepath.Join("out", "rehearsal", "lab", "run-")
	if before := processesNaming(t, runs); len(before) == 0 {
		t.Error("nothing was running, so nothing is shown")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 50 {
		if len(processesNaming(t, runs)) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("still running: %v", processesNaming(t, runs))
}

func TestRehearse_TwoAtOnceDoNotDisturbEachOther(t *testing.T) {
	o := options(t, "home")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Each has the same addresses, and gets as far as an API that answers at them.
	const answers = "talos-kubeconfig created"
	var both sync.WaitGroup
	var said [2]safeBuffer
	for i := range said {
		both.Go(func() {
			o := o
			o.Out = io.MultiWriter(&said[i], o.Out)
			_, _ = launch.Rehearse(ctx, o) // it is ended in the middle
		})
	}
	waiting, done := context.WithTimeout(ctx, 5*time.Minute)
	defer done()
	for i := range said {
		waitForText(waiting, &said[i], answers)
		if !said[i].contains(answers) {
			t.Errorf("rehearsal %d has no API", i+1)
		}
	}
	cancel()
	both.Wait()
}

func TestRehearse_SaysWhatIsWrongWithoutBuildingAnything(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a scratch project, which -short leaves out")
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, "Pulumi.broken.yaml")
	if err := os.WriteFile(broken, []byte("config:\n  home-ops:cluster:\n    nmae: home\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// What a person misspells is told before the stack file is read.
	for want, o := range map[string]launch.Options{
		"there is no SCENARIO=rol; there are: " + strings.Join(scenario.Names(), ", "):                                      {Scenario: "rol"},
		"PLUGINS=/nope: there is no such folder":                                                                            {Plugins: "/nope"},
		"SCENARIO=program: BASE=COMMIT goes with a scenario that begins with the program of that commit, and with no other": {Scenario: "program"},
		"BASE=COMMIT goes with a scenario that begins with the program of that commit, such as SCENARIO=program":            {Base: "HEAD"},
	} {
		o.Stack, o.Project, o.Out = "broken", dir, io.Discard
		if _, err := launch.Rehearse(t.Context(), o); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for name, want := range map[string]string{
		"broken":  "the stack file " + broken + " has errors; mend them, `make validate STACK=broken` shows them again",
		"missing": `there is no stack "missing" here: ` + filepath.Join(dir, "Pulumi.missing.yaml") + ` is missing; the stacks are: broken`,
	} {
		_, err := launch.Rehearse(t.Context(), launch.Options{Stack: name, Project: dir, Out: io.Discard})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
