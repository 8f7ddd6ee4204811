package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// parseKubeconfig reads a kubeconfig given as its content or as the path of a file, with ~ for the home directory.
func parseKubeconfig(pathOrContents string) (*api.Config, error) {
	if pathOrContents == "" {
		return &api.Config{}, nil
	}
	path := pathOrContents
	if path == "~" || strings.HasPrefix(path, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, strings.TrimPrefix(path, "~"))
		}
	}
	content := []byte(pathOrContents)
	if _, err := os.Stat(path); err == nil {
		if content, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return clientcmd.Load(content)
}

// kubeconfigValue reads the provider's kubeconfig input, which may be text or an object.
func kubeconfigValue(value resource.PropertyValue) (*api.Config, error) {
	switch {
	case value.IsNull():
		return &api.Config{}, nil
	case value.IsString():
		config, err := parseKubeconfig(value.StringValue())
		if err != nil {
			return nil, fmt.Errorf("failed to parse kubeconfig: %w", err)
		}
		return config, nil
	case value.IsObject():
		content, err := json.Marshal(value.ObjectValue().Mappable())
		if err != nil {
			return nil, fmt.Errorf("failed to unmarshal kubeconfig: %w", err)
		}
		return kubeconfigValue(resource.NewStringProperty(string(content)))
	default:
		return nil, fmt.Errorf("unexpected kubeconfig format, type: %s", value.TypeString())
	}
}

// activeCluster is the cluster that a kubeconfig points at, with the provider's own context and cluster settings.
func activeCluster(config *api.Config, overrides resource.PropertyMap) (*api.Cluster, bool) {
	contextName := config.CurrentContext
	if value := overrides["context"]; value.IsString() {
		contextName = value.StringValue()
	}
	active := config.Contexts[contextName]
	if active == nil {
		return nil, false
	}
	clusterName := active.Cluster
	if value := overrides["cluster"]; value.IsString() {
		clusterName = value.StringValue()
	}
	found := config.Clusters[clusterName]
	return found, found != nil
}
