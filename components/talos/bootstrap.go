package talos

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// bootstrapID is the ID of every Bootstrap resource
// (https://github.com/siderolabs/terraform-provider-talos/blob/v0.10.1/pkg/talos/talos_machine_bootstrap_resource.go).
const bootstrapID = "machine_bootstrap"

// bootstrap starts etcd on the first control plane. A run that was interrupted
// after etcd had started, but before that was written down, would ask for it
// again; Talos refuses, and the provider would repeat the question until it
// times out. So the machines are asked first, and an etcd that exists is
// imported. That also keeps a second etcd from being started beside the first
// when the stack's state was lost.
func (b *builder) bootstrap(secrets *machine.Secrets, applies applied) (*machine.Bootstrap, error) {
	var configured []pulumi.Resource
	waitFor := []any{secrets.ClientConfiguration}
	for _, node := range b.args.Stack.ControlPlanes() {
		configured = append(configured, applies[node.Name])
		waitFor = append(waitFor, applies[node.Name].ID())
	}
	existing := pulumi.All(waitFor...).ApplyT(func(known []any) (pulumi.ID, error) {
		if b.ctx.DryRun() {
			return "", nil // a preview contacts no machine
		}
		credentials, err := credentialsOf(known[0].(machine.ClientConfiguration))
		if err != nil {
			return "", err
		}
		return b.existingBootstrap(credentials)
	}).(pulumi.IDOutput)

	first := pulumi.String(b.firstControlPlane().Address.String())
	return machine.NewBootstrap(b.ctx, b.name+"-bootstrap", &machine.BootstrapArgs{
		ClientConfiguration: secrets.ClientConfiguration,
		Node:                first,
		Endpoint:            first,
	},
		pulumi.Parent(b.parent),
		pulumi.DependsOn(configured),
		pulumi.Import(existing))
}

// existingBootstrap is bootstrapID when there is an etcd already, else empty,
// which makes Import mean create.
func (b *builder) existingBootstrap(credentials Credentials) (pulumi.ID, error) {
	probe := b.args.EtcdProbe
	if probe == nil {
		probe = ProbeEtcd
	}
	exists, err := probe(b.ctx.Context(), b.args.Stack.ControlPlanes(), credentials)
	if err != nil || !exists {
		return "", err
	}
	return bootstrapID, nil
}

// credentialsOf takes the client configuration of a Secrets resource apart.
func credentialsOf(client machine.ClientConfiguration) (Credentials, error) {
	var c Credentials
	for _, part := range []struct {
		name, text string
		pem        *[]byte
	}{
		{"caCertificate", client.CaCertificate, &c.CA},
		{"clientCertificate", client.ClientCertificate, &c.Certificate},
		{"clientKey", client.ClientKey, &c.Key},
	} {
		raw, err := base64.StdEncoding.DecodeString(part.text)
		if err != nil {
			return Credentials{}, fmt.Errorf("client configuration: %s: %w", part.name, err)
		}
		*part.pem = raw
	}
	return c, nil
}
