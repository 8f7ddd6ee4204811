package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// object is what is read of objects of any kind.
type object struct {
	Metadata struct {
		Namespace, Name   string
		CreationTimestamp time.Time
	}
	Spec   struct{ Suspend bool }
	Status struct {
		Conditions []condition
		// NotBefore and NotAfter are a certificate's.
		NotBefore, NotAfter time.Time
	}
}

func (o object) name() string { return o.Metadata.Namespace + "/" + o.Metadata.Name }

// condition is one of an object's.
type condition struct {
	Type, Status, Reason, Message string
	LastTransitionTime            time.Time
}

// patience is how long somebody may be at work on an object before it counts as one that is not ready: somewhat longer than the
// timeouts of what the tree and the program make, of which the longest are ten minutes.
const patience = 15 * time.Minute

// unready is why an object is not ready, and since when somebody is at work on it, where somebody is. It is empty when the object is
// ready, or suspended.
func (o object) unready() (why string, underWay time.Time) {
	if o.Spec.Suspend {
		return "", time.Time{}
	}
	var ready condition
	issuing := false
	for _, c := range o.Status.Conditions {
		switch c.Type {
		case "Ready":
			ready = c
		case "Issuing": // of cert-manager's Certificates, which are not ready meanwhile
			issuing = c.Status == "True"
		}
	}
	switch {
	case ready.Status == "True":
		return "", time.Time{}
	case ready.Type == "":
		return "nobody has reported on it yet", o.Metadata.CreationTimestamp
	// What Flux is at is Unknown, and what waits for that is False.
	case ready.Status == "Unknown", ready.Reason == "DependencyNotReady", issuing:
		underWay = ready.LastTransitionTime
	}
	return cmp.Or(ready.Message, ready.Reason), underWay
}

// items are the objects of a kind; nil for a kind that the cluster does not have.
func items(ctx context.Context, api kubeapi.API, path string) ([]object, error) {
	return itemsOf[object](ctx, api, path)
}

// itemsOf is items, as far as T reads them.
func itemsOf[T any](ctx context.Context, api kubeapi.API, path string) ([]T, error) {
	var list struct{ Items []T }
	err := api.Get(ctx, path, &list)
	var refused kubeapi.Error
	if errors.As(err, &refused) && refused.Code == http.StatusNotFound {
		return nil, nil
	}
	return list.Items, err
}

// judgedReady is a check of objects that are to be ready. What somebody has been at work on for a while only is no more than a warning,
// as behind a push; what is not ready otherwise is a problem, and named alone.
func judgedReady(name string, all []object, now time.Time, do string) Check {
	var bad, underWay []string
	for _, o := range all {
		switch why, since := o.unready(); {
		case why == "":
		case now.Sub(since) < patience:
			underWay = append(underWay, o.name()+": "+oneLine(why))
		default:
			bad = append(bad, o.name()+": "+oneLine(why))
		}
	}
	switch {
	case len(bad) > 0:
		return Check{Name: name, Verdict: Problem, Detail: fmt.Sprintf("%d of %d are not ready: %s", len(bad), len(all), five(bad)), Do: do}
	case len(underWay) > 0:
		return Check{
			Name: name, Verdict: Warning, Detail: fmt.Sprintf("%d of %d are under way: %s", len(underWay), len(all), five(underWay)),
			Do: "wait, and ask again; what is under way for " + strconv.Itoa(int(patience.Minutes())) + " minutes is a problem",
		}
	}
	return Check{Name: name, Verdict: OK, Detail: fmt.Sprintf("%d, all ready", len(all))}
}

// five are the first five, by their names.
func five(names []string) string {
	slices.Sort(names)
	more := ""
	if len(names) > 5 {
		more = fmt.Sprintf("; and %d more", len(names)-5)
	}
	return strings.Join(names[:min(5, len(names))], "; ") + more
}

// Flux looks at what Git owns.
func Flux(ctx context.Context, api kubeapi.API, now time.Time) []Check {
	var checks []Check
	for _, kind := range []struct{ name, path, do string }{
		{"Flux's sources", "/apis/source.toolkit.fluxcd.io/v1/gitrepositories", "flux get sources git -A; then: flux reconcile source git flux-system"},
		{"Kustomizations", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations", "flux get kustomizations -A --status-selector ready=false"},
		{"HelmReleases", "/apis/helm.toolkit.fluxcd.io/v2/helmreleases", "flux get helmreleases -A --status-selector ready=false"},
	} {
		all, err := items(ctx, api, kind.path)
		if err == nil && len(all) == 0 && kind.name != "HelmReleases" {
			err = errors.New("there are none")
		}
		if err != nil {
			checks = append(checks, judged(kind.name, err, "", kind.do))
			continue
		}
		checks = append(checks, judgedReady(kind.name, all, now, kind.do))
	}
	return checks
}

// Certificates looks at what cert-manager looks after.
func Certificates(ctx context.Context, api kubeapi.API, now time.Time) []Check {
	all, err := items(ctx, api, "/apis/cert-manager.io/v1/certificates")
	const do = "kubectl get certificates,orders,challenges -A"
	if err != nil {
		return []Check{judged("Certificates", err, "", do)}
	}
	checks := []Check{judgedReady("Certificates", all, now, do)}
	for _, o := range all {
		// cert-manager renews when a third of the time is left, or earlier: what ends soon was not renewed.
		if end := o.Status.NotAfter; !end.IsZero() && end.Sub(now) < Soon {
			checks = append(checks, Ending("Certificate "+o.name(), end, now, "kubectl describe certificate -n "+o.Metadata.Namespace+" "+o.Metadata.Name))
		}
	}
	return checks
}

// Renewed looks for certificates that are younger than the newest break-glass copy, which has the ones before them; do makes
// another copy.
func Renewed(ctx context.Context, api kubeapi.API, made time.Time, do string) []Check {
	all, err := items(ctx, api, "/apis/cert-manager.io/v1/certificates")
	if err != nil {
		return nil // it was said above
	}
	var checks []Check
	for _, o := range all {
		if since := o.Status.NotBefore; since.After(made) {
			checks = append(checks, Check{
				Name: "copy of the certificate " + o.name(), Verdict: Warning,
				Detail: "the newest break-glass copy is of " + made.UTC().Format(time.RFC3339) + ", and the certificate of " + since.UTC().Format(time.RFC3339), Do: do,
			})
		}
	}
	return checks
}

// Nodes looks at what Kubernetes says of its nodes, as far as roll does not.
func Nodes(ctx context.Context, api kubeapi.API) Check {
	var list corev1.NodeList
	err := api.Get(ctx, "/api/v1/nodes", &list)
	var cordoned []string
	for _, n := range list.Items {
		if n.Spec.Unschedulable {
			cordoned = append(cordoned, n.Name)
		}
	}
	if err == nil && len(cordoned) > 0 {
		return Check{Name: "Kubernetes nodes", Verdict: Warning, Detail: "cordoned: " + strings.Join(cordoned, ", "), Do: "kubectl uncordon NODE, if nobody works on it"}
	}
	return judged("Kubernetes nodes", err, fmt.Sprintf("%d", len(list.Items)), "kubectl get nodes")
}

// Announced connects to an address of the load balancer from here, which is outside of the cluster: pods may reach it
// while the house does not.
func Announced(ctx context.Context, name, address, host string) Check {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	name = name + " at " + address
	// Whether the certificate is good is looked at above; a home's own CA is not trusted here.
	dialer := tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true}} //nolint:gosec // see above
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address, "443"))
	if err == nil {
		_ = connection.Close()
	}
	return judged(name, err, "answers with TLS", "cilium status; kubectl -n network get gateways,svc; with BGP: cilium bgp peers")
}
