package main

import (
	"context"
	"errors"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
)

// looked is what a look at a machine's own address says.
type looked struct {
	is  roll.Running
	err error
}

func (l looked) Running(context.Context) (roll.Running, error) { return l.is, l.err }

func TestReset_SeesMaintenanceModeWhereverDHCPHasPutTheMachine(t *testing.T) {
	silent, missing := looked{err: errors.New("no route to host")}, errors.New("no machine has its card")
	for name, c := range map[string]struct {
		own       looked
		elsewhere error
		waits     bool
		says      string
	}{
		"at its own address":                     {looked{is: roll.Running{Maintenance: true}}, missing, true, ""},
		"at another":                             {silent, nil, true, ""},
		"at none":                                {silent, missing, false, "no route to host; no machine has its card"},
		"with its config":                        {looked{is: roll.Running{Talos: "v1.11.1"}}, missing, false, ""},
		"with its config, and another elsewhere": {looked{is: roll.Running{Talos: "v1.11.1"}}, nil, false, ""},
	} {
		r := resetting{find: func(context.Context, string) (discover.Machine, error) { return discover.Machine{}, c.elsewhere }}
		waits, err := r.waits(t.Context(), c.own, "worker-1")
		if waits != c.waits || (err == nil) != (c.says == "") || err != nil && err.Error() != c.says {
			t.Errorf("%s: %v, %v", name, waits, err)
		}
	}
}
