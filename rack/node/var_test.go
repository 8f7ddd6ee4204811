package node

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/contracttest"
)

// What contract v1.14 brings keeps programs below /var from running on one release of Talos, but where the program turns it off:
// with Longhorn, which runs its engines from there.
func TestRunsFrom_VarWhereItIsNotMountedNoexec(t *testing.T) {
	seen := map[string]int{}
	for _, s := range contracttest.Switches(t) {
		for release, fails := range map[string]bool{"v1.14.0": s.Wanted == "v1.14" && s.Stack.Storage.Longhorn == nil, "v1.14.1": false, "v1.13.9": false} {
			err := runsFrom(s.After, release)
			if (err != nil) != fails || fails && !strings.Contains(err.Error(), "noexec") {
				t.Errorf("%s, Talos %s: %v", s.Name, release, err)
			}
			if fails {
				seen[s.Stack.Name]++
			}
		}
	}
	if seen["home"] == 0 || seen["lab"] != 0 {
		t.Errorf("seen red: %v", seen)
	}
}
