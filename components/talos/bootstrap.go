package talos

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
)

// bootstrapHook starts etcd before the cluster's first kubeconfig is fetched, and
// never again: while the kubeconfig is in the stack's state, an etcd that is gone
// was lost, and an empty one in its place would hide that. A run that was
// interrupted has no kubeconfig yet, and so the next one looks after etcd again.
//
// The provider's own Bootstrap resource cannot do this. It fails, after ten
// minutes of asking, where etcd runs already, and version 0.7.1 cannot import
// what runs either: its import ends in a data integrity error
// (https://github.com/pulumi/pulumi-terraform-bridge/blob/v3.116.0/pkg/tfbridge/rawstate.go).
func (b *builder) bootstrapHook() (*pulumi.ResourceHook, error) {
	start := b.args.EtcdStarter
	switch {
	case start != nil:
	case b.args.EtcdSnapshot != "":
		start = RestoreEtcd(b.args.EtcdSnapshot)
	default:
		start = EnsureEtcd
	}
	return b.ctx.RegisterResourceHook(b.name+"-bootstrap", func(args *pulumi.ResourceHookArgs) error {
		credentials, err := credentialsOf(args.NewInputs["clientConfiguration"])
		if err != nil {
			return err
		}
		return start(b.ctx.Context(), b.args.Stack.ControlPlanes(), credentials)
	}, nil)
}

// credentialsOf reads a resource's client configuration.
func credentialsOf(input resource.PropertyValue) (Credentials, error) {
	var c Credentials
	for key, pem := range map[resource.PropertyKey]*[]byte{
		"caCertificate": &c.CA, "clientCertificate": &c.Certificate, "clientKey": &c.Key,
	} {
		object := known(input)
		if !object.IsObject() {
			return Credentials{}, fmt.Errorf("client configuration: is %s, not an object", object.TypeString())
		}
		text := known(object.ObjectValue()[key])
		if !text.IsString() {
			return Credentials{}, fmt.Errorf("client configuration: %s is %s, not a string", key, text.TypeString())
		}
		raw, err := base64.StdEncoding.DecodeString(text.StringValue())
		if err != nil {
			return Credentials{}, fmt.Errorf("client configuration: %s: %w", key, err)
		}
		*pem = raw
	}
	return c, nil
}

// credentialsIn decodes a client configuration.
func credentialsIn(client machine.ClientConfiguration) (Credentials, error) {
	var c Credentials
	for _, part := range []struct {
		text string
		pem  *[]byte
	}{{client.CaCertificate, &c.CA}, {client.ClientCertificate, &c.Certificate}, {client.ClientKey, &c.Key}} {
		raw, err := base64.StdEncoding.DecodeString(part.text)
		if err != nil {
			return Credentials{}, fmt.Errorf("client configuration: %w", err)
		}
		*part.pem = raw
	}
	return c, nil
}

// known is a value without its secret mark.
func known(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput():
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}
