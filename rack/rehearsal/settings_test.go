package rehearsal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

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

// `up` goes on for seconds after the app has the setting: they are not the setting's.
func TestGiveSetting_TellsWhenTheAppHadIt(t *testing.T) {
	b := newBroken(t)
	wholeSettings(b)
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cron := "old"
		if _, err := os.Stat(there); err == nil {
			cron = atSeventeen
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"annotations": {%q: %q}}}`, settingMark, cron)
	}))
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	written := `{"resOutputsEvent": {"metadata": {"op": "update", "urn": "urn:pulumi:home::home-ops::kubernetes:core/v1:ConfigMap::flux-settings"}}}`
	b.cli.Path = b.program("pulumi", `while [ $# -gt 0 ]; do
  [ "$1" != --event-log ] || log=$2
  shift
done
echo '`+written+`' > "$log"
sleep 1
touch `+there+`
sleep 5
echo '`+summary(`"update": 1`)+`' >> "$log"`)
	detail, err := b.giveSetting(t.Context(), &cluster{client: client}, settingOf(b), atSeventeen)
	if err != nil {
		t.Fatal(detail, err)
	}
	if got := b.report.Flux.SettingToAppliedSeconds; got < 0.9 || got >= 5 {
		t.Errorf("%.1f s, of which the app was without the setting for 1 s", got)
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
