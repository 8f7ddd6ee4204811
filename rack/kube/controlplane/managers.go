package controlplane

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/rack/kube/flags"
)

// The ports of the controller manager and the scheduler.
const (
	controllerManagerPort = "10257"
	schedulerPort         = "10259"
)

func (p Plane) controllerManager() (Component, error) {
	manager, network, kubeconfig := p.Config.K8sControllerManagerConfig(), p.Config.K8sNetworkConfig(), p.secret("controller-manager.kubeconfig")
	set := flags.Set{
		"allocate-node-cidrs":              "true",
		"authentication-kubeconfig":        kubeconfig,
		"authorization-kubeconfig":         kubeconfig,
		"cluster-cidr":                     joined(network.PodCIDRs()),
		"cluster-signing-cert-file":        p.secret("ca.crt"),
		"cluster-signing-key-file":         p.secret("ca.key"),
		"configure-cloud-routes":           "false",
		"controllers":                      "*,tokencleaner",
		"kubeconfig":                       kubeconfig,
		"leader-elect":                     "true",
		"profiling":                        "false",
		"root-ca-file":                     p.secret("ca.crt"),
		"service-account-private-key-file": p.secret("service-account.key"),
		"service-cluster-ip-range":         joined(network.ServiceCIDRs()),
		"tls-min-version":                  "VersionTLS13",
		"use-service-account-credentials":  "true",
	}
	nodeMasks(set, network)
	if err := set.Merge(manager.ExtraArgs(),
		flags.Add("service-cluster-ip-range", "controllers"),
		flags.Deny("cluster-signing-cert-file", "cluster-signing-key-file", "authentication-kubeconfig", "authorization-kubeconfig",
			"root-ca-file", "service-account-private-key-file"),
	); err != nil {
		return Component{}, fmt.Errorf("cluster.controllerManager.extraArgs: %w", err)
	}
	// With the default of 20 requests a second its controllers take four seconds more to start, and nodes cannot join before.
	set.Default("kube-api-qps", "200")
	set.Default("kube-api-burst", "400")
	set["bind-address"] = p.Address.String()
	return Component{
		Name: ControllerManagerName, Args: set.Args(), Dir: p.dir(ControllerManagerName),
		HealthURL: "https://" + net.JoinHostPort(p.Address.String(), controllerManagerPort) + "/healthz",
		Image:     manager.Image(),
	}, nil
}

// nodeMasks says how large each node's block of pod addresses is, where the config differs from Kubernetes's default.
// Kubernetes takes another flag for two families than for one.
func nodeMasks(set flags.Set, network config.K8sNetworkConfig) {
	size4, size6 := network.NodeCIDRMaskSizeIPv4(), network.NodeCIDRMaskSizeIPv6()
	if size4 == constants.DefaultNodeCIDRMaskSizeIPv4 && size6 == constants.DefaultNodeCIDRMaskSizeIPv6 {
		return
	}
	switch pods := network.PodCIDRs(); {
	case len(pods) > 1:
		set["node-cidr-mask-size-ipv4"], set["node-cidr-mask-size-ipv6"] = strconv.Itoa(size4), strconv.Itoa(size6)
	case len(pods) == 1 && pods[0].Addr().Is4():
		set["node-cidr-mask-size"] = strconv.Itoa(size4)
	default:
		set["node-cidr-mask-size"] = strconv.Itoa(size6)
	}
}

func (p Plane) scheduler() (Component, error) {
	scheduler, dir, kubeconfig := p.Config.K8sSchedulerConfig(), p.dir(SchedulerName), p.secret("scheduler.kubeconfig")
	file, err := p.schedulerFile(kubeconfig)
	if err != nil {
		return Component{}, err
	}
	set := flags.Set{
		"authentication-kubeconfig":              kubeconfig,
		"authentication-tolerate-lookup-failure": "false",
		"authorization-kubeconfig":               kubeconfig,
		"config":                                 filepath.Join(dir, schedulerFile),
		"leader-elect":                           "true",
		"profiling":                              "false",
		"tls-min-version":                        "VersionTLS13",
	}
	if err := set.Merge(scheduler.ExtraArgs(),
		flags.Deny("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "config"),
	); err != nil {
		return Component{}, fmt.Errorf("cluster.scheduler.extraArgs: %w", err)
	}
	set["bind-address"] = p.Address.String()
	return Component{
		Name: SchedulerName, Args: set.Args(), Files: map[string][]byte{schedulerFile: file}, Dir: dir,
		HealthURL: "https://" + net.JoinHostPort(p.Address.String(), schedulerPort) + "/healthz",
		Image:     scheduler.Image(),
	}, nil
}
