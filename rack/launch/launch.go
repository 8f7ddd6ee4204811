// Package launch is the outside of a rehearsal: it checks the stack file, builds what is missing, chooses plugins, and
// starts the sealed room.
package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/home-ops/home-ops/internal/gitarchive"
	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/rack/scenario"
	"github.com/home-ops/home-ops/spec"
)

// Options are what a person can say about a rehearsal.
type Options struct {
	// Stack is the stack to rehearse.
	Stack string
	// Project is the directory of Pulumi.yaml.
	Project string
	// Base is the commit whose program makes the cluster first, in the scenario "program".
	Base string
	// Plugins is a directory of genuine plugins and language host; empty to look where Pulumi puts them.
	Plugins string
	// Charts is a folder of genuine charts, NAME-VERSION.tgz; the word genuine has all of them fetched first. What it lacks, and what
	// there is when it is empty, comes from Go modules where those have the chart, and is a stand-in otherwise.
	Charts string
	// Genuine runs the operators themselves where they can be compiled, in place of the simulated ones.
	Genuine bool
	// Keep leaves the rack up until it is interrupted.
	Keep bool
	// Scenario is what happens besides up and up again.
	Scenario string
	// Limit is the time after which a rehearsal is given up, builds not counted; not looked at with Keep. Default: the
	// scenario's.
	Limit time.Duration
	// Out takes everything that is said.
	Out io.Writer
}

// check refuses what cannot be rehearsed, before anything is compiled.
func (o Options) check() error {
	chosen, err := scenario.Find(o.Scenario)
	switch {
	case err != nil:
		return err
	case (o.Base != "") && o.Scenario == "":
		return errors.New("BASE=COMMIT goes with a scenario that begins with the program of that commit, such as SCENARIO=program")
	case (o.Base != "") != chosen.Base:
		return fmt.Errorf("SCENARIO=%s: BASE=COMMIT goes with a scenario that begins with the program of that commit, and with no other", o.Scenario)
	}
	if o.Plugins == "" {
		return nil
	}
	if info, err := os.Stat(o.Plugins); err != nil || !info.IsDir() {
		return fmt.Errorf("PLUGINS=%s: there is no such folder", o.Plugins)
	}
	return nil
}

// clusters are those that the scenario makes of a stack.
func (o Options) clusters(stack *spec.Stack) ([]spec.Cluster, error) {
	chosen, err := scenario.Find(o.Scenario)
	if err != nil {
		return nil, err
	}
	first, last, err := chosen.Way(stack.Cluster)
	return []spec.Cluster{first, last}, err
}

func (o Options) limit() time.Duration {
	chosen, err := scenario.Find(o.Scenario)
	if err != nil || chosen.Limit == 0 {
		return scenario.DefaultLimit
	}
	return chosen.Limit
}

// Rehearse runs one rehearsal and returns its report. The error says why there is none, or that it is not ok.
func Rehearse(ctx context.Context, o Options) (*report.Report, error) {
	project, err := filepath.Abs(o.Project)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	stack, err := checkStack(project, o.Stack, o.Out)
	if err != nil {
		return nil, err
	}
	commit := commitOf(ctx, project)
	base := filepath.Join(project, "out", "rehearsal", o.Stack)
	dir, err := newRunDir(base)
	if err != nil {
		return nil, err
	}
	defer dir.close()

	config, err := prepare(ctx, project, stack, o)
	if err != nil {
		return nil, err
	}
	config.Dir, config.Report = dir.path, filepath.Join(dir.path, "report.json")
	last := LastReport(project, o.Stack, o.Scenario)
	if before, err := report.Read(last); err == nil {
		config.Before = before.Phases
	}
	configPath := filepath.Join(dir.path, "room.json")
	if err := config.Save(configPath); err != nil {
		return nil, err
	}
	if o.Limit == 0 {
		o.Limit = o.limit()
	}
	if !o.Keep {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Limit, fmt.Errorf("given up after %s", o.Limit))
		defer cancel()
	}
	// The room has folders of its own for caches and settings, which Go's defaults would follow.
	goPlaces, err := goEnv(ctx, "GOCACHE", "GOENV")
	if err != nil {
		return nil, err
	}
	sealErr := sandbox.Seal(ctx, sandbox.Command{
		Path: filepath.Join(project, "out", "bin", "rack-room"), Args: []string{configPath},
		Env: append(os.Environ(), goPlaces...), Stdout: o.Out, Stderr: o.Out, Grace: 5 * time.Second,
		Started: func(nsenter string) {
			// Only a kept rack is entered, and it says so itself when this file is missing.
			_ = os.WriteFile(filepath.Join(dir.path, "nsenter"), []byte(nsenter+"\n"), 0o600)
		},
	})
	result, err := report.Read(config.Report)
	if err != nil {
		return nil, errors.Join(sealErr, fmt.Errorf("the rehearsal left no report; its logs are in %s", dir.path))
	}
	if commitOf(ctx, project) == commit {
		result.Commit = commit
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(last), 0o755), result.Write(last), result.Write(filepath.Join(base, "report.json"))); err != nil {
		return result, err
	}
	if sealErr == nil && !result.OK {
		sealErr = errors.New("not ok")
	}
	if sealErr != nil {
		return result, fmt.Errorf("rehearsal of %s: %w; its logs are in %s", o.Stack, sealErr, dir.path)
	}
	return result, nil
}

// LastReport is the path of the report that the last rehearsal of a stack and scenario has left; without a scenario, of the last plain
// one.
func LastReport(project, stack, scenario string) string {
	return filepath.Join(project, "out", "rehearsal", stack, "reports", cmp.Or(scenario, "up")+".json")
}

// commitOf is the commit that the project is; empty where it is none, or in no repository.
func commitOf(ctx context.Context, project string) string {
	hash, err := gitarchive.Whole(ctx, project)
	if err != nil {
		return "" // a report says it by having none
	}
	return hash
}

// prepare builds what is missing and chooses among what is there.
func prepare(ctx context.Context, project string, stack *spec.Stack, o Options) (*room.Config, error) {
	bin := filepath.Join(project, "out", "bin")
	rack := filepath.Join(project, "rack")
	config := &room.Config{
		Stack: o.Stack, Project: project, Keep: o.Keep, Scenario: o.Scenario,
		Flows: filepath.Join(bin, "rack-flows"), Homeops: filepath.Join(bin, "homeops"),
	}
	if o.Base != "" {
		var err error
		if config.Base, err = checkOutBase(ctx, project, o.Base); err != nil {
			return nil, err
		}
	}
	parts := []build.Part{
		// The language host's own flags, so that it finds the work done.
		{Name: "program", Module: project, Package: ".", Output: filepath.Join(bin, "home-ops"), LDFlags: "-w -s"},
		{Name: "homeops", Module: project, Package: "./cmd/homeops", Output: config.Homeops},
		{Name: "room", Module: rack, Package: "./cmd/rack-room", Output: filepath.Join(bin, "rack-room")},
		{Name: "plugins", Module: rack, Package: "./cmd/rack-plugins", Output: filepath.Join(bin, "rack-plugins")},
		{
			Name: "flows", Module: filepath.Join(rack, "flows", "engine"), Package: ".", Output: config.Flows,
			Note: "the first time compiles Cilium's policy engine",
		},
	}
	if config.Base != "" {
		parts = append(parts, build.Part{
			Name: "program of " + o.Base, Module: config.Base, Package: ".", Output: filepath.Join(bin, "home-ops-base"), LDFlags: "-w -s",
		})
	}
	clusters, err := o.clusters(stack)
	if err != nil {
		return nil, err
	}
	kube, err := kubeParts(rack, bin, clusters, config)
	if err != nil {
		return nil, err
	}
	crds := crdsPart(rack, bin)
	parts = append(append(parts, crds), kube...)
	if o.Charts == fetched {
		parts = append(parts, chartsPart(rack, bin))
	}
	fluxParts, flux, err := fluxparts.Parts(ctx, rack, filepath.Join(project, "out"))
	if err != nil {
		return nil, err
	}
	parts, config.Flux = append(parts, fluxParts...), flux
	if o.Genuine {
		genuineParts, built, err := genuine.Parts(ctx, rack, filepath.Join(project, "out"), genuine.Names()...)
		if err != nil {
			return nil, err
		}
		parts, config.Genuine = append(parts, genuineParts...), built
	}
	path, pulumi, err := pulumiPart(ctx, rack, filepath.Join(bin, "pulumi"))
	if err != nil {
		return nil, err
	}
	config.Pulumi = room.Binary{Path: path, Kind: report.Genuine}
	if path == "" {
		config.Pulumi = room.Binary{Path: pulumi.Output, Kind: report.Real}
		parts = append(parts, pulumi)
	}
	fmt.Fprintf(o.Out, "building what the rehearsal of %s needs (see out/bin):\n", o.Stack)
	seconds, err := build.All(ctx, parts, o.Out)
	if err != nil {
		return nil, err
	}
	config.BuildSeconds = maps.Clone(seconds)
	began := time.Now()
	if config.CRDs, err = generateCRDs(ctx, crds, filepath.Join(project, "out", "crds"), o.Out); err != nil {
		return nil, err
	}
	config.BuildSeconds["definitions"] = time.Since(began).Seconds()
	if config.Charts, err = chartsFolder(ctx, project, o); err != nil {
		return nil, err
	}
	if config.ChartModules, err = chartModules(ctx, filepath.Join(rack, "crds")); err != nil {
		return nil, err
	}
	return config, choose(ctx, config, o, path)
}

func choose(ctx context.Context, config *room.Config, o Options, pulumi string) error {
	standIn, err := linkStandIns(filepath.Join(config.Project, "out", "bin"))
	if err != nil {
		return err
	}
	find := finder{pulumiHome: pulumiHome(), pulumi: pulumi, standIn: standIn}
	if o.Plugins != "" {
		if find.chosen, err = filepath.Abs(o.Plugins); err != nil {
			return fmt.Errorf("rehearsal: %w", err)
		}
	}
	if config.LanguageHost, err = find.languageHost(); err != nil {
		return err
	}
	required, err := requiredPlugins(ctx, config.Project)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range required {
		p, err := find.plugin(p)
		config.Plugins, errs = append(config.Plugins, p), append(errs, err)
	}
	return errors.Join(errs...)
}

// linkStandIns gives the one binary of all stand-ins the names that Pulumi looks for.
func linkStandIns(bin string) (string, error) {
	dir := filepath.Join(bin, "stand-in")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("rehearsal: %w", err)
	}
	names := []string{"pulumi-language-go"}
	for name := range standIns {
		names = append(names, "pulumi-resource-"+name)
	}
	for _, name := range names {
		err := os.Symlink(filepath.Join("..", "rack-plugins"), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("rehearsal: %w", err)
		}
	}
	return dir, nil
}

// goEnv asks the go command for some of its settings, as an environment.
func goEnv(ctx context.Context, names ...string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	var env []string
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env, nil
}

func pulumiHome() string {
	if home := os.Getenv("PULUMI_HOME"); home != "" {
		return home
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".pulumi")
}
