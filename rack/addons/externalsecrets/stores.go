package externalsecrets

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/1Password/connect-sdk-go/connect"
	"github.com/1Password/connect-sdk-go/onepassword"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

func (p *pass) stores(kind cluster.Kind) error {
	var errs []error
	for _, item := range cluster.Read[store](p.Cluster, kind) {
		s := item.Typed
		if s.Spec.Provider.OnePassword == nil {
			continue
		}
		if message, err := p.validate(s); err != nil {
			p.Log.Debug("store", "name", cluster.Key(s), "error", err)
			p.failed(s.UID)
			s.Status.Conditions = ready(s.Status.Conditions, false, "InvalidProviderConfig", message)
		} else {
			delete(p.failures, s.UID)
			s.Status.Conditions = ready(s.Status.Conditions, true, "Valid", "store validated")
			s.Status.Capabilities = "ReadWrite"
			if s.Spec.RefreshInterval > 0 {
				p.Again(time.Duration(s.Spec.RefreshInterval) * time.Second)
			}
		}
		errs = append(errs, p.WriteStatus(p.ctx, kind, item.Object, s.Status))
	}
	return errors.Join(errs...)
}

// validate finds every vault of a store. The message is what the store's condition says of the error.
func (p *pass) validate(s *store) (message string, err error) {
	v, err := p.open(s, s.Namespace)
	if err != nil {
		return "unable to create client", err
	}
	for _, name := range v.order {
		if _, err := v.vault(name); err != nil {
			return "unable to validate store", err
		}
	}
	return "", nil
}

// vaults are a store that can be read.
type vaults struct {
	client connect.Client
	order  []string
	// unreachable is why nobody answers.
	unreachable error
}

func (v *vaults) vault(name string) (*onepassword.Vault, error) {
	if v.unreachable != nil {
		return nil, v.unreachable
	}
	vault, err := v.client.GetVault(name)
	if err != nil {
		return nil, fmt.Errorf("error finding 1Password Vault: %w", err)
	}
	return vault, nil
}

// open makes a client for a store's Connect server. The Secret with the token is in the namespace that the store names: that of the
// ExternalSecret when a ClusterSecretStore names none.
func (p *pass) open(s *store, namespace string) (*vaults, error) {
	config := s.Spec.Provider.OnePassword
	ref := config.Auth.SecretRef.Token
	if s.Namespace == "" {
		namespace = cmp.Or(ref.Namespace, namespace)
	}
	secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, namespace, ref.Name)
	if secret == nil {
		return nil, fmt.Errorf("cannot get Kubernetes secret %q from namespace %q: secrets %q not found", ref.Name, namespace, ref.Name)
	}
	token, ok := secret.Data[ref.Key]
	if !ok {
		return nil, fmt.Errorf("cannot find secret data for key: %q", ref.Key)
	}
	order := slices.SortedFunc(maps.Keys(config.Vaults), func(a, b string) int { return config.Vaults[a] - config.Vaults[b] })
	// The token is taken as it is, as External Secrets does: with a newline at its end it opens nothing.
	return &vaults{
		client: connect.NewClient(p.connectURL(config.ConnectHost), string(token)), order: order, unreachable: p.reachable(config.ConnectHost),
	}, nil
}

// reachable wants a pod behind a host that is a Service of the cluster.
func (p *pass) reachable(host string) error {
	u, err := url.Parse(host)
	if err != nil {
		return fmt.Errorf("unable to parse URL: spec.provider.onepassword.connectHost: %w", err)
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) < 3 || parts[2] != "svc" {
		return nil
	}
	name, namespace := parts[0], parts[1]
	service := cluster.Find[corev1.Service](p.Cluster, cluster.Services, namespace, name)
	if service == nil {
		return fmt.Errorf("Get %q: dial tcp: lookup %s: no such host", host, u.Hostname()) //nolint:staticcheck // Go's words for it
	}
	if len(p.ReadyPods(namespace, labels.SelectorFromSet(service.Spec.Selector))) == 0 {
		return fmt.Errorf("Get %q: dial tcp %s: connect: connection refused: no pod of %s/%s is ready", //nolint:staticcheck // Go's words for it
			host, service.Spec.ClusterIP, namespace, name)
	}
	return nil
}

// item is the one of that title, or id, in the first vault that has it.
func (v *vaults) item(key string) (*onepassword.Item, error) {
	for _, name := range v.order {
		vault, err := v.vault(name)
		if err != nil {
			return nil, err
		}
		items, err := v.client.GetItemsByTitle(key, vault.ID)
		if err != nil {
			return nil, fmt.Errorf("error finding 1Password Item: %w", err)
		}
		switch len(items) {
		case 0:
		case 1:
			return v.client.GetItemByUUID(items[0].ID, vault.ID)
		default:
			return nil, fmt.Errorf("expected one 1Password Item matching: '%s', got %d", key, len(items))
		}
	}
	return nil, fmt.Errorf("key not found in 1Password Vaults: %s in: %v", key, v.order)
}

// field is the value of an item's one field of that label, the password when it is empty.
func field(item *onepassword.Item, label string) ([]byte, error) {
	label = cmp.Or(strings.TrimPrefix(label, "field/"), "password")
	var found []*onepassword.ItemField
	for _, f := range item.Fields {
		if f.Label == label {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("expected one 1Password ItemField matching: '%s' in '%s', got %d", label, item.Title, len(found))
	}
	return []byte(found[0].Value), nil
}
