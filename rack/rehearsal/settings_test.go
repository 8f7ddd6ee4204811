package rehearsal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/spec"
)

func TestWithSchedule_GivesTheStackTheTriedSettingAndChangesIt(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		text, err := os.ReadFile("../../spec/spectest/testdata/Pulumi." + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "Pulumi."+name+".yaml")
		for _, cron := range []string{"17 3 * * *", "18 3 * * *"} {
			var setting tried
			if stack, problems := spec.LoadFile("../../spec/spectest/testdata/Pulumi." + name + ".yaml"); problems.Err() != nil {
				t.Fatal(problems.Err())
			} else if setting, _ = triedSetting(stack); setting.name == "" {
				t.Fatalf("%s: no setting to try", name)
			} else if _, taken := settings.For(stack)[setting.name]; taken {
				t.Fatalf("%s has %s already", name, setting.name)
			}
			if text, err = withSchedule(text, setting.storage, cron); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			stack, problems := spec.LoadFile(path)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if got := settings.For(stack)[setting.name]; got != cron {
				t.Errorf("%s: %s is %q, want %q", name, setting.name, got, cron)
			}
		}
	}
}

func TestWatchSettings_TellsWhatBecameOfTheConfigMap(t *testing.T) {
	event := func(op apitype.OpType, name string) apitype.EngineEvent {
		return apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: apitype.StepEventMetadata{
			Op: op, URN: "urn:pulumi:home::home-ops::kubernetes:core/v1:ConfigMap::" + name,
		}}}
	}
	watch, written := watchSettings()
	began := time.Now()
	watch(event(apitype.OpSame, "flux-settings"))
	watch(event(apitype.OpUpdate, "cluster-identity"))
	if op, _ := written(); op != "nothing" {
		t.Errorf("op %q before anything was done", op)
	}
	watch(event(apitype.OpUpdate, "flux-settings"))
	if op, at := written(); op != apitype.OpUpdate || at.Before(began) {
		t.Errorf("op %q at %s", op, at)
	}
	watch(event(apitype.OpReplace, "flux-settings"))
	if op, _ := written(); op != apitype.OpReplace {
		t.Errorf("op %q, want the replacement told", op)
	}
}
