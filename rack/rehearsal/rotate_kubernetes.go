package rehearsal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	talossecrets "github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/pki"
	"github.com/home-ops/home-ops/spec"
)

// podsRestart is how long the pods of the whole cluster may take to be exchanged.
const podsRestart = 10 * time.Minute

// rotateKubernetes gives the cluster another Kubernetes CA. Pods that have read the former one are restarted where the page
// says so.
func (r *rehearsal) rotateKubernetes(ctx context.Context, c *cluster, kept copies) error {
	former := rest.CopyConfig(c.rest)
	early, err := podOf(ctx, c)
	if err != nil {
		return err
	}
	for _, step := range kubernetesCA.steps() {
		err := r.phase("rotate", step.title(), func() error { return r.turnCA(ctx, c, step) })
		if err != nil {
			return err
		}
		if step.replaced == 0 {
			continue
		}
		err = r.phase("rotate", "restarting the pods that have read the former Kubernetes CA", func() error { return r.restartPods(ctx, c, early) })
		if err != nil {
			return err
		}
	}
	return r.phase("rotate", "looking whom the API servers believe now", func() error { return r.turnedKubernetes(ctx, c, former, kept) })
}

// podOf is the way of a pod to the API, which starts now: the token of a service account, and the authority that it is told.
func podOf(ctx context.Context, c *cluster) (*rest.Config, error) {
	token, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	held, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: c.rest.Host, BearerToken: token.Status.Token, TLSClientConfig: rest.TLSClientConfig{CAData: []byte(held.Data["ca.crt"])},
		WarningHandler: rest.NoWarnings{},
	}, nil
}

// asks is nil when a client has an answer of the API server, if only that it may not know.
func asks(ctx context.Context, config *rest.Config) error {
	client, err := impatient(config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
	if apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

// restartPods does what the page says after the second step.
func (r *rehearsal) restartPods(ctx context.Context, c *cluster, early *rest.Config) error {
	namespaces, err := workloads(ctx, c)
	if err != nil {
		return err
	}
	for _, namespace := range namespaces {
		var err error
		if namespace == cephNamespace {
			err = r.kubectlAsWritten(ctx, restartRook, c, nil)
		} else {
			err = r.kubectlAsWritten(ctx, restartPods, c, map[string]string{"NAMESPACE": namespace})
		}
		if err != nil {
			return err
		}
	}
	err = within(ctx, podsRestart, func(ctx context.Context) error { return rolledOut(ctx, c) })
	if err == nil {
		err = within(ctx, comesBack, r.observe)
	}
	fresh, errFresh := podOf(ctx, c)
	r.podsTurned(ctx, early, fresh, errors.Join(err, errFresh))
	return err
}

// workloads are the namespaces that have any, that of the network first: the others' pods need it.
func workloads(ctx context.Context, c *cluster) ([]string, error) {
	found := map[string]bool{}
	deployments, err := c.client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range deployments.Items {
		found[deployments.Items[i].Namespace] = true
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		first := func(name string) int {
			if name == metav1.NamespaceSystem {
				return 0
			}
			return 1
		}
		if d := first(a) - first(b); d != 0 {
			return d
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	return names, nil
}

// rolledOut is nil when every workload runs as it is wanted.
func rolledOut(ctx context.Context, c *cluster) error {
	var errs []error
	deployments, err := c.client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	errs = append(errs, err)
	if err == nil {
		for _, d := range deployments.Items {
			if wanted := *d.Spec.Replicas; d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedReplicas != wanted || d.Status.Replicas != wanted || d.Status.ReadyReplicas != wanted {
				errs = append(errs, fmt.Errorf("deployment %s/%s is not exchanged yet", d.Namespace, d.Name))
			}
		}
	}
	sets, err := c.client.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{})
	errs = append(errs, err)
	if err == nil {
		for _, d := range sets.Items {
			if wanted := d.Status.DesiredNumberScheduled; d.Status.ObservedGeneration < d.Generation || d.Status.UpdatedNumberScheduled != wanted || d.Status.NumberReady != wanted {
				errs = append(errs, fmt.Errorf("daemonset %s/%s is not exchanged yet", d.Namespace, d.Name))
			}
		}
	}
	return errors.Join(errs...)
}

// podsTurned is whether a pod that starts now reaches the API, and one that has read the former authority does not: who
// restarts none is told by this line what that means.
func (r *rehearsal) podsTurned(ctx context.Context, early, fresh *rest.Config, err error) {
	if err == nil {
		err = asks(ctx, fresh)
	}
	if err == nil {
		var stranger x509.UnknownAuthorityError
		switch err = asks(ctx, early); {
		case err == nil:
			err = errors.New("a pod that has read the former authority reaches the API: nobody shows a certificate of the next one")
		case errors.As(err, &stranger):
			err = nil
		}
	}
	r.addChecked("pods that are restarted know the next Kubernetes CA", "a pod that starts now reaches the API; one that has read the former authority does not until it is restarted", err)
}

// turnedKubernetes looks whom the API servers believe when all is done.
func (r *rehearsal) turnedKubernetes(ctx context.Context, c *cluster, former *rest.Config, kept copies) error {
	r.kubeconfigsTurned(ctx, former, c.rest)
	opened := filepath.Join(r.config.Dir, "opened-after-the-kubernetes-ca")
	if err := r.asWritten(ctx, openInRotation, "", map[string]string{"key.txt": kept.identity, "opened": opened}); err != nil {
		return err
	}
	r.copyOpensAPI(ctx, opened)
	return nil
}

// eachAPI asks the API server of each control plane, at its own address.
func (r *rehearsal) eachAPI(look func(host string) error) error {
	planes := 0
	err := r.each(func(m *machine) error {
		if !m.spec.IsControlPlane() {
			return nil
		}
		planes++
		return look("https://" + net.JoinHostPort(m.spec.Address.String(), spec.APIPort))
	})
	if planes == 0 {
		return errors.Join(err, errors.New("there is no control plane"))
	}
	return err
}

// kubeconfigsTurned is whether every API server shows a certificate of the next authority, lets the new kubeconfig in, and
// refuses the former.
func (r *rehearsal) kubeconfigsTurned(ctx context.Context, former, now *rest.Config) {
	err := r.eachAPI(func(host string) error {
		return asks(ctx, at(now, host))
	})
	r.addChecked("the Kubernetes CA is another one, everywhere", "every API server has a certificate of it, and takes the new kubeconfig", errors.Join(err, r.eachAPI(func(host string) error {
		believing := at(now, host)
		believing.CAData = former.CAData
		err := asks(ctx, believing)
		var stranger x509.UnknownAuthorityError
		switch {
		case err == nil:
			return errors.New("its certificate is of the former CA")
		case errors.As(err, &stranger):
			return nil
		}
		return err
	})))
	err = r.eachAPI(func(host string) error {
		// Whom it believes is not what it is refused for.
		shown := at(former, host)
		shown.CAData = now.CAData
		err := asks(ctx, shown)
		switch {
		case err == nil:
			return errors.New("takes the former kubeconfig's certificate")
		case apierrors.IsUnauthorized(err):
			return nil
		}
		return fmt.Errorf("does not say that it refuses the certificate: %w", err)
	})
	r.addChecked("the former Kubernetes CA opens nothing any more", "every API server refuses the former kubeconfig", err)
}

// at is a config for another server.
func at(config *rest.Config, host string) *rest.Config {
	config = rest.CopyConfig(config)
	config.Host = host
	return config
}

// copyOpensAPI is whether a certificate that is made with an opened break-glass copy's secrets.yaml opens every API server.
func (r *rehearsal) copyOpensAPI(ctx context.Context, opened string) {
	err := func() error {
		bundle, err := talossecrets.LoadBundle(filepath.Join(opened, "secrets.yaml"))
		if err != nil {
			return err
		}
		admin := controlplane.TalosAdmin
		pair, err := pki.Issue(bundle.Certs.K8s, pki.Leaf{CommonName: admin.User, Organization: admin.Group, Client: true, Lifetime: time.Hour})
		if err != nil {
			return err
		}
		return r.eachAPI(func(host string) error {
			client, err := kubernetes.NewForConfig(&rest.Config{
				Host: host, Timeout: patience,
				TLSClientConfig: rest.TLSClientConfig{CAData: bundle.Certs.K8s.Crt, CertData: pair.Crt, KeyData: pair.Key},
			})
			if err != nil {
				return err
			}
			_, err = client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
			return err
		})
	}()
	r.addChecked("the new break-glass copy opens the API servers", "with a certificate that is made with its secrets.yaml", err)
}
