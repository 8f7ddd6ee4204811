package stacks

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/recorder"
)

func TestCluster_SaysAtOnceWhenItDoesNotAnswer(t *testing.T) {
	const away = "warning: the cluster does not answer at https://10.0.50.50:6443: no route to host. `homeops doctor home` looks for the cause. "
	for name, c := range map[string]struct {
		reach error
		first bool
		want  string
	}{
		"it answers":                 {nil, false, ""},
		"before there was a cluster": {errors.New("no route to host"), true, ""},
		"it does not answer":         {errors.New("no route to host"), false, away + "This preview goes by the state alone."},
	} {
		rec := engine(t, "home")
		if !c.first {
			rec.LastOutputs = outputsOf(t, "home", "home")
		}
		var asked string
		if err := previewReaching(rec, func(_ context.Context, address string) error {
			asked = address
			return c.reach
		}); err != nil {
			t.Fatal(name, err)
		}
		got := ""
		for _, m := range rec.Messages() {
			if strings.Contains(m, "does not answer") {
				got = m
			}
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		if want := "10.0.50.50:6443"; !c.first && asked != want {
			t.Errorf("%s: asked at %s, want %s", name, asked, want)
		}
	}
}

func previewReaching(rec *recorder.Recorder, reach Reach) error {
	return rec.Preview(Program{GatewayKinds: fewKinds, Outside: services, Reach: reach}.Run, "home")
}
