package talos

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"k8s.io/client-go/tools/clientcmd"
)

// kubeconfig is talos:cluster/kubeconfig:Kubeconfig: an administrator's kubeconfig, fetched once from a control
// plane and again only when its certificate is about to run out.
func kubeconfig() resourceType {
	return resourceType{
		attributes: object(map[resource.PropertyKey]shape{
			"id":                            text().isComputed().isStable(),
			"node":                          text().isRequired(),
			"endpoint":                      text().isComputed(),
			"clientConfiguration":           clientConfiguration().isRequired(),
			"kubeconfigRaw":                 text().isComputed().isStable().isSecret(),
			"kubernetesClientConfiguration": kubernetesClientConfiguration().isComputed().isStable(),
			"certificateRenewalDuration":    text().defaultsTo(resource.NewStringProperty("720h")),
			"timeouts":                      timeouts("create", "update"),
		}),
		plan:   planKubeconfig,
		create: createKubeconfig,
		update: updateKubeconfig,
	}
}

func kubernetesClientConfiguration() shape {
	return object(map[resource.PropertyKey]shape{
		"host": text(), "caCertificate": text(), "clientCertificate": text(), "clientKey": text().isSecret(),
	})
}

func planKubeconfig(_ context.Context, p *plan) error {
	if p.isUnknown("endpoint", "node") {
		return nil
	}
	p.endpointFollowsNode()

	renew, err := needsRenewal(p.planned, p.prior)
	if err != nil || !renew {
		return err
	}
	p.planned["kubeconfigRaw"] = unknown()
	p.planned["kubernetesClientConfiguration"] = resource.NewObjectProperty(resource.PropertyMap{
		"host": unknown(), "caCertificate": unknown(), "clientCertificate": unknown(), "clientKey": unknown(),
	})
	return nil
}

// needsRenewal tells whether the certificate that was fetched ends within the renewal duration.
func needsRenewal(planned, prior resource.PropertyMap) (bool, error) {
	certificate := textAt(prior, "kubernetesClientConfiguration", "clientCertificate")
	if certificate == "" {
		return false, nil
	}
	within, err := time.ParseDuration(textAt(planned, "certificateRenewalDuration"))
	if err != nil {
		return false, fmt.Errorf("certificateRenewalDuration: %w", err)
	}
	soon, err := expiresBefore(certificate, time.Now().Add(within))
	if err != nil {
		return false, fmt.Errorf("kubernetesClientConfiguration.clientCertificate: %w", err)
	}
	return soon, nil
}

func createKubeconfig(ctx context.Context, planned resource.PropertyMap) (resource.PropertyMap, error) {
	return fetchKubeconfig(ctx, planned, "create")
}

func updateKubeconfig(ctx context.Context, planned, prior resource.PropertyMap) (resource.PropertyMap, error) {
	renew, err := needsRenewal(planned, prior)
	if err != nil || !renew {
		return planned, err
	}
	renewed, err := fetchKubeconfig(ctx, planned, "update")
	if err != nil {
		return nil, err
	}
	return withID(renewed, textAt(prior, "id")), nil
}

// fetchKubeconfig is the attributes with the kubeconfig in them. The id is the name of the kubeconfig's cluster.
func fetchKubeconfig(
	ctx context.Context, attributes resource.PropertyMap, operation resource.PropertyKey,
) (resource.PropertyMap, error) {
	node, err := machineIn(attributes)
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutFor(attributes, operation)
	if err != nil {
		return nil, err
	}
	var raw []byte
	if err := node.retry(ctx, timeout, func(ctx context.Context, c *client.Client) error {
		var err error
		raw, err = c.Kubeconfig(ctx)
		return err
	}); err != nil {
		return nil, diagnostic{"failed to retrieve kubeconfig", err}
	}

	cluster, connection, err := readConnection(raw)
	if err != nil {
		return nil, diagnostic{"failed to parse kubeconfig", err}
	}
	state := withID(attributes, cluster)
	state["endpoint"] = resource.NewStringProperty(node.endpoint)
	state["kubeconfigRaw"] = resource.NewStringProperty(string(raw))
	state["kubernetesClientConfiguration"] = resource.NewObjectProperty(connection)
	return state, nil
}

// readConnection takes the cluster's name and its connection out of a kubeconfig's current context.
func readConnection(raw []byte) (cluster string, connection resource.PropertyMap, err error) {
	config, err := clientcmd.Load(raw)
	if err != nil {
		return "", nil, err
	}
	current := config.Contexts[config.CurrentContext]
	if current == nil || config.Clusters[current.Cluster] == nil || config.AuthInfos[current.AuthInfo] == nil {
		return "", nil, errors.New("the current context does not name a cluster and a user of the file")
	}
	encoded := func(b []byte) resource.PropertyValue {
		return resource.NewStringProperty(base64.StdEncoding.EncodeToString(b))
	}
	server, user := config.Clusters[current.Cluster], config.AuthInfos[current.AuthInfo]
	return current.Cluster, resource.PropertyMap{
		"host":              resource.NewStringProperty(server.Server),
		"caCertificate":     encoded(server.CertificateAuthorityData),
		"clientCertificate": encoded(user.ClientCertificateData),
		"clientKey":         encoded(user.ClientKeyData),
	}, nil
}

// readKubeconfig is talos:cluster/getKubeconfig:getKubeconfig, the older function for the same.
func readKubeconfig() function {
	arguments := map[resource.PropertyKey]shape{
		"node": text().isRequired(), "endpoint": text(), "wait": flag(),
		"clientConfiguration": clientConfiguration().isRequired(), "timeouts": timeouts("read"),
	}
	result := map[resource.PropertyKey]shape{
		"id": text(), "kubeconfigRaw": text().isSecret(), "kubernetesClientConfiguration": kubernetesClientConfiguration(),
	}
	for key, argument := range arguments {
		result[key] = argument
	}
	return function{
		arguments: object(arguments),
		result:    object(result),
		call: func(ctx context.Context, arguments resource.PropertyMap) (resource.PropertyMap, error) {
			return fetchKubeconfig(ctx, arguments, "read")
		},
	}
}
