package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/pulumi"
)

// reset returns machines to maintenance mode with the operator's command, and has `up` bring them back.
func reset(ctx context.Context, r *rehearsal) error {
	kept, err := r.keepCopies()
	if err != nil {
		return err
	}
	c, written, err := r.settled(ctx)
	if err != nil {
		return err
	}
	err = r.phase("reset", "trying to reset with another stack's name", func() error { return r.drillReset(ctx) })
	if err != nil {
		return err
	}
	for _, m := range r.toReset() {
		written.wiped[m.spec.Address] = true
		err := r.phase("reset", "homeops reset of "+m.spec.Name+", and pulumi up", func() error { return r.bringBack(ctx, c, m) })
		if err != nil {
			return err
		}
		r.kept(r.marked(ctx, c, written))
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	err = r.phase("reset", "homeops reset of the whole cluster, and pulumi up", func() error { return r.buildAgain(ctx, c, kept) })
	if err != nil {
		return err
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	return r.checked(ctx)
}

// toReset are a worker, where there is one, and the last control plane.
func (r *rehearsal) toReset() []*machine {
	var worker, plane *machine
	for _, m := range r.rack.nodes {
		if m.spec.IsControlPlane() {
			plane = m
		} else if worker == nil {
			worker = m
		}
	}
	return slices.DeleteFunc([]*machine{worker, plane}, func(m *machine) bool { return m == nil })
}

// drillReset types the wrong name: nothing may happen.
func (r *rehearsal) drillReset(ctx context.Context) error {
	err := r.homeops(ctx, "another\n", "reset", r.stack.Name)
	refused := err != nil && strings.Contains(err.Error(), `nothing was done: "another" is not `+r.stack.Name)
	var errs []error
	for _, m := range r.rack.nodes {
		if m.State() != node.Running {
			errs = append(errs, fmt.Errorf("%s is %v", m.spec.Name, m.State()))
		}
	}
	touched := errors.Join(errs...)
	r.add("drill: a reset without the stack's name does nothing", refused && touched == nil, detailOf(errors.Join(err, touched), "it went on"))
	return nil
}

func (r *rehearsal) bringBack(ctx context.Context, c *cluster, m *machine) error {
	name := "reset of " + m.spec.Name
	did, err := r.act(ctx, c, name, func() error {
		if err := r.asWritten(ctx, resetNode, r.stack.Name+"\n", map[string]string{"NODE": m.spec.Name}); err != nil {
			return err
		}
		if m.State() != node.Maintenance {
			return fmt.Errorf("%s is %v, not in maintenance mode", m.spec.Name, m.State())
		}
		if err := r.upAsWritten(ctx, upAfterReset); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	if err == nil && len(did.Down) == 0 {
		err = errors.New("it never went down")
	}
	r.came(did, "it comes back", err)
	r.alone(did, m.spec.Name)
	r.answers(did, len(r.stack.ControlPlanes()) >= 3 || !m.spec.IsControlPlane())
	return err
}

// accounts are the resources outside of the cluster, by the beginnings of their types.
var accounts = []string{"cloudflare:", "github:", "onepassword:", "talos:machine/secrets:"}

// buildAgain resets every machine, and builds the cluster again while its certificates are put back.
func (r *rehearsal) buildAgain(ctx context.Context, c *cluster, kept copies) error {
	const name = "reset of the cluster"
	before, err := certificate(ctx, c)
	if err != nil {
		return err
	}
	if err := r.asWritten(ctx, saveBefore, "", nil); err != nil {
		return err
	}
	watch, untouched := r.watchAccounts(name)
	did, err := r.act(ctx, c, name, func() error {
		if err := r.resetAll(ctx); err != nil {
			return err
		}
		put := make(chan error, 1)
		go func() {
			put <- r.asWritten(ctx, putBack, "", map[string]string{"key.txt": kept.identity})
		}()
		if err := r.upAsWritten(ctx, upAfterReset, watch); err != nil {
			return err
		}
		if err := <-put; err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "up builds it again", err)
	r.allDown(did)
	untouched()
	if err != nil {
		return err
	}
	return r.anew(ctx, c, name, before)
}

// resetAll resets every machine, as the page says for what the stack stores on.
func (r *rehearsal) resetAll(ctx context.Context) error {
	if r.stack.Storage.RookCeph != nil {
		return r.asWritten(ctx, resetWithCeph, r.stack.Name+"\n", nil)
	}
	return r.asWritten(ctx, resetCluster, r.stack.Name+"\n", nil)
}

// watchAccounts looks at what a run does outside of the cluster; untouched says whether it was nothing.
func (r *rehearsal) watchAccounts(name string) (watch pulumi.Watcher, untouched func()) {
	var touched []string
	watch = func(e apitype.EngineEvent) {
		if e.ResourcePreEvent == nil {
			return
		}
		m := e.ResourcePreEvent.Metadata
		mine := slices.ContainsFunc(accounts, func(prefix string) bool { return strings.HasPrefix(m.Type, prefix) })
		// The break-glass item takes the new cluster's kubeconfig.
		renewed := m.Op == apitype.OpUpdate && strings.HasSuffix(m.URN, "-break-glass")
		if mine && m.Op != apitype.OpSame && m.Op != apitype.OpRead && !renewed {
			touched = append(touched, fmt.Sprintf("%s %s", m.Op, m.URN))
		}
	}
	return watch, func() {
		r.add(name+": no account outside of the cluster is touched, but for what it keeps of the kubeconfig", len(touched) == 0, strings.Join(touched, "; "))
	}
}

// anew is whether a cluster is another one, with the certificate that was put back.
func (r *rehearsal) anew(ctx context.Context, c *cluster, name string, before *corev1.Secret) error {
	_, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(ctx, markerName, metav1.GetOptions{})
	r.add(name+": etcd is a new one", apierrors.IsNotFound(err), fmt.Sprint(err))
	after, err := certificate(ctx, c)
	if err != nil {
		return err
	}
	r.add(name+": the gateways have the certificate of before", bytes.Equal(before.Data[corev1.TLSPrivateKeyKey], after.Data[corev1.TLSPrivateKeyKey]) &&
		len(before.Data[corev1.TLSPrivateKeyKey]) > 0 && before.UID != after.UID, "its key, in another Secret")
	return nil
}

// certificate is the Secret of the gateways' certificate.
func certificate(ctx context.Context, c *cluster) (*corev1.Secret, error) {
	return c.client.CoreV1().Secrets("network").Get(ctx, "gateways-tls", metav1.GetOptions{})
}
