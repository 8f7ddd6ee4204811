package objects

import (
	"fmt"

	"github.com/home-ops/home-ops/components/flux/fluxio"
	"github.com/home-ops/home-ops/spec"
)

// status is the name of what tells GitHub.
const status = "github-status"

// ReportsStatus reports whether GitHub is to hear what became of each commit.
func ReportsStatus(stack *spec.Stack) bool {
	return stack.Flux.GitHub != nil && stack.Flux.GitHub.StatusTokenRef != ""
}

// StatusProvider is the repository at GitHub, whose commits show what became of them
// (https://fluxcd.io/flux/components/notification/providers/#git-commit-status-updates).
func StatusProvider(stack *spec.Stack) *fluxio.Provider {
	owner, name := stack.Flux.OwnerAndName()
	return &fluxio.Provider{
		TypeMeta:   kind(fluxio.NotificationV1Beta, "Provider"),
		ObjectMeta: named(status),
		Spec: fluxio.ProviderSpec{
			Type:      "github",
			Address:   fmt.Sprintf("https://github.com/%s/%s", owner, name),
			SecretRef: fluxio.Name{Name: StatusSecret},
			// Flux's own name is made of a random id. This one tells the clusters apart that
			// follow the same repository.
			CommitStatusExpr: fmt.Sprintf("'%s/' + event.involvedObject.name", stack.Cluster.Name),
		},
	}
}

// StatusAlert tells of every Kustomization of the tree.
func StatusAlert() *fluxio.Alert {
	return &fluxio.Alert{
		TypeMeta:   kind(fluxio.NotificationV1Beta, "Alert"),
		ObjectMeta: named(status),
		Spec: fluxio.AlertSpec{
			ProviderRef:   fluxio.Name{Name: status},
			EventSeverity: "info",
			EventSources:  []fluxio.Reference{{Kind: "Kustomization", Name: "*"}},
		},
	}
}
