package rehearsal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/pulumi"
)

// offFor is longer than Talos, Kubernetes and cert-manager let any certificate live that is no authority's: a year
// (https://pkg.go.dev/github.com/siderolabs/crypto/x509#DefaultCertificateValidityDuration).
const offFor = 400 * 24 * time.Hour

// yearOff has a year pass while the machines are off. No process's clock is moved: what would have ended is made to have ended,
// by moving its days into the past.
func yearOff(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, 0, func(c *cluster, written marks) error {
		err := r.phase("year-off", "switching all machines off, for 400 days", func() error { return r.sleep(ctx, c) })
		if err != nil {
			return err
		}
		r.kept(r.marked(ctx, c, written))
		err = r.phase("year-off", "homeops doctor and pulumi preview, with certificates that have ended", func() error {
			r.ended(ctx)
			return nil
		})
		if err != nil {
			return err
		}
		return r.phase("year-off", "pulumi up, which must make them anew", func() error { return r.renew(ctx, c) })
	})
}

// sleep switches the machines off, ages what is kept anywhere, and switches them on.
func (r *rehearsal) sleep(ctx context.Context, c *cluster) error {
	state, err := r.cli.ExportPlain(ctx)
	if err != nil {
		return err
	}
	signers, err := authoritiesIn(state)
	if err != nil {
		return err
	}
	// It would renew at once what is aged while it runs.
	wake, err := scaleToNothing(ctx, c, "cert-manager")
	if err != nil {
		return err
	}
	gateways, err := ageGateways(ctx, c)
	if err != nil {
		return err
	}
	did, err := r.act(ctx, c, "400 days without power", func() error {
		for _, m := range r.rack.nodes {
			m.PowerOff()
		}
		for _, m := range r.rack.nodes {
			if err := m.WaitFor(ctx, node.Off); err != nil {
				return err
			}
			if err := ageKubelet(m, signers); err != nil {
				return err
			}
		}
		aged, subjects, err := ageState(state, signers, offFor)
		if err != nil {
			return err
		}
		fmt.Fprintln(r.out, "  ended in the state: "+strings.Join(subjects, "; "))
		if err := r.cli.Import(ctx, aged); err != nil {
			return err
		}
		for _, m := range r.rack.nodes {
			m.PowerOn()
		}
		return within(ctx, comesBack, func(ctx context.Context) error { return r.stands(ctx, c) })
	})
	r.came(did, "the cluster comes back by itself", err)
	r.allDown(did)
	if err != nil {
		return err
	}
	if err := wake(ctx); err != nil {
		return err
	}
	r.renewedGateways(ctx, c, gateways)
	return nil
}

// renewedGateways looks whether the gateways have another certificate than that which has ended.
func (r *rehearsal) renewedGateways(ctx context.Context, c *cluster, ended []byte) {
	r.addChecked("the gateways' certificate is renewed", "cert-manager has seen that it had ended", until(ctx, func(ctx context.Context) error {
		now, err := certificate(ctx, c)
		if err != nil {
			return err
		}
		if bytes.Equal(now.Data[corev1.TLSCertKey], ended) {
			return errors.New("it is the one that has ended")
		}
		return goodFor(now.Data[corev1.TLSCertKey], 24*time.Hour)
	}))
}

// scaleToNothing ends the pods of a Deployment, and returns what brings them back.
func scaleToNothing(ctx context.Context, c *cluster, name string) (back func(context.Context) error, err error) {
	all, err := c.client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return nil, err
	}
	if len(all.Items) != 1 {
		return nil, fmt.Errorf("there are %d Deployments %s, not one", len(all.Items), name)
	}
	of := all.Items[0]
	scale := func(ctx context.Context, replicas *int32) error {
		return until(ctx, func(ctx context.Context) error {
			now, err := c.client.AppsV1().Deployments(of.Namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			now.Spec.Replicas = replicas
			_, err = c.client.AppsV1().Deployments(of.Namespace).Update(ctx, now, metav1.UpdateOptions{})
			return err
		})
	}
	if err := scale(ctx, new(int32)); err != nil {
		return nil, err
	}
	err = until(ctx, func(ctx context.Context) error {
		now, err := c.client.AppsV1().Deployments(of.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil && (now.Status.ObservedGeneration < now.Generation || now.Status.Replicas > 0) {
			err = fmt.Errorf("the Deployment %s has %d pods still", name, now.Status.Replicas)
		}
		return err
	})
	return func(ctx context.Context) error { return scale(ctx, replicasOf(of)) }, err
}

// replicasOf is how many pods a Deployment wants: one unless it says so.
func replicasOf(d appsv1.Deployment) *int32 {
	if d.Spec.Replicas == nil {
		return new(int32(1))
	}
	return d.Spec.Replicas
}

// ageGateways puts a certificate that has ended into the gateways' Secret, for the key that is there. Who signed it does not
// matter to those who renew it.
func ageGateways(ctx context.Context, c *cluster) ([]byte, error) {
	secret, err := certificate(ctx, c)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the gateways' key signs nothing")
	}
	aged, err := authority{pair.Leaf, key}.again(pair.Leaf, offFor)
	if err != nil {
		return nil, err
	}
	secret.Data[corev1.TLSCertKey] = aged
	_, err = c.client.CoreV1().Secrets(secret.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
	return aged, err
}

// ageKubelet moves the certificate that a kubelet keeps on EPHEMERAL into the past.
func ageKubelet(m *machine, signers []authority) error {
	path := filepath.Join(m.dir, "ephemeral", "lib", "kubelet", "pki", "kubelet-client.crt")
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", m.spec.Name, err)
	}
	aged, _, err := moveBack(raw, signers, offFor)
	if err != nil {
		return fmt.Errorf("%s: kubelet: %w", m.spec.Name, err)
	}
	return os.WriteFile(path, aged, 0o600)
}

// ended looks at what the operator's tools say when their certificates have ended.
func (r *rehearsal) ended(ctx context.Context) {
	said, err := r.homeopsSays(ctx, "", "doctor", r.stack.Name)
	var missing []error
	for _, what := range []string{"talosconfig", "kubeconfig"} {
		if !saysEnded(said, what) {
			missing = append(missing, fmt.Errorf("homeops doctor does not say that the %s has ended", what))
		}
	}
	if err == nil {
		missing = append(missing, errors.New("homeops doctor ends with 0"))
	}
	r.addChecked("homeops doctor says which certificates have ended", "talosconfig and kubeconfig, and pulumi up as the way on", errors.Join(missing...))

	preview, err := r.cli.Preview(ctx)
	r.addChecked("a preview says that they will be made anew", fmt.Sprintf("%v", changesOf(preview)), onlyUpdates(preview, err))
}

// saysEnded reports whether one line of the doctor's names something, that it has ended, and the command that helps.
func saysEnded(said, what string) bool {
	lines := strings.Split(said, "\n")
	for i, line := range lines {
		if strings.Contains(line, what) && strings.Contains(line, "ended on") {
			return strings.Contains(strings.Join(lines[i:min(i+2, len(lines))], "\n"), "pulumi up")
		}
	}
	return false
}

func (r *rehearsal) makeAnew(ctx context.Context) error {
	result, err := r.cli.Up(ctx)
	r.addChecked("up makes anew what has ended, and nothing else", fmt.Sprintf("%v", changesOf(result)), onlyUpdates(result, err))
	return err
}

// renew has `up` make anew what has ended.
func (r *rehearsal) renew(ctx context.Context, c *cluster) error {
	did, err := r.act(ctx, c, "up with certificates that have ended", func() error {
		if err := r.makeAnew(ctx); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "the new certificates are taken", err)
	r.alone(did)
	r.answers(did, true)
	if err != nil {
		return err
	}
	now, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	r.handedOut(now)
	return nil
}

func (r *rehearsal) handedOut(now *cluster) {
	r.addChecked("talosconfig and kubeconfig are good for most of a year", "as the stack hands them out", now.goodFor(300*24*time.Hour))
}

// changesOf are the changes of a run, if it came to any.
func changesOf(result *pulumi.Result) map[apitype.OpType]int {
	if result == nil {
		return nil
	}
	return result.Changes
}

// onlyUpdates is an error that names what a run did beside updates, that it made none, or why it failed.
func onlyUpdates(result *pulumi.Result, err error) error {
	if err != nil {
		if result != nil {
			err = fmt.Errorf("%w: %s", err, strings.Join(result.Errors, "; "))
		}
		return err
	}
	changes := changesOf(result)
	var others []string
	for op, n := range changes {
		if op != apitype.OpSame && op != apitype.OpRead && op != apitype.OpUpdate && n > 0 {
			others = append(others, fmt.Sprintf("%s: %d", op, n))
		}
	}
	if len(others) > 0 {
		slices.Sort(others)
		return fmt.Errorf("not only updates: %s", strings.Join(others, ", "))
	}
	if changes[apitype.OpUpdate] == 0 {
		return errors.New("nothing is made anew")
	}
	return nil
}

// goodFor is an error when a certificate ends within some time.
func goodFor(raw []byte, least time.Duration) error {
	block, _ := pem.Decode(raw)
	if block == nil {
		return errors.New("is no certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	if time.Until(leaf.NotAfter) < least {
		return fmt.Errorf("the certificate of %s ends on %s", leaf.Subject, leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return nil
}

// goodFor is an error when a certificate ends within some time that the program hands out.
func (c *cluster) goodFor(least time.Duration) error {
	config, err := clientconfig.FromString(c.talosconfig)
	if err != nil {
		return err
	}
	current := config.Contexts[config.Context]
	if current == nil {
		return fmt.Errorf("talosconfig has no context %q", config.Context)
	}
	raw, err := base64.StdEncoding.DecodeString(current.Crt)
	if err != nil {
		return err
	}
	return errors.Join(goodFor(raw, least), goodFor(c.rest.CertData, least))
}
