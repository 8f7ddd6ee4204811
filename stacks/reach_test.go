package stacks

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/recorder"
)

func TestCluster_SaysAtOnceWhenItDoesNotAnswer(t *testing.T) {
	const away = "warning: the cluster does not answer at https://10.0.50.50:6443: no route to host. `go run ./cmd/homeops doctor home` looks for the cause. "
	for name, c := range map[string]struct {
		reach error
		first bool
		want  string
	}{
		"it answers":                 {nil, false, ""},
		"before there was a cluster": {errors.New("no route to host"), true, ""},
		"it does not answer":         {errors.New("no route to host"), false, away + nowhere + "This preview goes by the state alone."},
	} {
		rec := engine(t, "home")
		if !c.first {
			rec.LastOutputs = outputsOf(t, "home", "home")
		}
		var asked string
		if err := previewReaching(rec, func(_ context.Context, address string) error {
			if strings.HasSuffix(address, ":50000") {
				return nil // a machine
			}
			if asked == "" {
				asked = address
			}
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
	p := near()
	p.Reach = reach
	return rec.Preview(p.Run, "home")
}

func TestCluster_SaysInAPreviewWhereItWillLookForANewMachine(t *testing.T) {
	for at, want := range map[string]string{
		"": "info: worker-1: does not answer at 10.0.50.21: up will look for it by the card 58:47:ca:70:1a:21 and the disk S6PENL0T700121A " +
			"at 2304 addresses in 10.0.1.0-10.0.9.255",
		"worker-1=10.0.0.187": "info: worker-1: does not answer at 10.0.50.21: up will look for it at 10.0.0.187, as AT says",
	} {
		rec := engine(t, "home")
		p := near()
		p.At, p.Machines = at, nil
		p.Reach = func(_ context.Context, address string) error {
			if address == "10.0.50.21:50000" {
				return errors.New("no route to host")
			}
			return nil
		}
		if err := rec.Preview(p.Run, "home"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range rec.Messages() {
			if strings.Contains(m, "does not answer") {
				got = append(got, m)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("AT=%s:\ngot  %q\nwant %q", at, got, want)
		}
	}
}

func TestCluster_RefusesAWrongAddressOfAMachineBeforeItTouchesAnything(t *testing.T) {
	rec := engine(t, "home")
	p := near()
	p.At = "worker-9=10.0.0.187"
	err := rec.Preview(p.Run, "home")
	want := `AT: worker-9=10.0.0.187: home has no node "worker-9"; it has cp-1, cp-2, worker-1, worker-2, worker-3` + "\nnothing was touched"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if names := rec.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
}
