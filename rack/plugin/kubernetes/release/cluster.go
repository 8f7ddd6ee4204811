package release

import (
	"os"

	"helm.sh/helm/v3/pkg/action"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Cluster is where releases live: in Secrets of their namespaces, as with Helm's own command.
type Cluster struct {
	// Config is the way to the API server.
	Config *rest.Config
}

// in prepares Helm for one operation in a namespace. Nothing is shared between operations: a release may bring the
// kinds that the next one uses.
func (c Cluster) in(namespace string) (*action.Configuration, error) {
	driver, ok := os.LookupEnv("PULUMI_K8S_HELM_DRIVER")
	if !ok {
		driver = "secret"
	}
	var configuration action.Configuration
	silent := func(string, ...any) {}
	if err := configuration.Init(connection{c.Config, namespace}, namespace, driver, silent); err != nil {
		return nil, err
	}
	return &configuration, nil
}

// connection is the cluster as Helm asks for it. Objects that name no namespace go to the release's.
type connection struct {
	config    *rest.Config
	namespace string
}

func (c connection) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(c.config), nil }

func (c connection) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	client, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return nil, err
	}
	return memory.NewMemCacheClient(client), nil
}

func (c connection) ToRESTMapper() (meta.RESTMapper, error) {
	client, err := c.ToDiscoveryClient()
	if err != nil {
		return nil, err
	}
	return restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(client), client, nil), nil
}

func (c connection) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(api.Config{},
		&clientcmd.ConfigOverrides{Context: api.Context{Namespace: c.namespace}})
}
