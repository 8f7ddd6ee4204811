package talos

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/bundle"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	machinetype "github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/gendata"
	"golang.org/x/mod/semver"
)

// What the genuine provider v0.7.1 takes where the program says nothing; its machinery is v1.12.0.
const (
	defaultInstaller         = "ghcr.io/siderolabs/installer:v1.12.0"
	defaultKubernetesVersion = "1.35.0"
)

// machineConfiguration is talos:machine/getConfiguration:getConfiguration: a machine configuration from the secrets
// and patches, made without any node. It is not validated.
func machineConfiguration() function {
	arguments := map[resource.PropertyKey]shape{
		"clusterName": text().isRequired(), "clusterEndpoint": text().isRequired(),
		"machineType": text().isRequired(), "machineSecrets": secretsShape().isRequired(),
		"configPatches": list(text()), "kubernetesVersion": text(), "talosVersion": text(),
		"docs": flag(), "examples": flag(),
	}
	result := map[resource.PropertyKey]shape{"id": text(), "machineConfiguration": text().isSecret()}
	for key, argument := range arguments {
		result[key] = argument
	}
	return function{arguments: object(arguments), result: object(result), call: generateConfiguration}
}

func generateConfiguration(_ context.Context, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	state := arguments.Copy()
	for key, value := range map[resource.PropertyKey]string{
		"kubernetesVersion": defaultKubernetesVersion, "talosVersion": defaultContract,
	} {
		if state[key].IsNull() {
			state[key] = resource.NewStringProperty(value)
		}
	}
	if endpoint := textAt(state, "clusterEndpoint"); !isHTTPS(endpoint) {
		return nil, fmt.Errorf("clusterEndpoint: %q must be a URL with the scheme https, as https://192.0.2.10:6443", endpoint)
	}
	kind, err := machinetype.ParseType(textAt(state, "machineType"))
	if err != nil || !slices.Contains([]machinetype.Type{machinetype.TypeControlPlane, machinetype.TypeWorker}, kind) {
		return nil, fmt.Errorf("machineType: must be one of controlplane, worker, got %q", textAt(state, "machineType"))
	}
	contract, err := generatedContract(textAt(state, "talosVersion"))
	if err != nil {
		return nil, fmt.Errorf("talosVersion: %w", err)
	}
	secretsBundle, err := bundleFrom(state["machineSecrets"].ObjectValue())
	if err != nil {
		return nil, err
	}
	texts, _ := textsAt(state, "configPatches")
	patches, err := configpatcher.LoadPatches(texts)
	if err != nil {
		return nil, fmt.Errorf("configPatches: %w", err)
	}
	patching := bundle.WithPatchControlPlane
	if kind == machinetype.TypeWorker {
		patching = bundle.WithPatchWorker
	}

	made, err := bundle.NewBundle(bundle.WithVerbose(false), patching(patches), bundle.WithInputOptions(&bundle.InputOptions{
		ClusterName: textAt(state, "clusterName"),
		Endpoint:    textAt(state, "clusterEndpoint"),
		KubeVersion: strings.TrimPrefix(textAt(state, "kubernetesVersion"), "v"),
		GenOptions: []generate.Option{
			generate.WithClusterDiscovery(true),
			generate.WithDNSDomain(constants.DefaultDNSDomain),
			generate.WithInstallDisk("/dev/sda"),
			generate.WithInstallImage(defaultInstaller),
			generate.WithSecretsBundle(secretsBundle),
			generate.WithVersionContract(contract),
		},
	}))
	if err != nil {
		return nil, fmt.Errorf("failed to generate machine configuration: %w", err)
	}
	comments := encoder.CommentsDisabled
	if boolAt(state, "docs") {
		comments |= encoder.CommentsDocs
	}
	if boolAt(state, "examples") {
		comments |= encoder.CommentsExamples
	}
	content, err := made.Serialize(comments, kind)
	if err != nil {
		return nil, fmt.Errorf("failed to generate machine configuration: %w", err)
	}
	state["machineConfiguration"] = resource.NewStringProperty(string(content))
	return withID(state, textAt(state, "clusterName")), nil
}

func isHTTPS(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// generatedContract refuses a contract newer than the machinery that this plugin is built on: what it would make
// for it is not what the genuine provider makes.
func generatedContract(version string) (*config.VersionContract, error) {
	contract, err := config.ParseContractFromVersion(version)
	if err != nil {
		return nil, err
	}
	built := semver.MajorMinor(gendata.VersionTag)
	if semver.Compare(contract.String(), built) > 0 {
		return nil, fmt.Errorf("stand-in talos plugin does not implement contract %s: it is built on Talos machinery %s",
			contract, gendata.VersionTag)
	}
	return contract, nil
}

// clientConfigurationFile is talos:client/getConfiguration:getConfiguration: a talosconfig.
func clientConfigurationFile() function {
	arguments := map[resource.PropertyKey]shape{
		"clusterName": text().isRequired(), "clientConfiguration": clientConfiguration().isRequired(),
		"endpoints": list(text()), "nodes": list(text()),
	}
	result := map[resource.PropertyKey]shape{"id": text(), "talosConfig": text().isSecret()}
	for key, argument := range arguments {
		result[key] = argument
	}
	return function{
		arguments: object(arguments),
		result:    object(result),
		call: func(_ context.Context, arguments resource.PropertyMap) (resource.PropertyMap, error) {
			name := textAt(arguments, "clusterName")
			file, err := clientConfig(name, arguments)
			if err != nil {
				return nil, err
			}
			file.Contexts[name].Endpoints, _ = textsAt(arguments, "endpoints")
			file.Contexts[name].Nodes, _ = textsAt(arguments, "nodes")
			content, err := file.Bytes()
			if err != nil {
				return nil, fmt.Errorf("failed to generate talos config: %w", err)
			}
			state := withID(arguments, name)
			state["talosConfig"] = resource.NewStringProperty(string(content))
			return state, nil
		},
	}
}
