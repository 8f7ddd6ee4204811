package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

// checkLoadBalancers looks whether every service that wants an address has one out of the stack's pools.
func (r *rehearsal) checkLoadBalancers(ctx context.Context, c *cluster) (string, error) {
	var detail string
	count := 0
	err := until(ctx, func(ctx context.Context) error {
		list, err := c.client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var errs []error
		count = 0
		for _, s := range list.Items {
			if s.Spec.Type != corev1.ServiceTypeLoadBalancer {
				continue
			}
			count++
			if err := r.servedFromPools(s); err != nil {
				errs = append(errs, fmt.Errorf("service %s/%s: %w", s.Namespace, s.Name, err))
			}
		}
		detail = fmt.Sprintf("%d services", count)
		if count == 0 && len(slices.Concat(r.stack.Edge.Gateways.Internal, r.stack.Edge.Gateways.External, r.stack.Edge.Gateways.DNS)) > 0 {
			errs = append(errs, errors.New("no service wants one: that proves nothing"))
		}
		return errors.Join(errs...)
	})
	if err == nil && count == 0 {
		return "", skipped("no service wants one, and the stack has no gateway")
	}
	return detail, err
}

func (r *rehearsal) servedFromPools(s corev1.Service) error {
	if len(s.Status.LoadBalancer.Ingress) == 0 {
		return fmt.Errorf("it has no address: %v", s.Status.Conditions)
	}
	for _, i := range s.Status.LoadBalancer.Ingress {
		address, err := netip.ParseAddr(i.IP)
		if err != nil {
			return err
		}
		if !r.inPools(address) {
			return fmt.Errorf("its address %s lies in no pool", address)
		}
	}
	return nil
}

func (r *rehearsal) inPools(address netip.Addr) bool {
	for _, p := range r.stack.Cilium.Pools {
		if slices.ContainsFunc(p.Blocks, func(b spec.Range) bool { return b.Contains(address) }) {
			return true
		}
	}
	return false
}

// checkStrayAddress asks for an address outside every pool, which must stay pending, and for one inside.
func (r *rehearsal) checkStrayAddress(ctx context.Context, c *cluster) (string, error) {
	if len(r.stack.Cilium.Pools) == 0 {
		return "", skipped("the stack has no pool")
	}
	services := c.client.CoreV1().Services("default")
	ask := func(name string, annotations map[string]string) (*corev1.Service, error) {
		return services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
	}
	// TEST-NET-3, which no home has.
	stray, err := ask("stray", map[string]string{"lbipam.cilium.io/ips": "203.0.113.9"})
	if err != nil {
		return "", err
	}
	defer func() { _ = services.Delete(context.WithoutCancel(ctx), stray.Name, metav1.DeleteOptions{}) }()
	plain, err := ask("any", nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = services.Delete(context.WithoutCancel(ctx), plain.Name, metav1.DeleteOptions{}) }()

	var got string
	err = until(ctx, func(ctx context.Context) error {
		s, err := services.Get(ctx, plain.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := r.servedFromPools(*s); err != nil {
			return err
		}
		got = s.Status.LoadBalancer.Ingress[0].IP
		// By now the other has been looked at too: it is the older one.
		s, err = services.Get(ctx, stray.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(s.Status.LoadBalancer.Ingress) > 0 {
			return fmt.Errorf("an address outside every pool was given: %v", s.Status.LoadBalancer.Ingress)
		}
		if len(s.Status.Conditions) == 0 {
			return errors.New("nobody looked at the service that asks for an address outside every pool")
		}
		return nil
	})
	return fmt.Sprintf("203.0.113.9 pends; one that asks for none got %s", got), err
}
