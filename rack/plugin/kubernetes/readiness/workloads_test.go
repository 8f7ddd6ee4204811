package readiness

import (
	"fmt"
	"testing"
)

// deployment is a Deployment of two replicas with the status fields and conditions given.
func deployment(revision string, observed int, status, conditions string) string {
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment,
		metadata: {name: d, generation: 2, annotations: {deployment.kubernetes.io/revision: %q}},
		spec: {replicas: 2}, status: {observedGeneration: %d, %s conditions: [%s]}}`, revision, observed, status, conditions)
}

func TestDeployment(t *testing.T) {
	const (
		available = `{type: Available, status: "True"}`
		complete  = `{type: Progressing, status: "True", reason: NewReplicaSetAvailable}`
		rolling   = `{type: Progressing, status: "True", reason: ReplicaSetUpdated}`
		all       = `updatedReplicas: 2, readyReplicas: 2,`
		waiting   = "Waiting for app ReplicaSet to be available (%d/2 Pods available)"
	)
	for name, test := range map[string]verdictTest{
		"without a ReplicaSet yet":        {object: deployment("", 2, "", ""), status: fmt.Sprintf(waiting, 0)},
		"the first revision, available":   {object: deployment("1", 2, all, available), ready: true},
		"a rollout that has ended":        {object: deployment("3", 2, all, available+","+complete), ready: true},
		"a rollout that goes on":          {object: deployment("3", 2, all, available+","+rolling), status: fmt.Sprintf(waiting, 2)},
		"a spec that is not observed yet": {object: deployment("3", 1, all, available+","+complete), status: fmt.Sprintf(waiting, 2)},
		"old pods that still answer": {
			object: deployment("3", 2, `updatedReplicas: 1, readyReplicas: 3,`, available+","+complete), status: fmt.Sprintf(waiting, 1),
		},
		"a rollout past its deadline": {
			object: deployment("2", 2, "", `{type: Available, status: "False", reason: MinimumReplicasUnavailable, message: no minimum},`+
				`{type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: timed out}`),
			status:   fmt.Sprintf(waiting, 0),
			problems: []string{"[MinimumReplicasUnavailable] no minimum", "[ProgressDeadlineExceeded] timed out"},
		},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}

func TestStatefulSet(t *testing.T) {
	set := func(generation int, strategy, status string) string {
		return fmt.Sprintf(`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s, generation: %d},
			spec: {replicas: 3, updateStrategy: {type: %s}}, status: {observedGeneration: %d, %s}}`, generation, strategy, generation, status)
	}
	for name, test := range map[string]verdictTest{
		"all pods of the newest revision": {
			object: set(2, "RollingUpdate", `replicas: 3, readyReplicas: 3, currentReplicas: 3, currentRevision: b, updateRevision: b`), ready: true,
		},
		"pods missing": {
			object:   set(1, "RollingUpdate", `replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: a`),
			status:   "[1/2] Waiting for StatefulSet to create Pods (1/3 Pods ready)",
			problems: []string{"1 out of 3 replicas succeeded readiness checks"},
		},
		"an older revision": {
			object: set(2, "RollingUpdate", `replicas: 3, readyReplicas: 3, currentReplicas: 3, currentRevision: a, updateRevision: b`),
			status: "[2/3] Waiting for StatefulSet to update .status.currentRevision",
		},
		"an older revision that a person moves": {
			object: set(2, "OnDelete", `replicas: 3, readyReplicas: 3, currentRevision: a, updateRevision: b`), ready: true,
		},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}

func TestDaemonSet(t *testing.T) {
	set := func(observed int, status string) string {
		return fmt.Sprintf(`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d, generation: 1},
			status: {observedGeneration: %d, %s}}`, observed, status)
	}
	const scheduled = "desiredNumberScheduled: 5, currentNumberScheduled: 5, "
	for name, test := range map[string]verdictTest{
		"a pod on every node":     {object: set(1, scheduled+"updatedNumberScheduled: 5, numberAvailable: 5, numberReady: 5"), ready: true},
		"no node that wants it":   {object: set(1, "desiredNumberScheduled: 0"), ready: true},
		"not observed yet":        {object: set(0, scheduled), status: "DaemonSet generation is not observed yet"},
		"not counted yet":         {object: set(1, ""), status: "Missing .status.desiredNumberScheduled"},
		"pods of an old template": {object: set(1, scheduled+"updatedNumberScheduled: 2"), status: "Updated: 2/5"},
		"pods not available":      {object: set(1, scheduled+"updatedNumberScheduled: 5, numberAvailable: 4"), status: "Available: 4/5", problems: []string{"Available: 4/5"}},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}

func TestJob(t *testing.T) {
	job := func(status string) string {
		return `{apiVersion: batch/v1, kind: Job, metadata: {name: j}, status: {` + status + `}}`
	}
	for name, test := range map[string]verdictTest{
		"not started": {object: job(""), status: `Waiting for Job "j" to succeed (Active: 0 | Succeeded: 0 | Failed: 0)`},
		"running":     {object: job(`startTime: x, active: 1`), status: `Waiting for Job "j" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)`},
		"complete":    {object: job(`startTime: x, conditions: [{type: Complete, status: "True"}]`), ready: true},
		"failed": {
			object: job(`startTime: x, conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: too often}]`),
			failed: true, status: "too often", problems: []string{"[BackoffLimitExceeded] too often"},
		},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}

func TestPod(t *testing.T) {
	pod := func(phase, conditions string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: %s, conditions: [%s]}}`, phase, conditions)
	}
	const (
		scheduled   = `{type: PodScheduled, status: "True"},`
		initialized = `{type: Initialized, status: "True"},`
	)
	for name, test := range map[string]verdictTest{
		"ready":     {object: pod("Running", scheduled+initialized+`{type: Ready, status: "True"}`), ready: true},
		"succeeded": {object: pod("Succeeded", scheduled+initialized+`{type: Ready, status: "False"}`), ready: true},
		"not schedulable": {
			object: pod("Pending", `{type: PodScheduled, status: "False", reason: Unschedulable, message: no room}`),
			status: `Waiting for Pod "p" to be scheduled`, problems: []string{"[Unschedulable] no room"},
		},
		"starting": {object: pod("Running", scheduled+initialized), status: `Waiting for Pod "p" to be ready`},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}

func TestReplicationController(t *testing.T) {
	const controller = `{apiVersion: v1, kind: ReplicationController, metadata: {name: r}, spec: {replicas: 2}, status: {availableReplicas: %d}}`
	for name, test := range map[string]verdictTest{
		"all available": {object: fmt.Sprintf(controller, 2), ready: true},
		"one available": {object: fmt.Sprintf(controller, 1), status: "Waiting for 2 replicas (have: 1)"},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}
