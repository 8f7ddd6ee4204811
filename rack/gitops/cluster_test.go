package gitops_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	talosconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/rack/kube"
	"github.com/home-ops/home-ops/rack/node"
)

const kubernetesVersion = "1.34.1"

// cluster is one node that is a control plane and runs everything.
type cluster struct {
	t       *testing.T
	config  *rest.Config
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

func startCluster(t *testing.T, b *built, log *slog.Logger) *cluster {
	t.Helper()
	input, err := generate.NewInput("home", "https://"+nodeAddress+":6443", kubernetesVersion,
		generate.WithVersionContract(talosconfig.TalosVersion1_11), generate.WithAllowSchedulingOnControlPlanes(true))
	if err != nil {
		t.Fatal(err)
	}
	config, err := input.Config(machine.TypeControlPlane)
	if err != nil {
		t.Fatal(err)
	}
	config, err = config.PatchV1Alpha1(func(c *v1alpha1.Config) error {
		disabled := true
		c.ClusterConfig.ClusterNetwork.CNI = &v1alpha1.CNIConfig{CNIName: constants.NoneCNI}
		c.ClusterConfig.ProxyConfig = &v1alpha1.ProxyConfig{Disabled: &disabled}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := kube.NewFabric(kube.Options{Binary: b.Kube, Dir: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fabric.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := fabric.Node("cp-1")
	if err := n.Boot(t.Context(), node.Machine{
		Name: "cp-1", Dir: t.TempDir(), Config: config, TalosVersion: "v1.11.1", Arch: "amd64", BootID: "1",
		Addresses: []netip.Addr{netip.MustParseAddr(nodeAddress)},
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Bootstrap(ctx, node.Recovery{}); err != nil {
		t.Fatal(err)
	}
	if err := fabric.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := n.Kubeconfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, kubeconfig)
}

func connect(t *testing.T, kubeconfig []byte) *cluster {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Timeout, config.WarningHandler, config.QPS = 10*time.Second, rest.NoWarnings{}, 50
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t: t, config: config, dynamic: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(finder))}
}

// of is the client for one kind in a namespace; for a kind without namespaces that is empty.
func (c *cluster) of(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		c.mapper.Reset()
		return nil, err
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
}

// apply applies every object in the files; a kind that was defined just now may take a moment.
func (c *cluster) apply(pattern string) {
	c.t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		c.t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			c.t.Fatal(err)
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
		for {
			var o unstructured.Unstructured
			if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				c.t.Fatalf("%s: %v", path, err)
			}
			c.eventually("apply "+path, 20*time.Second, func(ctx context.Context) error { return c.applyOne(ctx, &o) })
		}
	}
}

func (c *cluster) applyOne(ctx context.Context, o *unstructured.Unstructured) error {
	client, err := c.of(o.GroupVersionKind(), o.GetNamespace())
	if err != nil {
		return err
	}
	_, err = client.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "test", Force: true})
	return err
}

func (c *cluster) get(ctx context.Context, apiVersion, kind, namespace, name string) (*unstructured.Unstructured, error) {
	client, err := c.of(schema.FromAPIVersionAndKind(apiVersion, kind), namespace)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, name, metav1.GetOptions{})
}

// eventually tries until there is no error, and returns how long that took.
func (c *cluster) eventually(what string, within time.Duration, try func(ctx context.Context) error) time.Duration {
	c.t.Helper()
	began := time.Now()
	var err error
	for time.Since(began) < within {
		if err = try(c.t.Context()); err == nil {
			return time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatalf("%s: not within %s: %v", what, within, err)
	return 0
}
