package controlplane

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"k8s.io/apimachinery/pkg/runtime"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"sigs.k8s.io/yaml"
)

// The configuration files of the components, named as Talos names them.
const (
	admissionFile     = "admission-control-config.yaml"
	auditFile         = "auditpolicy.yaml"
	loginFile         = "authentication-config.yaml"
	authorizationFile = "authorization-config.yaml"
	schedulerFile     = "scheduler-config.yaml"
)

func (p Plane) apiServerFiles() (map[string][]byte, error) {
	admission, err := admissionConfiguration(p.Config.K8sAdmissionControlPluginConfigs())
	if err != nil {
		return nil, err
	}
	audit, err := yaml.Marshal(p.Config.K8sAuditPolicyConfig().Configuration())
	if err != nil {
		return nil, fmt.Errorf("cluster.apiServer.auditPolicy: %w", err)
	}
	authorization, err := authorizationConfiguration(p.Config.K8sAuthorizerConfigs(), p.Config.K8sAPIServerConfig().InjectDefaultAuthorizers())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{admissionFile: admission, auditFile: audit, authorizationFile: authorization}
	if login := p.Config.K8sAuthenticationConfig(); login != nil {
		if files[loginFile], err = authenticationConfiguration(login); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// authenticationConfiguration is the document's content as the API server's own kind.
func authenticationConfiguration(login config.K8sAuthenticationConfig) ([]byte, error) {
	out := maps.Clone(login.Configuration())
	if out == nil {
		out = map[string]any{}
	}
	out["apiVersion"], out["kind"] = "apiserver.config.k8s.io/v1beta1", "AuthenticationConfiguration"
	return yaml.Marshal(out)
}

func admissionConfiguration(plugins []config.K8sAdmissionControlPluginConfig) ([]byte, error) {
	out := apiserverv1.AdmissionConfiguration{Plugins: []apiserverv1.AdmissionPluginConfiguration{}}
	out.APIVersion, out.Kind = apiserverv1.SchemeGroupVersion.String(), "AdmissionConfiguration"
	for _, plugin := range plugins {
		raw, err := json.Marshal(plugin.Configuration())
		if err != nil {
			return nil, fmt.Errorf("cluster.apiServer.admissionControl: %s: %w", plugin.Name(), err)
		}
		out.Plugins = append(out.Plugins, apiserverv1.AdmissionPluginConfiguration{
			Name: plugin.Name(), Configuration: &runtime.Unknown{Raw: raw},
		})
	}
	return yaml.Marshal(out)
}

// authorizationConfiguration puts the Node and RBAC authorizers before the config's own where they are to be injected,
// unless it places them itself.
func authorizationConfiguration(configured []config.K8sAuthorizerConfig, inject bool) ([]byte, error) {
	out := apiserverv1.AuthorizationConfiguration{}
	out.APIVersion, out.Kind = apiserverv1.SchemeGroupVersion.String(), "AuthorizationConfiguration"
	for _, authorizer := range configured {
		each := apiserverv1.AuthorizerConfiguration{Type: authorizer.Type(), Name: authorizer.Name()}
		if webhook := authorizer.Webhook(); len(webhook) > 0 {
			each.Webhook = &apiserverv1.WebhookConfiguration{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(webhook, each.Webhook); err != nil {
				return nil, fmt.Errorf("cluster.apiServer.authorizationConfig: %s: %w", authorizer.Name(), err)
			}
		}
		out.Authorizers = append(out.Authorizers, each)
	}
	for i, builtin := range []apiserverv1.AuthorizerConfiguration{{Type: "Node", Name: "node"}, {Type: "RBAC", Name: "rbac"}} {
		if inject && !slices.ContainsFunc(out.Authorizers, func(a apiserverv1.AuthorizerConfiguration) bool { return a.Type == builtin.Type }) {
			out.Authorizers = slices.Insert(out.Authorizers, min(i, len(out.Authorizers)), builtin)
		}
	}
	return yaml.Marshal(out)
}

// schedulerFile is the config's scheduler configuration, bound to the node's kubeconfig.
func (p Plane) schedulerFile(kubeconfig string) ([]byte, error) {
	out := maps.Clone(p.Config.K8sSchedulerConfig().Config())
	if out == nil {
		out = map[string]any{}
	}
	out["apiVersion"], out["kind"] = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration"
	connection, _ := out["clientConnection"].(map[string]any)
	connection = maps.Clone(connection)
	if connection == nil {
		connection = map[string]any{}
	}
	connection["kubeconfig"] = kubeconfig
	out["clientConnection"] = connection
	return yaml.Marshal(out)
}
