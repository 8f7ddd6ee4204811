package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// settings are what the provider's configuration turns on or off.
type settings struct {
	acceptSecrets bool
	// namespace is where an object without a namespace goes.
	namespace string

	deleteUnreachable      bool
	skipUpdateUnreachable  bool
	enablePatchForce       bool
	upsertExistingObjects  bool
	enableConfigMapMutable bool
	enableSecretMutable    bool
}

// clientSettings is the kubeClientSettings input.
type clientSettings struct {
	Burst   *int     `json:"burst"`
	QPS     *float64 `json:"qps"`
	Timeout *int     `json:"timeout"` // seconds
}

// Configure finds the cluster. One that cannot be reached is no error here: previews go on without it, and what
// needs it fails when it is needed.
func (s *Server) Configure(
	_ context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	vars := variables(req.GetVariables())
	if !vars.flag("enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", true) {
		return nil, serve.Unimplemented("kubernetes", "client-side apply (enableServerSideApply: false)")
	}
	if os.Getenv("PULUMI_K8S_AWAIT_ALL") == "true" {
		return nil, serve.Unimplemented("kubernetes", "PULUMI_K8S_AWAIT_ALL")
	}
	s.settings = settings{
		acceptSecrets:          req.GetAcceptSecrets(),
		namespace:              vars.get("namespace"),
		deleteUnreachable:      vars.flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE", false),
		skipUpdateUnreachable:  vars.flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE", false),
		enablePatchForce:       vars.flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE", false),
		upsertExistingObjects:  vars.flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS", false),
		enableConfigMapMutable: vars.flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", false),
		enableSecretMutable:    vars.flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE", false),
	}

	if err := s.connect(vars); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// connect makes the clients and looks once whether the cluster answers.
func (s *Server) connect(vars variables) error {
	overrides := &clientcmd.ConfigOverrides{
		Context:        api.Context{Cluster: vars.get("cluster"), Namespace: s.settings.namespace},
		CurrentContext: vars.get("context"),
	}

	var kubeconfig clientcmd.ClientConfig
	if given := vars.get("kubeconfig"); given != "" {
		parsed, err := parseKubeconfig(given)
		if err != nil {
			s.unreachable = fmt.Sprintf("failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %v", err)
			return nil
		}
		kubeconfig = clientcmd.NewDefaultClientConfig(*parsed, overrides)
	} else {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		rules.DefaultClientConfig = &clientcmd.DefaultClientConfig
		kubeconfig = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	}
	if namespace, _, err := kubeconfig.Namespace(); err == nil {
		s.settings.namespace = namespace
	}

	config, err := kubeconfig.ClientConfig()
	if err != nil {
		s.unreachable = fmt.Sprintf("unable to load Kubernetes client configuration from kubeconfig file: %v", err)
		return nil
	}
	if err := vars.tune(config); err != nil {
		return err
	}
	if s.cluster, err = newCluster(config); err != nil {
		return err
	}
	if _, err := s.cluster.discovery.ServerVersion(); err != nil {
		s.unreachable = fmt.Sprintf("unable to load schema information from the API server: %v", err)
	}
	return nil
}

// variables are the provider's settings as the engine hands them over: every value as text.
type variables map[string]string

func (v variables) get(setting string) string { return v["kubernetes:config:"+setting] }

// flag is a setting, else an environment variable, else the default.
func (v variables) flag(setting, environment string, byDefault bool) bool {
	if value, ok := v["kubernetes:config:"+setting]; ok {
		return value == "true"
	}
	if value, ok := os.LookupEnv(environment); ok {
		return value == "true"
	}
	return byDefault
}

// tune sets how hard the client may work the API server.
func (v variables) tune(config *rest.Config) error {
	var given clientSettings
	if text := v.get("kubeClientSettings"); text != "" {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return fmt.Errorf("failed to unmarshal kubeClientSettings option: %w", err)
		}
	}
	config.Burst, config.QPS = 120, 50 // the genuine plugin's defaults
	for name, set := range map[string]func(float64){
		"PULUMI_K8S_CLIENT_BURST":   func(n float64) { config.Burst = int(n) },
		"PULUMI_K8S_CLIENT_QPS":     func(n float64) { config.QPS = float32(n) },
		"PULUMI_K8S_CLIENT_TIMEOUT": func(n float64) { config.Timeout = time.Duration(n) * time.Second },
	} {
		if text := os.Getenv(name); text != "" {
			number, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("invalid value specified for %s: %w", name, err)
			}
			set(number)
		}
	}
	if given.Burst != nil {
		config.Burst = *given.Burst
	}
	if given.QPS != nil {
		config.QPS = float32(*given.QPS)
	}
	if given.Timeout != nil {
		config.Timeout = time.Duration(*given.Timeout) * time.Second
	}
	config.WarningHandler = rest.NoWarnings{}
	config.UserAgent = "pulumi-kubernetes-stand-in/" + Version
	return nil
}
