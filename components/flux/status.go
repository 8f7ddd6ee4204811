package flux

import (
	"fmt"

	notificationv1 "github.com/fluxcd/notification-controller/api/v1"
	notificationv1beta3 "github.com/fluxcd/notification-controller/api/v1beta3"
	"github.com/fluxcd/pkg/apis/meta"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// statusName is the name of everything that writes commit statuses.
const statusName = "github-status"

// reportsStatus reports whether Flux writes at GitHub what became of each commit.
func reportsStatus(f spec.Flux) bool { return f.GitHub != nil && f.GitHub.StatusTokenRef != "" }

// statusSteps make Flux write a status on each commit at GitHub, of a stack that gives it
// a token for that.
func statusSteps(stack *spec.Stack) plan.Steps {
	if !reportsStatus(stack.Flux) {
		return nil
	}
	return plan.Steps{
		secretStep(stepStatusToken, statusName, nil, key("token", valueStatusToken)),
		{Name: stepStatusProvider, Object: statusProvider(stack), After: []string{stepInstance, stepStatusToken}},
		{Name: stepStatusAlert, Object: statusAlert(), After: []string{stepStatusProvider}},
	}
}

// statusProvider is the repository at GitHub, on whose commits the statuses appear
// (https://fluxcd.io/flux/components/notification/providers/#git-commit-status-updates).
func statusProvider(stack *spec.Stack) *notificationv1beta3.Provider {
	owner, name := stack.Flux.OwnerAndName()
	return &notificationv1beta3.Provider{
		TypeMeta:   kind(notificationv1beta3.GroupVersion.String(), notificationv1beta3.ProviderKind),
		ObjectMeta: named(statusName),
		Spec: notificationv1beta3.ProviderSpec{
			Type:      notificationv1beta3.GitHubProvider,
			Address:   fmt.Sprintf("https://github.com/%s/%s", owner, name),
			SecretRef: &meta.LocalObjectReference{Name: statusName},
			// Flux's default name has a random id in it. This one tells apart the clusters
			// that follow one repository.
			CommitStatusExpr: fmt.Sprintf("'%s/' + event.involvedObject.name", stack.Cluster.Name),
		},
	}
}

// statusAlert sends the events of every Kustomization of the tree to the provider.
func statusAlert() *notificationv1beta3.Alert {
	return &notificationv1beta3.Alert{
		TypeMeta:   kind(notificationv1beta3.GroupVersion.String(), notificationv1beta3.AlertKind),
		ObjectMeta: named(statusName),
		Spec: notificationv1beta3.AlertSpec{
			ProviderRef:   meta.LocalObjectReference{Name: statusName},
			EventSeverity: "info",
			EventSources:  []notificationv1.CrossNamespaceObjectReference{{Kind: "Kustomization", Name: "*"}},
		},
	}
}
