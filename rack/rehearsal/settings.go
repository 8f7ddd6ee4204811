package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/spec"
)

const (
	// triedSchedule is the schedule of snapshots that a rehearsal adds to the stack file and changes there. Its setting is
	// new to the tree.
	triedSchedule = "rehearsal"
	// settingMark is the annotation of the sample app that shows the setting.
	settingMark = "rehearsal-setting"
	// settingSoon is how long a changed setting may take from the ConfigMap to what uses it: 4 to 6 s where this machine has
	// nothing else to do, 17 s beside a compilation; the report has what it took. Flux's own next look would be after an hour.
	settingSoon = 30 * time.Second
	// settingAsked is that of a Flux which does not watch the settings: it is asked by way of its operator (askedFor in
	// components/flux), which takes several times as long as a watch.
	settingAsked = 90 * time.Second
	// watchesSettings is the first Flux that does.
	watchesSettings spec.Version = "v2.7"
	// upAtMost is longer than any `up` of a rehearsal takes that changes one setting.
	upAtMost = time.Hour
)

// tried is a setting that a stack file can be given, by a schedule at one of its storages.
type tried struct {
	// storage is the key below home-ops:storage, name the setting's.
	storage, name string
}

// triedSetting chooses one. No setting but a schedule's can change without something else in the cluster.
func triedSetting(s *spec.Stack) (tried, bool) {
	switch {
	case s.Storage.Longhorn != nil:
		return tried{"longhorn", settings.ScheduleCron(settings.LonghornSnapshots, triedSchedule)}, true
	case s.Storage.ZFS != nil:
		return tried{"zfs", settings.ScheduleCron(settings.ZFSSnapshots, triedSchedule)}, true
	case s.Storage.RookCeph != nil && s.Storage.RookCeph.Block.Enabled:
		return tried{"rookCeph", settings.ScheduleCron(settings.CephSnapshots, triedSchedule)}, true
	}
	return tried{}, false
}

// changeSetting has a merge need a setting that the stack does not have yet, then gives it, then changes it.
func (r *rehearsal) changeSetting(ctx context.Context) error {
	setting, ok := triedSetting(r.stack)
	if !ok {
		r.skip("a changed setting is applied", "the stack has no storage, and so no setting to try")
		return nil
	}
	// Whoever enters types `make up`, which refuses a setting that nothing in the working tree uses.
	if r.config.Keep {
		r.skip("a changed setting is applied", "a rack that is left up is as the stack file makes it")
		return nil
	}
	c, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	return r.trySetting(ctx, c, setting, "17 3 * * *", "18 3 * * *")
}

// trySetting gives it at one time, and changes it to another.
func (r *rehearsal) trySetting(ctx context.Context, c *cluster, setting tried, first, then string) error {
	detail, err := r.needSetting(ctx, c, setting.name)
	r.addChecked("a setting without a value is named by what needs it", detail, err)
	if detail, err = r.giveSetting(ctx, c, setting, first); detail == "" {
		return err
	}
	r.addChecked("a new setting ends the wait for it", detail, err)
	if detail, err = r.giveSetting(ctx, c, setting, then); detail == "" {
		return err
	}
	r.addChecked("a changed setting is applied", detail, err)
	_ = r.addReady(ctx, c, "with the changed setting")
	return nil
}

// addReady says whether the tree stands, reconciled anew.
func (r *rehearsal) addReady(ctx context.Context, c *cluster, when string) error {
	detail, err := r.checkReconciled(ctx, c)
	r.addChecked("everything that Git owns is ready "+when, detail, err)
	return err
}

// skipped is the error of a check that has nothing to look at, and says why.
type skipped string

func (s skipped) Error() string { return string(s) }

func (r *rehearsal) addChecked(name, detail string, err error) {
	// Beside anything else that is wrong it is none.
	if why, ok := err.(skipped); ok { //nolint:errorlint // see above
		r.skip(name, string(why))
		return
	}
	if err != nil {
		detail = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	r.add(name, err == nil, detail)
}

// needSetting commits a use of the setting to the sample app, and waits until its Kustomization names what it lacks.
func (r *rehearsal) needSetting(ctx context.Context, c *cluster, name string) (string, error) {
	before, err := r.world.git.Read(ctx, echoFile)
	if err != nil {
		return "", err
	}
	const annotations = "\n  annotations:\n"
	if strings.Count(string(before), annotations) != 1 {
		return "", fmt.Errorf("%s has no annotations to add one to", echoFile)
	}
	after := strings.Replace(string(before), annotations, annotations+"    "+settingMark+": \"${"+name+"}\"\n", 1)
	sha, err := r.world.git.Commit(ctx, "feat(echo): a setting of the rehearsal", map[string][]byte{echoFile: []byte(after)})
	if err != nil {
		return "", err
	}
	if _, err := r.announce(ctx, sha); err != nil {
		return "", err
	}
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	said := ""
	err = within(ctx, reconciled, func(ctx context.Context) error {
		echo, err := client.Resource(kustomizations).Namespace("flux-system").Get(ctx, echoName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if unready := notReady(*echo); unready != nil && strings.Contains(unready.Error(), name) {
			said = unready.Error()
			return nil
		}
		return errors.Join(errors.New("its Kustomization does not say so"), notReady(*echo))
	})
	return said, err
}

// giveSetting writes the schedule into the stack file, runs `up`, and waits until the sample app shows it. It looks at the
// app from the begin: `up` waits for more than the setting, which may be there before it has ended.
func (r *rehearsal) giveSetting(ctx context.Context, c *cluster, setting tried, cron string) (string, error) {
	if err := r.writeSchedule(setting.storage, cron); err != nil {
		return "", err
	}
	looking, stop := context.WithCancel(ctx)
	defer stop()
	shown := make(chan appearance, 1)
	go func() { shown <- awaitSetting(looking, c, cron) }()
	watch, written := watchSettings()
	if _, err := r.cli.Up(ctx, watch); err != nil {
		return "", err
	}
	op, at := written()
	if op != apitype.OpUpdate {
		return fmt.Sprintf("up: %s", op), fmt.Errorf("up did %q to cluster-settings, and not an update in place", op)
	}
	defer time.AfterFunc(reconciled, stop).Stop()
	app := <-shown
	seconds, err := max(0, app.at.Sub(at).Seconds()), app.err
	r.report.Flux.SettingToAppliedSeconds = seconds
	if err != nil {
		err = fmt.Errorf("%.1f s after cluster-settings: %w", seconds, err)
	} else {
		err = inTime(r.stack, seconds)
	}
	return fmt.Sprintf("%.1f s after cluster-settings", seconds), err
}

// inTime is an error when a changed setting took longer than the stack's Flux may.
func inTime(s *spec.Stack, seconds float64) error {
	limit := settingSoon
	if !s.Versions.Flux.Reaches(watchesSettings) {
		limit = settingAsked
	}
	if seconds > limit.Seconds() {
		return fmt.Errorf("%.1f s, longer than %s", seconds, limit)
	}
	return nil
}

// appearance is when the sample app showed what it was looked at for, or why it does not.
type appearance struct {
	at  time.Time
	err error
}

// awaitSetting looks at the sample app until it shows the setting, or the context ends.
func awaitSetting(ctx context.Context, c *cluster, cron string) appearance {
	err := within(ctx, upAtMost+reconciled, func(ctx context.Context) error {
		d, err := c.client.AppsV1().Deployments(echoNamespace).Get(ctx, echoName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if got := d.Annotations[settingMark]; got != cron {
			return fmt.Errorf("the sample app has %q", got)
		}
		return nil
	})
	return appearance{time.Now(), errors.Unwrap(err)}
}

// watchSettings tells what a run did to cluster-settings, and when it was done.
func watchSettings() (pulumi.Watcher, func() (apitype.OpType, time.Time)) {
	op, at := apitype.OpType("nothing"), time.Now()
	watch := func(e apitype.EngineEvent) {
		if done := e.ResOutputsEvent; done != nil && resource.URN(done.Metadata.URN).Name() == "flux-settings" && done.Metadata.Op != apitype.OpSame {
			op, at = done.Metadata.Op, time.Now()
		}
	}
	return watch, func() (apitype.OpType, time.Time) { return op, at }
}

// writeSchedule gives the room's stack file the schedule. It stays: what is applied and what the file says are one.
func (r *rehearsal) writeSchedule(storage, cron string) error {
	text, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if text, err = withSchedule(text, storage, cron); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if err := os.WriteFile(r.file.Copy, text, 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	return nil
}

// withSchedule is a stack file whose storage has the tried schedule at that time.
func withSchedule(text []byte, storage, cron string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	at := below(&doc, "config", "home-ops:storage", storage)
	if at == nil {
		return nil, errors.New("it has no storage." + storage)
	}
	schedules := below(at, "snapshotSchedules")
	if schedules == nil {
		schedules = &yaml.Node{Kind: yaml.SequenceNode}
		at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "snapshotSchedules"}, schedules)
	}
	for _, schedule := range schedules.Content {
		if name := below(schedule, "name"); name != nil && name.Value == triedSchedule {
			below(schedule, "cron").Value = cron
			return yaml.Marshal(&doc)
		}
	}
	var added yaml.Node
	if err := added.Encode(spec.Schedule{Name: triedSchedule, Cron: cron, Retain: 1}); err != nil {
		return nil, err
	}
	schedules.Content = append(schedules.Content, &added)
	return yaml.Marshal(&doc)
}

// below is the value at the keys under a node; nil where there is none.
func below(node *yaml.Node, keys ...string) *yaml.Node {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	for _, key := range keys {
		found := (*yaml.Node)(nil)
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				found = node.Content[i+1]
			}
		}
		if found == nil {
			return nil
		}
		node = found
	}
	return node
}
