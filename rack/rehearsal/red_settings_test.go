package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/spec/spectest"
)

const (
	echoPath     = "/apis/apps/v1/namespaces/echo/deployments/echo"
	echoTreePath = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/echo"
	atSeventeen  = "17 3 * * *"
)

// settingOf is the setting that the stack is given.
func settingOf(b *broken) tried {
	b.t.Helper()
	setting, ok := triedSetting(b.stack)
	if !ok {
		b.t.Fatal("the stack has no setting to try")
	}
	return setting
}

// shows has the sample app show a setting.
func shows(b *broken, cron string) {
	b.api[echoPath] = fmt.Sprintf("{kind: Deployment, apiVersion: apps/v1, metadata: {name: echo, annotations: {%s: %q}}}", settingMark, cron)
}

// wholeSettings is a tree that waits for the setting, an app that shows it, and an `up` that changes it.
func wholeSettings(b *broken) {
	b.t.Helper()
	repository(b)
	text, err := os.ReadFile(spectest.HomeFile(b.t))
	if err != nil {
		b.t.Fatal(err)
	}
	file(b, filepath.Join(b.t.TempDir(), "Pulumi.home.yaml"), b.stack)
	if err := os.WriteFile(b.file.Copy, text, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.pulumi("", `{"resOutputsEvent": {"metadata": {"op": "update", "urn": "urn:pulumi:home::home-ops::kubernetes:core/v1:ConfigMap::flux-settings"}}}`,
		summary(`"update": 1`))
	b.api[echoTreePath] = strings.Replace(kustomization("echo", "False"), "a pod crashes", settingOf(b).name+" has no value", 1)
	shows(b, atSeventeen)
	wholeTree(b)
}

// triesSetting changes it to the time that the app shows, or another.
func triesSetting(then string) func(context.Context, *broken) {
	return func(ctx context.Context, b *broken) {
		if err := b.trySetting(ctx, b.cluster, settingOf(b), atSeventeen, then); err != nil && ctx.Err() == nil {
			b.t.Error(err)
		}
	}
}

// redSettings are lines about a setting of the tree.
var redSettings = []red{
	{
		line: "a setting without a value is named by what needs it", fault: "nobody names it", want: "its Kustomization does not say so",
		whole: wholeSettings, damage: func(b *broken) { b.api[echoTreePath] = kustomization("echo", "False") }, do: triesSetting(atSeventeen),
	},
	{
		line: "a new setting ends the wait for it", fault: "the app does not get it", want: `the sample app has "old"`,
		whole: wholeSettings, damage: func(b *broken) { shows(b, "old") }, do: triesSetting(atSeventeen),
	},
	{
		line: "a new setting ends the wait for it", fault: "up does nothing to the settings", want: `up did "nothing" to cluster-settings`,
		whole: wholeSettings, damage: func(b *broken) { b.pulumi("", summary(`"same": 1`)) }, do: triesSetting(atSeventeen),
	},
	{
		line: "a changed setting is applied", fault: "the app has the first one still", want: `the sample app has "17 3 * * *"`,
		damage: wholeSettings, do: triesSetting("18 3 * * *"),
	},
	{
		line: "a changed setting is applied", fault: "up replaces the settings", want: `up did "replace" to cluster-settings`,
		whole: wholeSettings,
		damage: func(b *broken) {
			b.pulumi("", `{"resOutputsEvent": {"metadata": {"op": "replace", "urn": "urn:pulumi:home::home-ops::kubernetes:core/v1:ConfigMap::flux-settings"}}}`, summary(""))
		}, do: triesSetting(atSeventeen),
	},
	{
		line: "everything that Git owns is ready with the changed setting", fault: "something is not", want: "Kustomization flux-system/app: HealthCheckFailed",
		whole: wholeSettings,
		damage: func(b *broken) {
			b.list(kustomizationsPath, kustomization("root", "True"), kustomization("app", "False"))
		},
		do: triesSetting(atSeventeen),
	},
	{
		line: "everything that Git owns is ready before the outage", fault: "something is not", want: "Kustomization flux-system/app: HealthCheckFailed",
		damage: func(b *broken) {
			b.list(kustomizationsPath, kustomization("root", "True"), kustomization("app", "False"))
		},
		do: func(ctx context.Context, b *broken) { b.outage(ctx, b.cluster) },
	},
	{
		line: "a release recovers from an outage of admission", fault: "there is no outage", want: "admission lets a Deployment through",
		damage: func(b *broken) {
			wholeTree(b)
			b.api["/apis/apps/v1/namespaces/system/deployments/reloader"] = "{kind: Deployment, apiVersion: apps/v1, metadata: {name: reloader, namespace: system}}"
		},
		do: func(ctx context.Context, b *broken) { b.outage(ctx, b.cluster) },
	},
}

// plans has a preview of so many steps.
func plans(b *broken, steps int) {
	var events []string
	for i := range steps {
		events = append(events, pre("create", fmt.Sprint("kubernetes:core/v1:Kind", i), "one"))
	}
	b.pulumi("", append(events, summary(""))...)
}

func countsMoments(ctx context.Context, b *broken) {
	var planned []moment
	if _, err := b.cli.Preview(ctx, moments(&planned)); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
	b.enough(planned)
}

// wholeState is a state on the disk that can be read.
func wholeState(b *broken) {
	b.pulumi(`{"deployment": {}}`, summary(""))
	b.stateFile("home.json", "{}")
	// As a full disk leaves it.
	b.stateFile("backups/home.json", "")
}

func (b *broken) stateFile(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.config.Dir, "state", name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		b.t.Fatal(err)
	}
}

// redInterrupted are lines about runs that are ended on their way.
var redInterrupted = []red{
	{
		line: "there are moments to end up at", fault: "a preview tells hardly any", want: "28",
		whole: func(b *broken) { plans(b, 15) }, damage: func(b *broken) { plans(b, 14) }, do: countsMoments,
	},
	{
		line: "up was ended at the moments of create", fault: "it went through", want: "0 of 3; passed in runs that were ended elsewhere: as it begins to",
		damage: func(b *broken) { b.pulumi("", summary(`"create": 3`)) },
		do: func(ctx context.Context, b *broken) {
			if err := b.interruptAt(ctx, "create", make([]moment, 3)); err != nil && ctx.Err() == nil {
				b.t.Error(err)
			}
		},
	},
	{
		line: "the disk of the state fills up", fault: "a file of the state is cut off", want: "home.json is empty",
		whole: wholeState, damage: func(b *broken) { b.stateFile("home.json", "") },
		do: func(ctx context.Context, b *broken) { b.filledUp(ctx, true, errors.New("no space left on device")) },
	},
	{
		line: "the disk of the state fills up", fault: "up ended well without room", want: "as if there had been room",
		damage: wholeState, do: func(ctx context.Context, b *broken) { b.filledUp(ctx, true, nil) },
	},
	{
		line: "the disk of the state fills up", fault: "no moment came at which it could", want: "up came to no moment",
		damage: wholeState, do: func(ctx context.Context, b *broken) { b.filledUp(ctx, false, errors.New("it failed before")) },
	},
	{
		line: "no operation is left half done", fault: "one is, in the scenario that leaves them behind", want: "creating of urn:x",
		damage: func(b *broken) {
			b.config.Scenario = "interrupted"
			b.pulumi(`{"deployment": {"resources": [], "pending_operations": [{"type": "creating", "resource": {"urn": "urn:x"}}]}}`)
		},
	},
	{
		line: "a replacement is among the moments", fault: "the webhook is changed in place", want: "not replaced: " + webhookKind,
		whole: func(b *broken) { replaced(b, recordKind, webhookKind) }, damage: func(b *broken) { replaced(b, recordKind) },
		do: func(ctx context.Context, b *broken) {
			var planned []moment
			if _, err := b.cli.Preview(ctx, moments(&planned)); err != nil && ctx.Err() == nil {
				b.t.Error(err)
			}
			b.replaces(planned, things{recordKind: "urn:r", webhookKind: "urn:w", tunnelKind: "urn:t"})
		},
	},
	{
		line: "a replacement is among the moments", fault: "nothing is", want: "0 kinds", damage: func(*broken) {},
		do: func(_ context.Context, b *broken) { b.replaces(nil, things{tunnelKind: "urn:t"}) },
	},
	{
		line: heardLine, fault: "nobody says how to go on", want: "404",
		whole: func(b *broken) {
			b.toldHow("the record", "urn:r", []string{"pulumi refresh --target 'urn:r'"}, errors.New("404"))
		},
		damage: func(b *broken) {
			b.report.Checks = nil
			b.toldHow("the record", "urn:r", nil, errors.New("404 Not Found"))
		}, do: func(context.Context, *broken) {},
	},
	{
		line: heardLine, fault: "it is of another thing", want: "404", do: func(context.Context, *broken) {},
		damage: func(b *broken) {
			b.toldHow("the record", "urn:r", []string{"pulumi refresh --target 'urn:w'"}, errors.New("404 Not Found"))
		},
	},
	{
		line: heardLine, fault: "up ends well", want: "all went well", do: func(context.Context, *broken) {},
		damage: func(b *broken) { b.toldHow("the record", "urn:r", nil, nil) },
	},
}

const heardLine = "the deletion of the record that nobody heard of is told, with the command that helps"

// replaced is a preview that replaces the kinds.
func replaced(b *broken, kinds ...string) {
	var events []string
	for _, kind := range kinds {
		events = append(events, pre("delete-replaced", kind, "one"), pre("replace", kind, "one"), pre("create-replacement", kind, "one"))
	}
	b.pulumi("", append(events, summary(""))...)
}
