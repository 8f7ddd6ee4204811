package talos_test

import (
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// cluster is a set of secrets and the configurations made with them, both by the plugin itself.
type cluster struct {
	provider
	secrets resource.PropertyMap
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	p := startProvider(t)
	madeSecrets.Do(func() {
		made = plain(p.create(secretsType, resource.PropertyMap{"talosVersion": resource.NewStringProperty("v1.11")}))
	})
	return cluster{p, made.Copy()}
}

// made are the secrets that all tests share: an RSA key takes a second to make.
var (
	madeSecrets sync.Once
	made        resource.PropertyMap
)

// configuration is the machine configuration of a control plane at the address.
func (c cluster) configuration(address string, patches ...string) resource.PropertyValue {
	c.t.Helper()
	response, err := c.Invoke(c.t.Context(), &pulumirpc.InvokeRequest{
		Tok: "talos:machine/getConfiguration:getConfiguration",
		Args: c.wire(resource.NewPropertyMapFromMap(map[string]any{
			"clusterName":       "test",
			"clusterEndpoint":   "https://" + address + ":6443",
			"machineType":       "controlplane",
			"machineSecrets":    c.secrets["machineSecrets"].Mappable(),
			"talosVersion":      "v1.11",
			"kubernetesVersion": "v1.34.1",
			"configPatches": append([]string{
				`{"machine":{"install":{"disk":"/dev/nvme0n1","image":"ghcr.io/siderolabs/installer:v1.11.1"}}}`,
			}, patches...),
		})),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if failures := response.GetFailures(); len(failures) > 0 {
		c.t.Fatal(failures)
	}
	return plain(c.properties(response.GetReturn()))["machineConfiguration"]
}

// inputs are those that every resource of a node has, and more.
func (c cluster) inputs(address string, more map[string]any) resource.PropertyMap {
	inputs := resource.NewPropertyMapFromMap(more)
	inputs["node"] = resource.NewStringProperty(address)
	inputs["clientConfiguration"] = c.secrets["clientConfiguration"]
	return inputs
}

// apply are the inputs of the node's configuration.
func (c cluster) apply(address string, more map[string]any) resource.PropertyMap {
	inputs := c.inputs(address, more)
	inputs["machineConfigurationInput"] = c.configuration(address)
	return inputs
}

// within is a timeouts input.
func within(operation, duration string) map[string]any {
	return map[string]any{"timeouts": map[string]any{operation: duration}}
}

var kubeconfigBundle = sync.OnceValues(func() (*secrets.Bundle, error) { return secrets.NewBundle(secrets.NewClock(), nil) })

// kubeconfigOf is an administrator's kubeconfig with a certificate of its own.
func kubeconfigOf(name string) ([]byte, error) {
	bundle, err := kubeconfigBundle()
	if err != nil {
		return nil, err
	}
	certificate, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(api.Config{
		Clusters:       map[string]*api.Cluster{name: {Server: "https://192.0.2.1:6443", CertificateAuthorityData: bundle.Certs.K8s.Crt}},
		AuthInfos:      map[string]*api.AuthInfo{"admin": {ClientCertificateData: certificate.Crt, ClientKeyData: certificate.Key}},
		Contexts:       map[string]*api.Context{"admin@" + name: {Cluster: name, AuthInfo: "admin"}},
		CurrentContext: "admin@" + name,
	})
}
