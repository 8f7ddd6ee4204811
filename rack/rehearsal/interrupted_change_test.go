package rehearsal

import (
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestWithPoolMore_ChangesEachSampleInAWayThatItsRulesAllow(t *testing.T) {
	for name, want := range map[string]struct{ pool, former string }{
		"home": {"{ name: rehearsal, blocks: [\"10.0.50.199-10.0.50.199\"] }", "10.0.50.100-10.0.50.198"},
		"lab":  {"{ name: rehearsal, blocks: [\"10.21.1.0/24\"] }", "10.21.0.0/24, fd00:21::/112"},
	} {
		text, err := os.ReadFile("../../Pulumi." + name + ".yaml")
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
