package release

import (
	"context"
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// FailedError is a release that exists in the cluster, and failed. What Helm has of it was observed.
type FailedError struct {
	Release *Release
	Err     error
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("failed to become available within allocated timeout. Error: Helm Release %s/%s: %v",
		e.Release.Namespace, e.Release.Name, e.Err)
}

func (e *FailedError) Unwrap() error { return e.Err }

// Install makes the release and waits for its objects, unless it says skipAwait. A failure that leaves a release
// behind is a FailedError; an atomic one leaves nothing.
func (c Cluster) Install(ctx context.Context, r *Release) error {
	found, err := r.LoadChart()
	if err != nil {
		return err
	}
	if kind := found.Metadata.Type; kind != "" && kind != "application" {
		return fmt.Errorf("%s charts are not installable", kind)
	}
	configuration, err := c.in(r.Namespace)
	if err != nil {
		return err
	}
	install := action.NewInstall(configuration)
	install.ReleaseName = r.Name
	install.Namespace = r.Namespace
	install.CreateNamespace = r.CreateNamespace
	install.Atomic = r.Atomic
	install.Wait = !r.SkipAwait
	install.WaitForJobs = !r.SkipAwait && r.WaitForJobs
	install.Timeout = r.timeout()
	install.SkipCRDs = r.SkipCrds
	install.Replace = r.Replace
	install.Description = r.Description
	install.Devel = r.Devel
	install.DisableHooks = r.DisableWebhooks
	install.DisableOpenAPIValidation = r.DisableOpenapiValidation
	install.SubNotes = r.RenderSubchartNotes

	made, err := install.RunWithContext(ctx, found, merge(nil, r.Values))
	if err == nil {
		return r.Observe(made)
	}
	if made == nil {
		return err
	}
	if _, exists, lookup := c.Get(r.Namespace, r.Name); lookup != nil || !exists {
		return err
	}
	if err := r.Observe(made); err != nil {
		return err
	}
	return &FailedError{r, err}
}

// Upgrade brings the release, which lives in a namespace, to what it says. A release whose installation failed is
// carried on. A failure is a FailedError; after it an atomic release is back at what it was.
func (c Cluster) Upgrade(ctx context.Context, namespace string, r *Release) error {
	found, err := r.LoadChart()
	if err != nil {
		return err
	}
	configuration, err := c.in(namespace)
	if err != nil {
		return err
	}
	upgrade := action.NewUpgrade(configuration)
	upgrade.Namespace = r.Namespace
	upgrade.Atomic = r.Atomic
	upgrade.CleanupOnFail = r.CleanupOnFail
	upgrade.Wait = !r.SkipAwait
	upgrade.WaitForJobs = !r.SkipAwait && r.WaitForJobs
	upgrade.Timeout = r.timeout()
	upgrade.Force = r.ForceUpdate
	upgrade.Recreate = r.RecreatePods
	upgrade.ResetValues = r.ResetValues
	upgrade.ReuseValues = r.ReuseValues
	upgrade.Description = r.Description
	upgrade.Devel = r.Devel
	upgrade.DisableHooks = r.DisableCRDHooks // not disableWebhooks: the genuine plugin upgrades so
	upgrade.SubNotes = r.RenderSubchartNotes
	if r.MaxHistory != nil {
		upgrade.MaxHistory = *r.MaxHistory
	}

	made, err := upgrade.RunWithContext(ctx, r.Name, found, merge(nil, r.Values))
	if err == nil {
		return r.Observe(made)
	}
	if made == nil {
		return err
	}
	if err := r.Observe(made); err != nil {
		return err
	}
	return &FailedError{r, err}
}

// Get is a release as Helm has it, and whether it exists.
func (c Cluster) Get(namespace, name string) (*release.Release, bool, error) {
	configuration, err := c.in(namespace)
	if err != nil {
		return nil, false, err
	}
	found, err := action.NewGet(configuration).Run(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, false, nil
	}
	return found, err == nil, err
}

// Uninstall removes the release and waits until its objects are gone, unless it says skipAwait. It returns what Helm
// left behind, such as objects with a keep annotation.
func (c Cluster) Uninstall(r *Release) (string, error) {
	configuration, err := c.in(r.Namespace)
	if err != nil {
		return "", err
	}
	uninstall := action.NewUninstall(configuration)
	if r.Atomic || !r.SkipAwait {
		uninstall.Wait, uninstall.Timeout = true, r.timeout()
	}
	removed, err := uninstall.Run(r.Name)
	if err != nil {
		return "", err
	}
	return removed.Info, nil
}
