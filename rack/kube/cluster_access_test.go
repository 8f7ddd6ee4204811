package kube_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

func TestCluster_GivesTalosconfigsToTheNamespacesThatMayHaveThem(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11") {
		return
	}
	c, configs := alone(t)

	enabled := true
	m := c.machines["cp-1"]
	m.machine.Config = configs.Config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineFeatures.KubernetesTalosAPIAccessConfig = &v1alpha1.KubernetesTalosAPIAccessConfig{
			AccessEnabled: &enabled, AccessAllowedRoles: []string{"os:etcd:backup"}, AccessAllowedKubernetesNamespaces: []string{"etcd-backup"},
		}
	})
	if err := m.kube.Reconfigure(t.Context(), m.machine); err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "etcd-backup"}}
	if _, err := c.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ask := asker(t, c)
	c.eventually("the kind is there without a reboot", 20*time.Second, func(ctx context.Context) error {
		return ask(ctx, "etcd-backup", "snapshots", "os:etcd:backup")
	})
	for _, test := range []struct{ namespace, name, role, want string }{
		{"default", "elsewhere", "os:etcd:backup", "Namespace is not allowed: default"},
		{"etcd-backup", "greedy", "os:admin", "Roles not allowed: [os:admin]"},
	} {
		if err := ask(t.Context(), test.namespace, test.name, test.role); err != nil {
			t.Fatal(err)
		}
		c.eventually(test.name+" is refused", 10*time.Second, failsWith(c, test.namespace, test.name, test.want))
		if _, err := c.client.CoreV1().Secrets(test.namespace).Get(t.Context(), test.name, metav1.GetOptions{}); err == nil {
			t.Errorf("%s has a Secret all the same", test.name)
		}
	}

	var config *clientconfig.Config
	c.eventually("snapshots has its Secret", 10*time.Second, func(ctx context.Context) error {
		secret, err := c.client.CoreV1().Secrets("etcd-backup").Get(ctx, "snapshots", metav1.GetOptions{})
		if err != nil {
			return err
		}
		config, err = clientconfig.FromBytes(secret.Data["config"])
		return err
	})
	checkTalosconfig(t, config, m.machine.Config.Machine().Security().IssuingCA().Crt)
}

var serviceAccounts = schema.GroupVersionResource{Group: "talos.dev", Version: "v1alpha1", Resource: "serviceaccounts"}

// asker creates ServiceAccounts of Talos.
func asker(t *testing.T, c *cluster) func(ctx context.Context, namespace, name, role string) error {
	t.Helper()
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, namespace, name, role string) error {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "talos.dev/v1alpha1", "kind": "ServiceAccount", "metadata": map[string]any{"name": name},
			"spec": map[string]any{"roles": []any{role}},
		}}
		_, err := client.Resource(serviceAccounts).Namespace(namespace).Create(ctx, object, metav1.CreateOptions{})
		return err
	}
}

// failsWith wants this reason in the status.
func failsWith(c *cluster, namespace, name, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		client, err := dynamic.NewForConfig(c.config)
		if err != nil {
			return err
		}
		object, err := client.Resource(serviceAccounts).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if reason, _, _ := unstructured.NestedString(object.Object, "status", "failureReason"); reason != want {
			return fmt.Errorf("failureReason = %q, want %q", reason, want)
		}
		return nil
	}
}

// checkTalosconfig wants one that a node with this authority accepts, as nobody but a maker of snapshots.
func checkTalosconfig(t *testing.T, config *clientconfig.Config, authority []byte) {
	t.Helper()
	current := config.Contexts[config.Context]
	if len(current.Endpoints) != 1 || current.Endpoints[0] != "talos.default" {
		t.Errorf("endpoints = %v", current.Endpoints)
	}
	certificate, err := base64.StdEncoding.DecodeString(current.Crt)
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(current.Key)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := pair.Leaf.Verify(client); err != nil {
		t.Error(err)
	}
	if got := pair.Leaf.Subject.String(); got != "O=os:etcd:backup" {
		t.Errorf("subject = %s", got)
	}
}
