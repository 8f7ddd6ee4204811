package talos

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

// identity is what the cluster's machines know each other by, in whichever step of a rotation the stack is.
type identity struct {
	// made is what was made with the cluster.
	made *machine.Secrets
	// talos and kubernetes are the authorities of either API that are in use.
	talos, kubernetes inUse
}

// inUse are the secrets that hold the authorities of one kind.
type inUse struct {
	issuing *machine.Secrets
	// accepted is nil for none.
	accepted *machine.Secrets
}

// identity makes what the stack's authorities lack. Of a further set of secrets one authority is used, and nothing else.
func (b *builder) identity() (identity, error) {
	made, err := b.secrets(b.name+"-secrets", true)
	if err != nil {
		return identity{}, err
	}
	if snapshot := b.args.EtcdSnapshot; snapshot != "" {
		// Every config and every access is made of these, so that no machine is asked for what could not be read.
		made.MachineSecrets = made.MachineSecrets.ApplyT(func(held machine.MachineSecrets) (machine.MachineSecrets, error) {
			return held, CheckSnapshotKey(snapshot, held.Secrets.SecretboxEncryptionSecret)
		}).(machine.MachineSecretsOutput)
	}
	id := identity{made: made}
	if id.talos, err = b.authorities("talos-ca", b.args.Stack.Cluster.TalosCA, made); err != nil {
		return identity{}, err
	}
	id.kubernetes, err = b.authorities("kubernetes-ca", b.args.Stack.Cluster.KubernetesCA, made)
	return id, err
}

func (b *builder) authorities(kind string, wanted spec.Authority, first *machine.Secrets) (inUse, error) {
	held := map[int]*machine.Secrets{1: first}
	for _, number := range wanted.Trusted() {
		if held[number] != nil {
			continue
		}
		// One that issues is as little to be lost as the first; one that is dropped goes.
		further, err := b.secrets(fmt.Sprintf("%s-%s-%d", b.name, kind, number), number == wanted.Issuing)
		if err != nil {
			return inUse{}, err
		}
		held[number] = further
	}
	return inUse{issuing: held[wanted.Issuing], accepted: held[wanted.Accepted]}, nil
}

// client is a Talos administrator's: the issuing authority's certificate, and trust in whatever machines may show while
// they change one after the other.
func (id identity) client() machine.ClientConfigurationOutput {
	if id.talos.accepted == nil {
		return id.talos.issuing.ClientConfiguration
	}
	both := pulumi.All(id.talos.issuing.ClientConfiguration, id.talos.accepted.ClientConfiguration).ApplyT(
		func(known []any) (machine.ClientConfiguration, error) {
			client, other := known[0].(machine.ClientConfiguration), known[1].(machine.ClientConfiguration)
			var err error
			client.CaCertificate, err = bundled(client.CaCertificate, other.CaCertificate)
			return client, err
		})
	return pulumi.ToSecret(both).(machine.ClientConfigurationOutput)
}

// bundled are certificates in base64 as one.
func bundled(certificates ...string) (string, error) {
	var all []byte
	for _, text := range certificates {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", fmt.Errorf("client configuration: CA: %w", err)
		}
		all = append(all, raw...)
	}
	return base64.StdEncoding.EncodeToString(all), nil
}

// parts are the secrets that heldIn reads, in its order.
func (id identity) parts() []any {
	parts := []any{id.made.MachineSecrets}
	for _, kind := range []inUse{id.talos, id.kubernetes} {
		parts = append(parts, kind.issuing.MachineSecrets)
		if kind.accepted != nil {
			parts = append(parts, kind.accepted.MachineSecrets)
		}
	}
	return parts
}

// heldIn is what machine configs are made of, without passphrases.
func (id identity) heldIn(parts []any) (machineconfig.Secrets, error) {
	next := func() machine.MachineSecrets {
		part := parts[0].(machine.MachineSecrets)
		parts = parts[1:]
		return part
	}
	whole := next()
	var accepted [2]string
	whole.Certs.Os = next().Certs.Os
	if id.talos.accepted != nil {
		accepted[0] = next().Certs.Os.Cert
	}
	whole.Certs.K8s = next().Certs.K8s
	if id.kubernetes.accepted != nil {
		accepted[1] = next().Certs.K8s.Cert
	}
	bundle, err := bundleOf(whole)
	if err != nil {
		return machineconfig.Secrets{}, err
	}
	held := machineconfig.Secrets{Bundle: bundle, Passphrases: machineconfig.Passphrases{}}
	for i, into := range []*[]byte{&held.AcceptedTalosCA, &held.AcceptedKubernetesCA} {
		if accepted[i] == "" {
			continue
		}
		if *into, err = base64.StdEncoding.DecodeString(accepted[i]); err != nil {
			return machineconfig.Secrets{}, fmt.Errorf("machine secrets: certificate of the accepted authority: %w", err)
		}
	}
	return held, nil
}

// with is what comes of the identity's secrets and of other values, when all are known.
func (id identity) with(others []any, make func(machineconfig.Secrets, []any) (string, error)) pulumi.StringOutput {
	parts := id.parts()
	return pulumi.All(slices.Concat(parts, others)...).ApplyT(func(known []any) (string, error) {
		held, err := id.heldIn(known[:len(parts)])
		if err != nil {
			return "", err
		}
		return make(held, known[len(parts):])
	}).(pulumi.StringOutput)
}
