package roll_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// trusting is the config of a machine that has one authority to issue, of which a worker has no key, and accepts another.
func trusting(name, issuing, accepted string) string {
	text := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	kind, key := "worker", `""`
	if strings.HasPrefix(name, "cp") {
		kind, key = "controlplane", text("key of "+issuing)
	}
	config := fmt.Sprintf("version: v1alpha1\nmachine:\n  type: %s\n  ca: { crt: %s, key: %s }\n", kind, text(issuing), key)
	if accepted != "" {
		config += fmt.Sprintf("  acceptedCAs: [{ crt: %s }]\n", text(accepted))
	}
	return config
}

// rotating is a world whose machines run one step of a rotation.
func rotating(issuing, accepted string) *world {
	w := newWorld("cp-1", "cp-2", "worker-1")
	for _, name := range w.names() {
		w.machines[name].config = trusting(name, issuing, accepted)
	}
	return w
}

func TestRoll_GivesAnotherAuthorityToControlPlanesFirst(t *testing.T) {
	for _, step := range [][4]string{{"one", "", "one", "two"}, {"one", "two", "two", "one"}, {"two", "one", "two", ""}} {
		w := rotating(step[0], step[1])
		errs := w.change(t, soon(),
			w.wanted("worker-1", trusting("worker-1", step[2], step[3])),
			w.wanted("cp-1", trusting("cp-1", step[2], step[3])), w.wanted("cp-2", trusting("cp-2", step[2], step[3])))
		for name, err := range errs {
			if err != nil {
				t.Errorf("%v: %s: %v", step, name, err)
			}
		}
		if want := []string{"cp-2 applied", "cp-1 applied", "worker-1 applied"}; !slices.Equal(w.events, want) {
			t.Errorf("%v: %v, want %v", step, w.events, want)
		}
	}
}

// What the stack file says of the former step is not what the machines have, when an update was killed in it.
func TestRoll_TouchesNothingWhileTheFormerStepOfARotationHasNotEnded(t *testing.T) {
	const unfinished = "set cluster.talosCA back to the step before, and run `pulumi up` to its end (docs/runbooks/rotate.md)"
	for name, test := range map[string]struct {
		issuing, accepted string
		// late is a machine that has not had the former step.
		late, has, hasAccepted string
		want                   string
	}{
		"issues what a worker does not accept": {
			"two", "one", "worker-1", "one", "",
			"cp-1 would issue certificates of an authority that worker-1 does not accept yet: " + unfinished,
		},
		"issues what a control plane does not accept": {
			"two", "one", "cp-2", "one", "",
			"cp-1 would issue certificates of an authority that cp-2 does not accept yet: " + unfinished,
		},
		"drops what a control plane still issues": {
			"two", "", "cp-2", "one", "two",
			"cp-1 would not accept the authority by which cp-2 still issues certificates: " + unfinished,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := [2]string{"one", "two"}
			if test.accepted == "" {
				before = [2]string{"two", "one"}
			}
			w := rotating(before[0], before[1])
			w.machines[test.late].config = trusting(test.late, test.has, test.hasAccepted)
			errs := w.change(t, soon(),
				w.wanted("cp-1", trusting("cp-1", test.issuing, test.accepted)), w.wanted("cp-2", trusting("cp-2", test.issuing, test.accepted)),
				w.wanted("worker-1", trusting("worker-1", test.issuing, test.accepted)))
			for node, err := range errs {
				if err == nil || !strings.HasPrefix(err.Error(), "nothing was touched:\n") || !slices.Contains(strings.Split(err.Error(), "\n"), test.want) {
					t.Errorf("%s: %v, want %s", node, err, test.want)
				}
			}
			if len(w.events) > 0 {
				t.Errorf("%v", w.events)
			}
		})
	}
}

func TestRoll_LeavesAWorkerUntilTheControlPlanesHaveItsAuthorities(t *testing.T) {
	w := rotating("one", "")
	err := w.change(t, soon(), w.wanted("worker-1", trusting("worker-1", "one", "two")))["worker-1"]
	const want = "worker-1 gets its certificate, and whom to accept, from the control planes, and cp-1 has not changed yet: " +
		"change it too, without --target, and with --parallel of at least the number of nodes"
	if err == nil || !strings.Contains(err.Error(), want) || len(w.events) > 0 {
		t.Errorf("%v, want %s; %v", err, want, w.events)
	}
}
