package rehearsal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// came is whether a step came to what it was for; err says why it did not.
func (r *rehearsal) came(did report.Step, to string, err error) {
	r.addChecked(did.Name+": "+to, fmt.Sprintf("after %.0f s, in which %d of %d writes failed", did.Seconds, did.APIFailed, did.APIAsked), err)
}

// judge is whether a roll took down the machines that it had to, one at a time, and whether anybody noticed.
// Where API servers restart they cut connections, one each, and their clients come again.
func (r *rehearsal) judge(did report.Step, want []string, restarts bool) {
	var went []string
	var away []string
	for _, d := range did.Down {
		went = append(went, d.Node)
		away = append(away, fmt.Sprintf("%s for %.1f s", d.Node, d.Seconds))
	}
	sorted := slices.Sorted(slices.Values(went))
	r.add(did.Name+": machines that went down", slices.Equal(sorted, want), fmt.Sprintf("%s; wanted %v", strings.Join(away, ", "), want))
	r.add(did.Name+": never two at once", did.NodesDownAtOnce <= 1, fmt.Sprintf("%d at most", did.NodesDownAtOnce))
	r.add(did.Name+": storage was whole before each machine went down", r.wasWhole(did), wholeness(did))
	// Two control planes have no quorum while one of them is away: nobody can write.
	planes := r.stack.ControlPlanes()
	quorum := len(planes) >= 3 || !slices.ContainsFunc(planes, func(n spec.Node) bool { return slices.Contains(went, n.Name) })
	r.answer(did, quorum, restarts)
}

// wasWhole is whether the storage lacked nothing whenever a machine was taken out of service, and was looked at where the stack has
// any.
func (r *rehearsal) wasWhole(did report.Step) bool {
	lacked := slices.ContainsFunc(did.Down, func(d report.Down) bool { return d.StorageLacked != "" })
	return !lacked && (did.StorageKept > 0 || len(storageKinds(r.stack)) == 0)
}

func wholeness(did report.Step) string {
	var all []string
	for _, d := range did.Down {
		if d.StorageLacked != "" {
			all = append(all, d.Node+": "+d.StorageLacked)
		}
	}
	return fmt.Sprintf("%d machines, %d Ceph clusters and Longhorn volumes; waited for them for %.1f s %s",
		len(did.Down), did.StorageKept, did.StorageSeconds, strings.Join(all, "; "))
}

// answers is whether those who use the API noticed a step, where etcd has a quorum throughout.
func (r *rehearsal) answers(did report.Step, quorum bool) { r.answer(did, quorum, false) }

func (r *rehearsal) answer(did report.Step, quorum, restarts bool) {
	// The VIP moves at most once for each machine that goes down, and takes the connection along that is open then.
	cuts := len(did.Down)
	// An API server that starts anew takes along the one that it has.
	if restarts {
		cuts += len(r.stack.ControlPlanes())
	}
	ok := did.APIAsked > 0 && did.APIFailed == 0 && did.APICut <= cuts
	detail := fmt.Sprintf("%d of %d writes failed, and %d connections were cut, in %.0f s; the slowest took %.1f s %s",
		did.APIFailed, did.APIAsked, did.APICut, did.Seconds, did.APISlowestSeconds, strings.Join(did.APIErrors, "; "))
	if !quorum && !ok {
		r.skip(did.Name+": the API answers", "etcd has no quorum while one of two control planes is away: "+detail)
		return
	}
	r.add(did.Name+": the API answers", ok, detail)
}

// alone is whether no machine went down but those of the names.
func (r *rehearsal) alone(did report.Step, names ...string) {
	others := slices.ContainsFunc(did.Down, func(d report.Down) bool { return !slices.Contains(names, d.Node) })
	r.add(did.Name+": no other machine goes down", !others, fmt.Sprintf("%v", did.Down))
}

// allDown is whether every machine was off at the same time; else nothing is shown.
func (r *rehearsal) allDown(did report.Step) {
	ok := did.APIFailed > 0 && did.NodesDownAtOnce == len(r.stack.Nodes)
	r.add(did.Name+": every machine was off", ok, fmt.Sprintf("%d at once, and %d of %d writes failed", did.NodesDownAtOnce, did.APIFailed, did.APIAsked))
}

// used is whether enough was asked of the API in all steps to say anything.
func (r *rehearsal) used(least float64) {
	asked, failed, seconds := 0, 0, 0.0
	for _, step := range r.report.Scenario.Steps {
		asked, failed, seconds = asked+step.APIAsked, failed+step.APIFailed, seconds+step.Seconds
	}
	r.add("the cluster was in use", asked > 0 && float64(asked) >= least*seconds, fmt.Sprintf("%d writes in %.0f s, of which %d failed; %.0f a second at least are wanted", asked, seconds, failed, least))
}

// kept is whether what was written before a scenario is still there; err says what is not.
func (r *rehearsal) kept(err error) {
	r.addChecked("what was written before is still there", "in etcd, in a file on a volume of each storage class, and on every machine that was not wiped", err)
}
