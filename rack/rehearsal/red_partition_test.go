package rehearsal

import (
	"context"
	"errors"
	"time"
)

const (
	ofThree = "  problem        etcd: etcd on cp-1 knows no leader\n"
	ofTwo   = "  problem        etcd: etcd has no quorum: 0 of 2 members have a leader; etcd on cp-1 knows no leader; etcd on cp-2 knows no leader\n"
)

// threeParted is a parting after which two go on, and twoParted one after which nobody does.
func threeParted() parting {
	return parting{
		cut: "cp-1", quorum: true, holder: "cp-2", asked: 100, felt: feeling{requests: 400, failed: 150, away: 65 * time.Second},
		wrote: []string{"cp-2", "cp-3"}, wants: []string{"cp-2", "cp-3"}, doctor: ofThree,
		reset: "cp-2 was left as it is, because the cluster does not bear its loss now:\netcd on cp-1 knows no leader\n",
	}
}

func twoParted() parting {
	return parting{cut: "cp-1", asked: 100, felt: feeling{requests: 60, failed: 58, away: partedFor}, doctor: ofTwo}
}

// partings are lines of a parting: whole by a good one, red by one that was damaged.
func partings(line, fault, want string, good func() parting, damage func(*parting)) red {
	p := good()
	return red{
		line: line, fault: fault, want: want,
		whole:  func(*broken) { p = good() },
		damage: func(*broken) { damage(&p) },
		do:     func(_ context.Context, b *broken) { b.judgeParting(p) },
	}
}

var redPartition = []red{
	partings("parted: what clients notice", "nothing", "0 of 400 writes failed", threeParted, func(p *parting) { p.felt.failed, p.felt.away = 0, 0 }),
	partings("parted: what clients notice", "the VIP takes too long", "over 80.0 s", threeParted, func(p *parting) { p.felt.away = 80 * time.Second }),
	partings("parted: what clients notice", "somebody writes without a quorum", "over 30.0 s", twoParted, func(p *parting) { p.felt.away = 30 * time.Second }),
	partings("parted: the VIP leaves the machine", "it stays", `is at "cp-1"`, threeParted, func(p *parting) { p.holder = "cp-1" }),
	partings("parted: the VIP leaves the machine", "nobody has it", `is at ""`, threeParted, func(p *parting) { p.holder = "" }),
	partings("parted: the VIP leaves the machine", "it moves without a quorum", `is at "cp-2"`, twoParted, func(p *parting) { p.holder = "cp-2" }),
	partings("parted: only those write who have a quorum", "the machine does", "[cp-1 cp-2 cp-3] did", threeParted,
		func(p *parting) { p.wrote = []string{"cp-1", "cp-2", "cp-3"} }),
	partings("parted: only those write who have a quorum", "another does not", "[cp-2] did", threeParted, func(p *parting) { p.wrote = []string{"cp-2"} }),
	partings("parted: only those write who have a quorum", "one of two does", "[cp-2] did; wanted []", twoParted, func(p *parting) { p.wrote = []string{"cp-2"} }),
	partings("parted: the machine's Talos API answers", "it does not once", "1 of 100 questions to cp-1 failed silence", threeParted,
		func(p *parting) { p.silent = []error{errors.New("silence")} }),
	partings("parted: the machine's Talos API answers", "hardly anybody asked", "0 of 29 questions", threeParted, func(p *parting) { p.asked = 29 }),
	partings("parted: homeops doctor names the machine", "it says that all is well", "ok             etcd: 3 members", threeParted,
		func(p *parting) { p.doctor = "  ok             etcd: 3 members, which have one leader\n" }),
	partings("parted: homeops doctor names the machine", "it names another", "etcd on cp-2 knows no leader", threeParted,
		func(p *parting) { p.doctor = "  problem        etcd: etcd on cp-2 knows no leader\n" }),
	partings("parted: homeops doctor names the machine", "it does not tell of the quorum", "etcd on cp-1 knows no leader", twoParted,
		func(p *parting) { p.doctor = ofThree }),
	partings("parted: homeops doctor names the machine", "it knows of no quorum where there is one", "etcd has no quorum", threeParted,
		func(p *parting) { p.doctor = ofTwo }),
	partings("parted: another control plane is not reset", "it would have been", "nothing was done", threeParted,
		func(p *parting) { p.reset = "nothing was done: \"\" is not lab" }),
	{
		line: "mended: etcd has the members that it had", fault: "one is another", want: "the members are",
		whole:  func(b *broken) { b.whole(time.Second, 3, nil) },
		damage: func(b *broken) { b.report.Checks = nil; b.whole(time.Second, 3, errors.New("the members are others")) },
		do:     func(context.Context, *broken) {},
	},
	{
		line: "mended: no write that was answered is lost", fault: "one is", want: "1 of 2 are gone: probe-b",
		whole:  func(b *broken) { b.list(markersPath, probe("probe-a"), probe("probe-b")) },
		damage: func(b *broken) { b.list(markersPath, probe("probe-a")) },
		do: func(ctx context.Context, b *broken) {
			b.keptAnswered(ctx, b.cluster, []string{"probe-a", "probe-b"})
		},
	},
}

const markersPath = "/api/v1/namespaces/default/configmaps"

func probe(name string) string {
	return "{kind: ConfigMap, apiVersion: v1, metadata: {name: " + name + ", namespace: default}}"
}
