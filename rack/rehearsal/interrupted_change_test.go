package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/spec"
)

func TestWithPoolMore_ChangesEachSampleInAWayThatItsRulesAllow(t *testing.T) {
	for name, want := range map[string]struct{ pool, former string }{
		"home": {"{ name: rehearsal, blocks: [\"10.0.50.199-10.0.50.199\"] }", "10.0.50.100-10.0.50.198"},
		"lab":  {"{ name: rehearsal, blocks: [\"10.21.1.0/24\"] }", "10.21.0.0/24, fd00:21::/112"},
	} {
		text, err := os.ReadFile("../../spec/spectest/testdata/Pulumi." + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		before, problems := spec.Load(name, text)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		changed, err := withPoolMore(string(text), before)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, problems := spec.Load(name, []byte(changed))
		if err := problems.Err(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(after.Cilium.Pools) != 2 || !after.Cilium.BandwidthManager || !strings.Contains(changed, want.pool) || !strings.Contains(changed, want.former) {
			t.Errorf("%s: pools %v, bandwidthManager %t", name, after.Cilium.Pools, after.Cilium.BandwidthManager)
		}
	}
}

func TestWithPoolMore_SaysWhereThereIsNothingToChange(t *testing.T) {
	for want, text := range map[string]string{
		"it has no list of pools": "config:\n  home-ops:cilium: {}\n",
		"no pool can be parted":   "config:\n  home-ops:cilium:\n    pools:\n      - { name: default, blocks: [10.0.50.7] }\n",
	} {
		_, err := withPoolMore(text, &spec.Stack{Name: "cabin"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestWithOtherTunnel_GivesEachSampleAnotherName(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		text, err := os.ReadFile("../../spec/spectest/testdata/Pulumi." + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		changed, ok := withOtherTunnel(string(text), name)
		stack, problems := spec.Load(name, []byte(changed))
		if err := problems.Err(); !ok || err != nil {
			t.Fatalf("%s: %t, %v", name, ok, err)
		}
		if got := stack.Edge.Cloudflare.TunnelName; got != name+"-rehearsal" {
			t.Errorf("%s: the tunnel is called %s", name, got)
		}
		if _, ok := withOtherTunnel(changed, name); ok {
			t.Errorf("%s: it has a name already", name)
		}
	}
}

func TestToForget_IsTheCommandThatUpTells(t *testing.T) {
	const told = "<{%reset%}>edge-external-record was deleted by a run that has died, and the state does not know. " +
		"To have it forgotten: pulumi refresh --stack home --target 'urn:r'; then run up again<{%reset%}>\n"
	var got []string
	for _, message := range []string{told, "it has failed", told} {
		got = toForget(got, apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "info", Message: message}})
	}
	if want := []string{"pulumi refresh --stack home --target 'urn:r'"}; !slices.Equal(toForget(got, apitype.EngineEvent{}), want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// forgetful is a pulumi whose `up` fails until what is gone is forgotten; a URN may be there twice.
func forgetful(b *broken, command, refusal string) {
	b.t.Helper()
	dir := b.t.TempDir()
	event := fmt.Sprintf(`{"diagnosticEvent": {"severity": "info", "message": "a thing was deleted. To have it forgotten: %s; then run up again"}}`, command)
	b.cli = &pulumi.CLI{
		Path: b.program("pulumi", `echo "$*" >> `+dir+`/calls
case "$1 $2" in
"refresh "*|"state delete") [ -z "`+refusal+`" ] || { echo "`+refusal+`" >&2; exit 1; }; touch `+dir+`/forgotten; exit 0;;
"stack export") echo '{"deployment": {"resources": [{"urn": "urn:t"}, {"urn": "urn:t", "delete": true}]}}'; exit 0;;
"stack import") cat > `+dir+`/imported; touch `+dir+`/forgotten; exit 0;;
esac
while [ $# -gt 0 ]; do
  [ "$1" != --event-log ] || log="$2"
  shift
done
[ ! -e `+dir+`/forgotten ] || { echo '`+summary("")+`' > "$log"; exit 0; }
echo '`+strings.ReplaceAll(event, "'", `'\''`)+`' > "$log"
exit 1`),
		Project: dir, Stack: "home", Logs: filepath.Join(dir, "logs"), Out: b.t.Output(), Env: os.Environ(),
	}
}

func TestUpThrough_DoesAsUpTellsAndGoesOn(t *testing.T) {
	for name, test := range map[string]struct{ command, refusal, want string }{
		"by refresh":            {"pulumi refresh --stack home --target 'urn:r'", "", "refresh --stack home --target urn:r --yes --non-interactive\n"},
		"by hand":               {"pulumi state delete --stack home 'urn:t'", "", "state delete --stack home urn:t --yes --non-interactive\n"},
		"by hand, of two":       {"pulumi state delete --stack home 'urn:t'", "Resource URN ambiguously referred to multiple resources.", "stack import --stack home --non-interactive\n"},
		"by what does not help": {"pulumi refresh --stack home --target 'urn:r'", "no network", ""},
		"by what is no command": {"rm -r /", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroken(t)
			forgetful(b, test.command, test.refusal)
			err := b.upThrough(t.Context())
			calls, readErr := os.ReadFile(filepath.Join(b.cli.Project, "calls"))
			if readErr != nil {
				t.Fatal(readErr)
			}
			if test.want == "" {
				if err == nil {
					t.Errorf("it went on:\n%s", calls)
				}
				return
			}
			if err != nil || !strings.Contains(string(calls), test.want) || strings.Count(string(calls), "up --stack") != 2 {
				t.Errorf("%v; calls\n%s", err, calls)
			}
			if imported, err := os.ReadFile(filepath.Join(b.cli.Project, "imported")); err == nil && string(imported) != `{"deployment":{"resources":[{"urn":"urn:t"}]}}` {
				t.Errorf("imported %s", imported)
			}
		})
	}
}
