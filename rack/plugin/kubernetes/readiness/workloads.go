package readiness

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Deployment is ready when the pods of its newest template are, and the rollout to them has ended.
func Deployment(object *unstructured.Unstructured) Verdict {
	want := integerOr(1, object, "spec", "replicas")
	ready := min(integer(object, "status", "updatedReplicas"), integer(object, "status", "readyReplicas"))
	verdict := Verdict{Status: fmt.Sprintf("Waiting for app ReplicaSet to be available (%d/%d Pods available)", ready, want)}

	available, _ := conditionOf(object, "Available")
	if available.status == "False" {
		verdict.Problems = append(verdict.Problems, available.problem())
	}
	progressing, hasProgress := conditionOf(object, "Progressing")
	if progressing.status == "False" {
		verdict.Problems = append(verdict.Problems, progressing.problem())
	}

	const revision = "deployment.kubernetes.io/revision"
	// The first ReplicaSet is no rollout: nothing is replaced by it.
	rolledOut := object.GetAnnotations()[revision] == "1" ||
		hasProgress && progressing.status == "True" && progressing.reason == "NewReplicaSetAvailable"
	verdict.Ready = observed(object) && object.GetAnnotations()[revision] != "" &&
		available.status == "True" && rolledOut && ready >= want
	return verdict
}

// StatefulSet is ready when all its pods are, and are of the newest revision. With the update strategy OnDelete the
// revision is the person's to move.
func StatefulSet(object *unstructured.Unstructured) Verdict {
	want := integer(object, "spec", "replicas")
	ready := integer(object, "status", "readyReplicas")
	pods := want == integer(object, "status", "replicas") && want == ready
	current, update := text(object, "status", "currentRevision"), text(object, "status", "updateRevision")

	revision := current != "" && current == update
	if object.GetGeneration() > 1 && text(object, "spec", "updateStrategy", "type") == "OnDelete" {
		revision = true
	} else {
		pods = pods && want == integer(object, "status", "currentReplicas")
	}

	verdict := Verdict{Ready: observed(object) && pods && revision}
	switch {
	case object.GetGeneration() <= 1:
		verdict.Status = fmt.Sprintf("[1/2] Waiting for StatefulSet to create Pods (%d/%d Pods ready)", ready, want)
	case !pods:
		verdict.Status = fmt.Sprintf("[1/3] Waiting for StatefulSet update to roll out (%d/%d Pods ready)", ready, want)
	default:
		verdict.Status = "[2/3] Waiting for StatefulSet to update .status.currentRevision"
	}
	if !verdict.Ready && ready < want {
		verdict.Problems = append(verdict.Problems,
			fmt.Sprintf("%d out of %d replicas succeeded readiness checks", ready, want))
	}
	return verdict
}

// DaemonSet is ready when a pod of its newest template is available on every node that it wants.
func DaemonSet(object *unstructured.Unstructured) Verdict {
	if !observed(object) {
		return Verdict{Status: "DaemonSet generation is not observed yet"}
	}
	want, counted, _ := unstructured.NestedInt64(object.Object, "status", "desiredNumberScheduled")
	if !counted {
		return Verdict{Status: "Missing .status.desiredNumberScheduled"}
	}
	for _, step := range []struct{ field, what string }{
		{"currentNumberScheduled", "Current"},
		{"updatedNumberScheduled", "Updated"},
		{"numberAvailable", "Available"},
		{"numberReady", "Ready"},
	} {
		if have := integer(object, "status", step.field); have < want {
			status := fmt.Sprintf("%s: %d/%d", step.what, have, want)
			return Verdict{Status: status, Problems: []string{status}}
		}
	}
	return Verdict{Ready: true, Status: fmt.Sprintf("All replicas scheduled as expected. Replicas: %d", want)}
}

// ReplicationController is ready when as many of its pods are available as it asks for.
func ReplicationController(object *unstructured.Unstructured) Verdict {
	want, have := integerOr(1, object, "spec", "replicas"), integer(object, "status", "availableReplicas")
	return Verdict{Ready: want == have, Status: fmt.Sprintf("Waiting for %d replicas (have: %d)", want, have)}
}

// Job is ready when it is complete; one that failed never will be.
func Job(object *unstructured.Unstructured) Verdict {
	failed, _ := conditionOf(object, "Failed")
	if failed.status == "True" {
		return Verdict{Failed: true, Status: failed.message, Problems: []string{failed.problem()}}
	}
	complete, _ := conditionOf(object, "Complete")
	verdict := Verdict{
		Ready: text(object, "status", "startTime") != "" && complete.status == "True",
		Status: fmt.Sprintf("Waiting for Job %q to succeed (Active: %d | Succeeded: %d | Failed: %d)", object.GetName(),
			integer(object, "status", "active"), integer(object, "status", "succeeded"), integer(object, "status", "failed")),
	}
	if !verdict.Ready {
		verdict.Problems = []string{verdict.Status}
	}
	return verdict
}

// Pod is ready when it is scheduled, initialized and ready, or has succeeded.
func Pod(object *unstructured.Unstructured) Verdict {
	succeeded := text(object, "status", "phase") == "Succeeded"
	for _, step := range []struct{ kind, what string }{
		{"PodScheduled", "scheduled"}, {"Initialized", "initialized"}, {"Ready", "ready"},
	} {
		found, ok := conditionOf(object, step.kind)
		if ok && found.status == "True" || step.kind == "Ready" && succeeded {
			continue
		}
		verdict := Verdict{Status: fmt.Sprintf("Waiting for Pod %q to be %s", object.GetName(), step.what)}
		if found.message != "" {
			verdict.Problems = []string{found.problem()}
		}
		return verdict
	}
	return Verdict{Ready: true}
}
