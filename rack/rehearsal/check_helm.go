package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/stacks"
)

// plannedReleases are those that the program makes, as NAMESPACE/NAME.
func (r *rehearsal) plannedReleases() ([]string, error) {
	parts, err := stacks.Plan(r.stack)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Release != nil {
				all = append(all, step.Release.Namespace+"/"+step.Release.Name)
			}
		}
	}
	return all, nil
}

// checkReleases reads what Helm itself keeps of each release: the newest revision of all must be deployed.
func (r *rehearsal) checkReleases(ctx context.Context, c *cluster) (string, error) {
	list, err := c.client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		return "", err
	}
	newest, status := map[string]int{}, map[string]string{}
	for _, s := range list.Items {
		release := s.Namespace + "/" + s.Labels["name"]
		revision, err := strconv.Atoi(s.Labels["version"])
		if err != nil {
			return "", fmt.Errorf("%s/%s: its label version is %q, not a number", s.Namespace, s.Name, s.Labels["version"])
		}
		if revision > newest[release] {
			newest[release], status[release] = revision, s.Labels["status"]
		}
	}
	var errs []error
	for release, s := range status {
		if s != "deployed" {
			errs = append(errs, fmt.Errorf("%s is %s", release, s))
		}
	}
	planned, err := r.plannedReleases()
	if err != nil {
		return "", err
	}
	for _, release := range planned {
		if status[release] == "" {
			errs = append(errs, fmt.Errorf("%s is in the plan, and not in the cluster", release))
		}
	}
	return fmt.Sprintf("%d of %d", count(status, "deployed"), len(status)), errors.Join(errs...)
}

// count is how many have the status.
func count(status map[string]string, wanted string) int {
	n := 0
	for _, s := range status {
		if s == wanted {
			n++
		}
	}
	return n
}
