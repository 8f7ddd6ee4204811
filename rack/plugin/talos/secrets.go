package talos

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"
)

// defaultContract is the contract of a program that names none: the genuine provider is built on machinery v1.12.
const defaultContract = "v1.12"

// machineSecrets is talos:machine/secrets:Secrets: the identity of a cluster, made once and then kept. Only its
// client certificate is ever made again, a month before it runs out.
func machineSecrets() resourceType {
	return resourceType{
		attributes: object(map[resource.PropertyKey]shape{
			"id":                  text().isComputed().isStable(),
			"talosVersion":        text().isComputed(),
			"machineSecrets":      secretsShape().isComputed(),
			"clientConfiguration": clientConfiguration().isComputed(),
		}),
		validate:    validateSecrets,
		plan:        planSecrets,
		create:      createSecrets,
		update:      updateSecrets,
		importState: importSecrets,
	}
}

// secretsShape is the secrets bundle as the provider lays it out.
func secretsShape() shape {
	pair := object(map[resource.PropertyKey]shape{"cert": text().isRequired(), "key": text().isRequired().isSecret()}).isRequired()
	return object(map[resource.PropertyKey]shape{
		"cluster": object(map[resource.PropertyKey]shape{
			"id": text().isRequired(), "secret": text().isRequired().isSecret(),
		}).isRequired(),
		"secrets": object(map[resource.PropertyKey]shape{
			"bootstrapToken":            text().isRequired().isSecret(),
			"secretboxEncryptionSecret": text().isRequired().isSecret(),
			"aescbcEncryptionSecret":    text().isSecret(),
		}).isRequired(),
		"trustdinfo": object(map[resource.PropertyKey]shape{"token": text().isRequired().isSecret()}).isRequired(),
		"certs": object(map[resource.PropertyKey]shape{
			"etcd":              pair,
			"k8s":               pair,
			"k8sAggregator":     pair,
			"k8sServiceaccount": object(map[resource.PropertyKey]shape{"key": text().isRequired().isSecret()}).isRequired(),
			"os":                pair,
		}).isRequired(),
	})
}

func validateSecrets(inputs resource.PropertyMap) []problem {
	if version := textAt(inputs, "talosVersion"); version != "" {
		if _, err := config.ParseContractFromVersion(version); err != nil {
			return []problem{{"talosVersion", "Invalid version: " + err.Error()}}
		}
	}
	return nil
}

func planSecrets(_ context.Context, p *plan) error {
	if p.isUnknown("talosVersion") {
		return nil
	}
	if version := p.planned["talosVersion"]; version.IsNull() || version.IsComputed() {
		p.planned["talosVersion"] = resource.NewStringProperty(defaultContract)
	} else if old := textAt(p.prior, "talosVersion"); old != "" && semver.Compare(vPrefixed(version.StringValue()), vPrefixed(old)) < 0 {
		p.replaces = append(p.replaces, "talosVersion")
	}

	soon, err := expiresBefore(textAt(p.prior, "clientConfiguration", "clientCertificate"), time.Now().AddDate(0, 1, 0))
	if err != nil {
		return fmt.Errorf("clientConfiguration.clientCertificate: %w", err)
	}
	if soon {
		p.planned["clientConfiguration"] = resource.NewObjectProperty(resource.PropertyMap{
			"caCertificate": unknown(), "clientCertificate": unknown(), "clientKey": unknown(),
		})
	}
	return nil
}

func vPrefixed(version string) string { return "v" + strings.TrimPrefix(version, "v") }

func createSecrets(_ context.Context, planned resource.PropertyMap) (resource.PropertyMap, error) {
	version := textAt(planned, "talosVersion")
	contract, err := config.ParseContractFromVersion(version)
	if err != nil {
		return nil, fmt.Errorf("talosVersion: %w", err)
	}
	bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), contract)
	if err != nil {
		return nil, fmt.Errorf("generate the secrets of a cluster: %w", err)
	}
	return secretsState(bundle, version)
}

func updateSecrets(_ context.Context, planned, prior resource.PropertyMap) (resource.PropertyMap, error) {
	state := prior.Copy()
	state["talosVersion"] = planned["talosVersion"]

	if !at(planned, "clientConfiguration", "clientCertificate").IsComputed() {
		return state, nil
	}
	soon, err := expiresBefore(textAt(prior, "clientConfiguration", "clientCertificate"), time.Now().AddDate(0, 1, 0))
	if err != nil || !soon {
		return state, err
	}
	bundle, err := bundleFrom(prior["machineSecrets"].ObjectValue())
	if err != nil {
		return nil, err
	}
	bundle.Clock = secrets.NewFixedClock(time.Now())
	renewed, err := secretsState(bundle, textAt(planned, "talosVersion"))
	if err != nil {
		return nil, err
	}
	state["clientConfiguration"] = renewed["clientConfiguration"]
	return state, nil
}

// importSecrets reads a secrets file of talosctl; the id is its path.
func importSecrets(path string) (resource.PropertyMap, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("import machine secrets: %w", err)
	}
	bundle := &secrets.Bundle{}
	if err := yaml.Unmarshal(content, bundle); err != nil {
		return nil, fmt.Errorf("import machine secrets from %s: %w", path, err)
	}
	bundle.Clock = secrets.NewFixedClock(time.Now())

	version := "v1.3"
	if bundle.Secrets.AESCBCEncryptionSecret != "" {
		version = "v1.2" // the last contract that encrypted with AES-CBC
	}
	return secretsState(bundle, version)
}

// secretsState is the state of the resource that holds the bundle.
func secretsState(bundle *secrets.Bundle, version string) (resource.PropertyMap, error) {
	input, err := generate.NewInput("", "", defaultKubernetesVersion, generate.WithSecretsBundle(bundle))
	if err != nil {
		return nil, fmt.Errorf("generate a client certificate: %w", err)
	}
	talosconfig, err := input.Talosconfig()
	if err != nil {
		return nil, fmt.Errorf("generate a client certificate: %w", err)
	}
	context := talosconfig.Contexts[talosconfig.Context]

	return resource.PropertyMap{
		"id":             resource.NewStringProperty("machine_secrets"),
		"talosVersion":   resource.NewStringProperty(version),
		"machineSecrets": resource.NewObjectProperty(bundleProperties(bundle)),
		"clientConfiguration": resource.NewObjectProperty(resource.PropertyMap{
			"caCertificate":     resource.NewStringProperty(context.CA),
			"clientCertificate": resource.NewStringProperty(context.Crt),
			"clientKey":         resource.NewStringProperty(context.Key),
		}),
	}, nil
}
