package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Print writes the table for people.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nrehearsal of %s\tok: %t\n", r.Stack, r.OK)
	fmt.Fprintf(t, "kubernetes\t%s, apiServers %d, etcdMembers %d\n", r.Kubernetes.Version, r.Kubernetes.APIServers, r.Kubernetes.EtcdMembers)
	if r.Flux.Kustomizations > 0 {
		fmt.Fprintf(t, "flux\t%d of %d kustomizations ready, commit to applied %.1f s\n", r.Flux.Ready, r.Flux.Kustomizations, r.Flux.CommitToAppliedSeconds)
	}
	if r.Flows.Asked > 0 {
		fmt.Fprintf(t, "flows\t%d asked, %d refused\n", r.Flows.Asked, r.Flows.Refused)
	}
	fmt.Fprintf(t, "resources\tcreated %d, rerunChanges %d\n", r.Resources.Created, r.Resources.RerunChanges)
	fmt.Fprintf(t, "seconds\t%s\n", seconds(r.Seconds))
	if r.PeakMegabytes > 0 {
		fmt.Fprintf(t, "memory\t%d MiB at most\n", r.PeakMegabytes)
	}
	for _, kind := range []Kind{Real, Genuine, StandIn, Simulated} {
		if names := r.named(kind); len(names) > 0 {
			fmt.Fprintf(t, "%s\t%s\n", kind, strings.Join(names, ", "))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}

	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nnode (%d)\trole\taddress\tready\n", len(r.Nodes))
	for _, n := range r.Nodes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%t\n", n.Name, n.Role, n.Address, n.Ready)
	}
	if err := t.Flush(); err != nil {
		return err
	}

	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\ncheck\tresult\tdetail\n")
	for _, c := range r.Checks {
		fmt.Fprintf(t, "%s\t%s\t%s\n", c.Name, c.result(), c.Detail)
	}
	return t.Flush()
}

func (c Check) result() string {
	switch {
	case c.Skipped:
		return "skipped"
	case c.OK:
		return "ok"
	}
	return "FAILED"
}

func (r *Report) named(kind Kind) []string {
	var names []string
	for _, p := range r.Parts {
		if p.Kind == kind {
			names = append(names, p.Name)
		}
	}
	return names
}

func seconds(all map[string]float64) string {
	names := make([]string, 0, len(all))
	for name := range all {
		if name != "total" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var parts []string
	for _, name := range append(names, "total") {
		if value, ok := all[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %.1f", name, value))
		}
	}
	return strings.Join(parts, ", ")
}
