package externaldns

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
	"github.com/home-ops/home-ops/rack/cloudflare/api"
)

// tokenVariable is where external-dns finds Cloudflare's API token.
const tokenVariable = "CF_API_TOKEN" //nolint:gosec // a name

// Controller publishes names at Cloudflare, whose API is found by the client, at a URL (empty for its own), for every
// Deployment of external-dns that has a ready pod and Cloudflare for its provider.
func Controller(client *http.Client, url string) cluster.Controller {
	m := &memory{looks: map[string]look{}}
	return cluster.Controller{
		Name: "external-dns", Operators: []string{"external-dns*"},
		Kinds: []cluster.Kind{cluster.Secrets, gateway.Gateways, gateway.HTTPRoutes},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			return m.pass(ctx, c, func(token string, args *Args) Publisher {
				return newCloudflare(&api.Client{HTTP: client, URL: url, Token: token}, args)
			})
		},
	}
}

// memory keeps what each external-dns saw when it looked last.
type memory struct{ looks map[string]look }

type look struct {
	endpoints []Endpoint
	token     string
	args      *Args
	at        time.Time
}

func (m *memory) pass(ctx context.Context, c *cluster.Cluster, open func(token string, args *Args) Publisher) error {
	var errs []error
	for _, item := range cluster.Read[appsv1.Deployment](c, cluster.Deployments) {
		container := containerOf(item.Typed)
		if container == nil || !slices.Contains(container.Args, "--provider=cloudflare") || !ready(c, item.Typed) {
			continue
		}
		if err := m.one(ctx, c, item.Typed, container, open); err != nil {
			errs = append(errs, fmt.Errorf("deployment %s: %w", cluster.Key(item.Typed), err))
		}
	}
	return errors.Join(errs...)
}

// one does the work of one external-dns, if there is something new or its time has come.
func (m *memory) one(
	ctx context.Context, c *cluster.Cluster, d *appsv1.Deployment, container *corev1.Container,
	open func(string, *Args) Publisher,
) error {
	args, err := Parse(container.Args)
	if err != nil {
		return err
	}
	token, err := tokenOf(c, d.Namespace, container)
	if err != nil {
		return err
	}
	seen := look{endpoints: Endpoints(args, typed[gatewayio.Gateway](c, gateway.Gateways),
		typed[gatewayio.Route](c, gateway.HTTPRoutes)), token: token, args: args, at: time.Now()}
	last := m.looks[cluster.Key(d)]
	changed := !reflect.DeepEqual(last.args, args) || last.token != token ||
		args.Events && !reflect.DeepEqual(last.endpoints, seen.endpoints)
	if !changed && time.Since(last.at) < args.Interval {
		return nil
	}
	if err := Publish(ctx, args, seen.endpoints, open(token, args)); err != nil {
		return err
	}
	m.looks[cluster.Key(d)] = seen
	return nil
}

// Publish makes the records what the endpoints ask for.
func Publish(ctx context.Context, args *Args, endpoints []Endpoint, to Publisher) error {
	existing, err := to.Records(ctx)
	if err != nil {
		return err
	}
	changes := Plan(args, endpoints, existing)
	var errs []error
	for _, r := range changes.Delete {
		errs = append(errs, to.Delete(ctx, r))
	}
	for _, r := range changes.Upsert {
		errs = append(errs, to.Upsert(ctx, r))
	}
	return errors.Join(errs...)
}

func containerOf(d *appsv1.Deployment) *corev1.Container {
	for i, container := range d.Spec.Template.Spec.Containers {
		if container.Name == "external-dns" || strings.Contains(container.Image, "/external-dns:") {
			return &d.Spec.Template.Spec.Containers[i]
		}
	}
	return nil
}

func ready(c *cluster.Cluster, d *appsv1.Deployment) bool {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	return err == nil && len(c.ReadyPods(d.Namespace, selector)) > 0
}

// tokenOf is the API token that the container is given.
func tokenOf(c *cluster.Cluster, namespace string, container *corev1.Container) (string, error) {
	for _, variable := range container.Env {
		if variable.Name != tokenVariable {
			continue
		}
		if variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil {
			return variable.Value, nil
		}
		ref := variable.ValueFrom.SecretKeyRef
		secret := c.Get(cluster.Secrets, namespace, ref.Name)
		if secret == nil {
			return "", fmt.Errorf("%s: secret %q not found", tokenVariable, ref.Name)
		}
		data, _ := secret.Object["data"].(map[string]any)
		encoded, _ := data[ref.Key].(string)
		token, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(token) == 0 {
			return "", fmt.Errorf("%s: secret %s/%s has nothing under %q", tokenVariable, namespace, ref.Name, ref.Key)
		}
		return string(token), nil
	}
	return "", fmt.Errorf("the container has no %s", tokenVariable)
}

func typed[T any](c *cluster.Cluster, kind cluster.Kind) []*T {
	var all []*T
	for _, item := range cluster.Read[T](c, kind) {
		all = append(all, item.Typed)
	}
	return all
}
