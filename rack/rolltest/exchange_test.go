package rolltest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// authorityStep is one step of a rotation of the Kubernetes CA: who issues, and who is accepted besides.
type authorityStep struct {
	name              string
	issuing, accepted *secrets.Bundle
}

// exchange rolls every machine to the authorities of a step.
func (c *cluster) exchange(stack *spec.Stack, step authorityStep) {
	r := c.newRoll(stack, roll.DefaultLimits())
	bundle := *c.bundle
	certs := *c.bundle.Certs
	certs.K8s = step.issuing.Certs.K8s
	bundle.Certs = &certs
	held := machineconfig.Secrets{Bundle: &bundle}
	if step.accepted != nil {
		held.AcceptedKubernetesCA = step.accepted.Certs.K8s.Crt
	}
	var changing sync.WaitGroup
	for _, n := range stack.Nodes {
		wanted := roll.NodeOf(stack, n)
		var err error
		if wanted.Config, err = machineconfig.Build(stack, n, held); err != nil {
			c.t.Fatal(err)
		}
		changing.Go(func() {
			if err := r.Change(c.t.Context(), wanted); err != nil {
				c.t.Errorf("%s: %s: %v", step.name, wanted.Name, err)
			}
		})
	}
	changing.Wait()
}

// pod is a client with the token of a service account, that believes whom its namespace's ConfigMap names.
func (c *cluster) pod(believes string) kubernetes.Interface {
	c.t.Helper()
	token, err := c.client.CoreV1().ServiceAccounts("default").CreateToken(c.t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: c.config.Host, BearerToken: token.Status.Token, TLSClientConfig: rest.TLSClientConfig{CAData: []byte(believes)}, Timeout: 10 * time.Second,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return client
}

// told is what pods of the namespace default are told of the API server's authority.
func (c *cluster) told() string {
	c.t.Helper()
	held, err := c.client.CoreV1().ConfigMaps("default").Get(c.t.Context(), "kube-root-ca.crt", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return held.Data["ca.crt"]
}

// reaches says that a pod gets an answer, if only a refusal.
func reaches(pod kubernetes.Interface) error {
	_, err := pod.CoreV1().Pods("default").List(context.Background(), metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

func TestRoll_ExchangesTheKubernetesCAOfAClusterThatIsInUse(t *testing.T) {
	stack := lab(t, func(text string) string { return text })
	if !inRoom(t, stack) {
		return
	}
	c := newCluster(t, stack)
	c.populate()
	contract, err := config.ParseContractFromVersion(string(stack.Cluster.TalosContract))
	if err != nil {
		t.Fatal(err)
	}
	next, err := secrets.NewBundle(secrets.NewClock(), contract)
	if err != nil {
		t.Fatal(err)
	}
	former, old, told := rest.CopyConfig(c.config), c.pod(c.told()), c.told()
	for _, step := range []authorityStep{{"accepted", c.bundle, next}, {"issues", next, c.bundle}, {"alone", next, nil}} {
		c.forget()
		began := time.Now()
		asked, failed := c.whileTrying(5, func() { c.exchange(stack, step) })
		_, order := c.went()
		t.Logf("%s: %.0f s, %d of %d writes failed", step.name, time.Since(began).Seconds(), failed, asked)
		if failed > 0 || len(order) > 0 {
			t.Errorf("%s: %d of %d writes failed, %v went down", step.name, failed, asked, order)
		}
		if t.Failed() {
			return
		}
		c.enter(stack)
		c.check(stack)
		// Who restarts pods right after the step gives them the authority that issues.
		if err := reaches(c.pod(c.told())); err != nil {
			t.Errorf("%s: a pod that starts: %v", step.name, err)
		}
		if believed := reaches(old) == nil; believed != (step.name == "accepted") {
			t.Errorf("%s: a pod that has read the former authority reaches the API: %t", step.name, believed)
		}
	}
	c.eventually("pods are told of the new authority alone", func(context.Context) error {
		if is := c.told(); is == told || strings.TrimSpace(is) != strings.TrimSpace(string(next.Certs.K8s.Crt)) {
			return errors.New("they are told of another")
		}
		return reaches(c.pod(c.told()))
	})
	// Whom it believes is not what it is refused for.
	former.CAData = next.Certs.K8s.Crt
	client, err := kubernetes.NewForConfig(former)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("the former kubeconfig: %v", err)
	}
	c.kubeletsHave(t, next)
	c.scale(t)
}

// kubeletsHave looks at the certificates that the kubelets asked for after the exchange.
func (c *cluster) kubeletsHave(t *testing.T, by *secrets.Bundle) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(by.Certs.K8s.Crt)
	requests, err := c.client.CertificatesV1().CertificateSigningRequests().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	signed := map[string]bool{}
	for _, request := range requests.Items {
		block, _ := pem.Decode(request.Status.Certificate)
		if block == nil {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
			signed[certificate.Subject.CommonName] = true
		}
	}
	if want := []string{"system:node:lab-1", "system:node:lab-2", "system:node:lab-3"}; !slices.Equal(sortedKeys(signed), want) {
		t.Errorf("%v have certificates of the new authority, want %v", sortedKeys(signed), want)
	}
}

func sortedKeys(of map[string]bool) []string {
	var keys []string
	for key := range of {
		keys = append(keys, key)
	}
	return sorted(keys)
}

// scale has everything take part that makes a pod run.
func (c *cluster) scale(t *testing.T) {
	t.Helper()
	c.eventually("another pod runs", func(ctx context.Context) error {
		d, err := c.client.AppsV1().Deployments("default").Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if four := int32(4); *d.Spec.Replicas != four {
			d.Spec.Replicas = &four
			_, err = c.client.AppsV1().Deployments("default").Update(ctx, d, metav1.UpdateOptions{})
			return errors.Join(err, errors.New("scaled just now"))
		}
		return running(d, 4)
	})
}

func running(d *appsv1.Deployment, want int32) error {
	if d.Status.ReadyReplicas != want {
		return fmt.Errorf("%d of %d are ready", d.Status.ReadyReplicas, want)
	}
	return nil
}
