package rehearsal

import (
	"context"
	"errors"

	"github.com/home-ops/home-ops/rack/report"
)

// step is one in which a machine was away for a while, and all is well.
func step() report.Step {
	return report.Step{
		Name: "a step", Seconds: 30, APIAsked: 100, NodesDownAtOnce: 1,
		Down: []report.Down{{Node: "worker-1", Seconds: 20}}, StorageKept: 1, StorageSeconds: 5,
	}
}

// judged are the lines of a step: whole by a good one, red by one that was damaged.
func judged(line, fault, want string, judge func(*broken, report.Step), damage func(*report.Step)) red {
	did := step()
	return red{
		line: line, fault: fault, want: want,
		whole:  func(*broken) { did = step() },
		damage: func(*broken) { damage(&did) },
		do:     func(_ context.Context, b *broken) { judge(b, did) },
	}
}

func rolled(b *broken, did report.Step) { b.judge(did, []string{"worker-1"}, false) }
func alone(b *broken, did report.Step)  { b.alone(did, "worker-1") }
func restarted(b *broken, did report.Step) {
	did.APICut += 2
	b.rehearsal.answer(did, true, true)
}
func noticed(b *broken, did report.Step) { b.answers(did, true) }

// redSteps are lines about what machines and users saw of a scenario's step.
var redSteps = []red{
	judged("a step: machines that went down", "another one did", "worker-2 for 5.0 s", rolled, func(did *report.Step) {
		did.Down = append(did.Down, report.Down{Node: "worker-2", Seconds: 5})
	}),
	judged("a step: machines that went down", "none did", "wanted [worker-1]", rolled, func(did *report.Step) { did.Down = nil }),
	judged("a step: never two at once", "two were", "2 at most", rolled, func(did *report.Step) { did.NodesDownAtOnce = 2 }),
	judged("a step: storage was whole before each machine went down", "it was not", "worker-1: CephCluster rook-ceph is", rolled,
		func(did *report.Step) {
			did.Down[0].StorageLacked = "CephCluster rook-ceph is \"HEALTH_WARN\" OSD_DOWN"
		}),
	judged("a step: storage was whole before each machine went down", "nobody has seen it", "0 Ceph clusters", rolled,
		func(did *report.Step) { did.StorageKept = 0 }),
	judged("a step: the API answers", "a write failed", "1 of 100 writes failed", noticed, func(did *report.Step) { did.APIFailed = 1 }),
	judged("a step: the API answers", "nobody asked", "0 of 0 writes failed", noticed, func(did *report.Step) { did.APIAsked = 0 }),
	judged("a step: the API answers", "it cut more than the VIP's way explains", "2 connections were cut", noticed, func(did *report.Step) { did.APICut = 2 }),
	judged("a step: the API answers", "a worker's turn took it along where two control planes are", "3 of 100 writes failed", rolled,
		func(did *report.Step) { did.APIFailed = 3 }),
	judged("a step: no other machine goes down", "one does", "cp-2", alone, func(did *report.Step) {
		did.Down = append(did.Down, report.Down{Node: "cp-2"})
	}),
	judged("a step: every machine was off", "one stayed on", "4 at once", func(b *broken, did report.Step) {
		if did.NodesDownAtOnce == 1 {
			did.NodesDownAtOnce, did.APIFailed = 5, 40
		}
		b.allDown(did)
	}, func(did *report.Step) { did.NodesDownAtOnce, did.APIFailed = 4, 40 }),
	judged("a step: every machine was off", "the API answered all the same", "0 of 100 writes failed", func(b *broken, did report.Step) {
		if did.NodesDownAtOnce == 1 {
			did.NodesDownAtOnce, did.APIFailed = 5, 40
		}
		b.allDown(did)
	}, func(did *report.Step) { did.NodesDownAtOnce = 5 }),
	{
		line: "a step: it comes back", fault: "it does not", want: "worker-1 is off",
		whole:  func(b *broken) { b.came(step(), "it comes back", nil) },
		damage: func(b *broken) { b.report.Checks = nil; b.came(step(), "it comes back", errors.New("worker-1 is off")) },
		do:     func(context.Context, *broken) {},
	},
	judged("a step: the API answers", "a restart of the API server costs more than connections", "1 of 100 writes failed", restarted,
		func(did *report.Step) { did.APIFailed = 1 }),
	judged("a step: the API answers", "restarts cut more than one connection for each API server", "4 connections were cut", restarted,
		func(did *report.Step) { did.APICut = 2 }),
	{
		line: "the roll was ended on its way", fault: "it went through", want: "0 times, for 5 machines",
		whole:  func(b *broken) { b.endedOften(5) },
		damage: func(b *broken) { b.report.Checks = nil; b.endedOften(0) },
		do:     func(context.Context, *broken) {},
	},
	{
		line: "the cluster was in use", fault: "hardly", want: "100 writes in 60 s, of which 0 failed; 2 a second at least are wanted",
		whole: func(b *broken) { b.report.Scenario = &report.Scenario{Steps: []report.Step{step()}} },
		damage: func(b *broken) {
			b.report.Scenario.Steps = append(b.report.Scenario.Steps, report.Step{Seconds: 30})
		},
		do: func(_ context.Context, b *broken) { b.used(leastWrites) },
	},
	{
		line: "the cluster was in use", fault: "nothing was done", want: "0 writes in 0 s",
		whole:  func(b *broken) { b.report.Scenario = &report.Scenario{Steps: []report.Step{step()}} },
		damage: func(b *broken) { b.report.Scenario.Steps = nil },
		do:     func(_ context.Context, b *broken) { b.used(leastWrites) },
	},
	{
		line: "what was written before is still there", fault: "it is not", want: "the marker in etcd is another",
		whole:  func(b *broken) { b.kept(nil) },
		damage: func(b *broken) { b.report.Checks = nil; b.kept(errors.New("the marker in etcd is another")) },
		do:     func(context.Context, *broken) {},
	},
}
