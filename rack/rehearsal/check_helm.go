package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
	if len(status) == 0 {
		errs = append(errs, errors.New("there is no release"))
	}
	return fmt.Sprintf("%d of %d", len(status)-len(errs), len(status)), errors.Join(errs...)
}
