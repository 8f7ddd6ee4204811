// Package health says in five lines how a cluster is, and which pages it has, out of its Kubernetes API.
package health

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// Line is one part of the cluster.
type Line struct {
	Part string
	OK   bool
	// Text says how many are as they should be, and what is wrong with the first that is not.
	Text string
}

// Report is how a cluster is.
type Report struct {
	Lines []Line
	// Pages are the addresses that its routes answer at.
	Pages []string
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Lines, func(l Line) bool { return !l.OK })
}

// object is what the report reads of any kind.
type object struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Suspend   bool
		Hostnames []string
	}
	Status struct {
		Conditions []metav1.Condition
		// Ceph is the health of a CephCluster, and Robustness that of a Longhorn volume.
		Ceph struct {
			Health  string
			Details map[string]struct{ Message string }
		}
		Robustness string
	}
}

// counted are the kinds of which a condition says whether each is well.
var counted = []struct{ part, path, condition string }{
	{"flux", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations", "Ready"},
	{"gateways", "/apis/gateway.networking.k8s.io/v1/gateways", "Programmed"},
	{"certificates", "/apis/cert-manager.io/v1/certificates", "Ready"},
}

// Of asks a cluster. The error is one of not reaching it; a part that cannot be read is a line.
func Of(ctx context.Context, api kubeapi.API) (Report, error) {
	var report Report
	nodes, err := nodesLine(ctx, api)
	if err != nil {
		return report, err
	}
	report.Lines = append(report.Lines, nodes)
	for _, kind := range counted {
		objects, err := list(ctx, api, kind.path)
		report.Lines = append(report.Lines, conditionsLine(kind.part, kind.condition, objects, err))
	}
	report.Lines = append(report.Lines, storageLine(ctx, api))
	routes, err := list(ctx, api, "/apis/gateway.networking.k8s.io/v1/httproutes")
	if err != nil {
		return report, nil //nolint:nilerr // the gateways' line has said so
	}
	for _, route := range routes {
		for _, host := range route.Spec.Hostnames {
			report.Pages = append(report.Pages, (&url.URL{Scheme: "https", Host: host}).String())
		}
	}
	slices.Sort(report.Pages)
	report.Pages = slices.Compact(report.Pages)
	return report, nil
}

func nodesLine(ctx context.Context, api kubeapi.API) (Line, error) {
	var nodes corev1.NodeList
	if err := api.Get(ctx, "/api/v1/nodes", &nodes); err != nil {
		return Line{}, err
	}
	good, first, versions := 0, "", []string{}
	for _, node := range nodes.Items {
		versions = append(versions, node.Status.NodeInfo.KubeletVersion)
		at := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
		switch {
		case at >= 0 && node.Status.Conditions[at].Status == corev1.ConditionTrue && !node.Spec.Unschedulable:
			good++
		case first != "":
		case node.Spec.Unschedulable:
			first = node.Name + " is cordoned"
		case at < 0:
			first = node.Name + " has not reported yet"
		default:
			first = node.Name + ": " + node.Status.Conditions[at].Message
		}
	}
	slices.Sort(versions)
	line := summed("nodes", good, len(nodes.Items), first)
	line.Text += " (Kubernetes " + strings.Join(slices.Compact(versions), ", ") + ")"
	return line, nil
}

// conditionsLine counts the objects whose condition is true. A kind that the cluster does not have is none of its
// faults.
func conditionsLine(part, condition string, objects []object, err error) Line {
	if err != nil {
		return Line{Part: part, Text: err.Error()}
	}
	good, first := 0, ""
	for _, o := range objects {
		at := slices.IndexFunc(o.Status.Conditions, func(c metav1.Condition) bool { return c.Type == condition })
		switch {
		case o.Spec.Suspend:
			first = firstOf(first, name(o)+" is suspended")
		case at >= 0 && o.Status.Conditions[at].Status == metav1.ConditionTrue:
			good++
		case at < 0:
			first = firstOf(first, name(o)+" has not been looked at yet")
		default:
			first = firstOf(first, name(o)+": "+o.Status.Conditions[at].Message)
		}
	}
	return summed(part, good, len(objects), first)
}

func storageLine(ctx context.Context, api kubeapi.API) Line {
	clusters, err := list(ctx, api, "/apis/ceph.rook.io/v1/cephclusters")
	if err != nil {
		return Line{Part: "storage", Text: err.Error()}
	}
	volumes, err := list(ctx, api, "/apis/longhorn.io/v1beta2/volumes")
	if err != nil {
		return Line{Part: "storage", Text: err.Error()}
	}
	good, first := 0, ""
	for _, c := range clusters {
		if c.Status.Ceph.Health == "HEALTH_OK" {
			good++
			continue
		}
		why := c.Status.Ceph.Health
		for _, key := range sortedKeys(c.Status.Ceph.Details) {
			why += ", " + c.Status.Ceph.Details[key].Message
		}
		first = firstOf(first, "Ceph: "+why)
	}
	for _, v := range volumes {
		// A volume that nobody uses has no copies to compare.
		if r := v.Status.Robustness; r == "healthy" || r == "unknown" {
			good++
		} else {
			first = firstOf(first, "Longhorn's volume "+name(v)+" is "+r)
		}
	}
	return summed("storage", good, len(clusters)+len(volumes), first)
}

func list(ctx context.Context, api kubeapi.API, path string) ([]object, error) {
	var objects struct{ Items []object }
	err := api.Get(ctx, path, &objects)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil, nil // the cluster does not have the kind
	}
	return objects.Items, err
}

func summed(part string, good, all int, first string) Line {
	text := fmt.Sprintf("%d of %d well", good, all)
	if all == 0 {
		text = "none"
	}
	if first != "" {
		text += "; " + strings.ReplaceAll(first, "\n", " ")
	}
	return Line{Part: part, OK: good == all, Text: text}
}

func name(o object) string {
	if o.Metadata.Namespace == "" {
		return o.Metadata.Name
	}
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
