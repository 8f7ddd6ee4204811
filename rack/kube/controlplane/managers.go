package controlplane

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/kube/flags"
)

// The ports of the controller manager and the scheduler.
const (
	controllerManagerPort = "10257"
	schedulerPort         = "10259"
)

func (p Plane) controllerManager() (Component, error) {
	cluster, kubeconfig := p.Config.Cluster(), p.secret("controller-manager.kubeconfig")
	set := flags.Set{
		"allocate-node-cidrs":              "true",
		"authentication-kubeconfig":        kubeconfig,
		"authorization-kubeconfig":         kubeconfig,
		"cluster-cidr":                     strings.Join(cluster.Network().PodCIDRs(), ","),
		"cluster-signing-cert-file":        p.secret("ca.crt"),
		"cluster-signing-key-file":         p.secret("ca.key"),
		"configure-cloud-routes":           "false",
		"controllers":                      "*,tokencleaner",
		"kubeconfig":                       kubeconfig,
		"leader-elect":                     "true",
		"profiling":                        "false",
		"root-ca-file":                     p.secret("ca.crt"),
		"service-account-private-key-file": p.secret("service-account.key"),
		"service-cluster-ip-range":         strings.Join(cluster.Network().ServiceCIDRs(), ","),
		"tls-min-version":                  "VersionTLS13",
		"use-service-account-credentials":  "true",
	}
	if err := set.Merge(cluster.ControllerManager().ExtraArgs(),
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
		Image:     cluster.ControllerManager().Image(),
	}, nil
}

func (p Plane) scheduler() (Component, error) {
	cluster, dir, kubeconfig := p.Config.Cluster(), p.dir(SchedulerName), p.secret("scheduler.kubeconfig")
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
	if err := set.Merge(cluster.Scheduler().ExtraArgs(),
		flags.Deny("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "config"),
	); err != nil {
		return Component{}, fmt.Errorf("cluster.scheduler.extraArgs: %w", err)
	}
	set["bind-address"] = p.Address.String()
	return Component{
		Name: SchedulerName, Args: set.Args(), Files: map[string][]byte{schedulerFile: file}, Dir: dir,
		HealthURL: "https://" + net.JoinHostPort(p.Address.String(), schedulerPort) + "/healthz",
		Image:     cluster.Scheduler().Image(),
	}, nil
}
