package spec

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ownedPaths are the keys of a machine configuration that the stack file decides; a patch of them would
// make the plan say one thing and the node do another. Each names its owner.
var ownedPaths = []struct{ path, owner string }{
	{"machine.type", "the node's role"},
	{"machine.token", "the cluster's secrets"},
	{"machine.ca", "the cluster's secrets"},
	{"machine.install.image", "cluster.talosVersion and the node's extensions"},
	{"machine.install.disk", "installDisk"},
	{"machine.install.diskSelector", "installDisk"},
	{"machine.install.wipe", "wipeInstallDisk"},
	{"machine.network.hostname", "the node's name"},
	{"machine.network.nameservers", "network.dnsServers"},
	{"machine.time.servers", "network.ntpServers"},
	{"machine.network.kubespan", "network.kubeSpan"},
	{"machine.nodeLabels", "labels"},
	{"machine.nodeTaints", "taints"},
	{"machine.kubelet.image", "cluster.kubernetesVersion"},
	{"machine.kubelet.nodeIP", "the node's addresses"},
	{"machine.kubelet.clusterDNS", "network.serviceCIDRs"},
	{"machine.kubelet.registerWithFQDN", "the node's name"},
	{"machine.kubelet.extraConfig.maxPods", "maxPods"},
	{"machine.kubelet.extraConfig.registerWithTaints", "taints"},
	{"machine.systemDiskEncryption", "encryption"},
	{"cluster.id", "the cluster's secrets"},
	{"cluster.secret", "the cluster's secrets"},
	{"cluster.token", "the cluster's secrets"},
	{"cluster.ca", "the cluster's secrets"},
	{"cluster.clusterName", "cluster.name"},
	{"cluster.controlPlane.endpoint", "cluster.endpoint and network.vip"},
	{"cluster.network.podSubnets", "network.podCIDRs"},
	{"cluster.network.serviceSubnets", "network.serviceCIDRs"},
	{"cluster.network.dnsDomain", "cluster.dnsDomain"},
	{"cluster.network.cni", "cilium"},
	{"cluster.proxy", "cilium, which replaces kube-proxy"},
	{"cluster.allowSchedulingOnControlPlanes", "cluster.allowSchedulingOnControlPlanes"},
	{"cluster.discovery", "cluster.discovery"},
	{"cluster.apiServer.image", "cluster.kubernetesVersion"},
	{"cluster.controllerManager.image", "cluster.kubernetesVersion"},
	{"cluster.scheduler.image", "cluster.kubernetesVersion"},
	{"cluster.apiServer.admissionControl", "cluster.apiServer.podSecurity"},
	{"cluster.etcd.ca", "the cluster's secrets"},
	{"cluster.etcd.subnet", "the node's addresses"},
	{"cluster.etcd.advertisedSubnets", "the node's addresses"},
}

// ownedKinds are the documents that the stack file writes itself.
var ownedKinds = map[string]string{
	"HostnameConfig": "the node's name",
	"ResolverConfig": "network.dnsServers",
	"TimeSyncConfig": "network.ntpServers",
	"KubeSpanConfig": "network.kubeSpan",
}

// owned refuses what other keys of the stack file decide.
func (p *patch) owned() {
	for _, o := range ownedPaths {
		if at := p.root.get(strings.Split(o.path, ".")...); at.exists() {
			p.c.errorf(at.path, "is set from %s; change it there", o.owner)
		}
	}
}

// features refuses what the program needs as it is.
func (p *patch) features() {
	features := p.root.get("machine", "features")
	prism := features.get("kubePrism")
	switch port := prism.get("port").text(); {
	case prism.deleted() || prism.get("enabled").text() == "false":
		p.c.errorf(prism.path, "is off here, and Cilium reaches the Kubernetes API through it (localhost:7445): leave it on")
	case port != "" && port != "7445":
		p.c.errorf(prism.get("port").path, "%s is not 7445, where Cilium reaches the Kubernetes API", port)
	}
	if dns := features.get("hostDNS"); dns.get("forwardKubeDNSToHost").text() == "true" {
		p.c.errorf(dns.get("forwardKubeDNSToHost").path, "true sends the cluster's DNS over the node's own, which Cilium's masquerading in eBPF breaks (https://github.com/siderolabs/talos/issues/10002)")
	}
	if dns := p.root.get("cluster", "coreDNS"); dns.get("disabled").text() == "true" {
		p.c.errorf(dns.get("disabled").path, "true leaves the cluster without DNS: Flux could not find its repository")
	}
	if rbac := features.get("rbac"); rbac.text() == "false" {
		p.c.errorf(rbac.path, "false lets every Talos client do everything: the etcd backup in the cluster would be an administrator")
	}
	for _, plane := range []string{"controllerManager", "scheduler"} {
		if off := p.root.get("machine", "controlPlane", plane, "disabled"); off.text() == "true" && p.n.IsControlPlane() {
			p.c.errorf(off.path, "true stops it on a control plane: nothing would be scheduled or repaired from there")
		}
	}
}

// document judges a patch that is a document of its own.
func (p *patch) document() {
	kind, name := p.kind(), p.root.get("name").text()
	mine := p.field(kind, name)
	if p.root.deleted() {
		if mine == nil {
			p.c.errorf(p.root.path, "deletes a %s that the node does not have, which Talos answers by failing", kind)
		}
		return
	}
	if mine != nil {
		p.c.errorf(p.root.path, "is the %s of %s too: write it there alone", kind, mine)
		return
	}
	match := p.root.get("provisioning", "diskSelector", "match")
	switch kind {
	case "UserVolumeConfig", "RawVolumeConfig", "SwapVolumeConfig":
		use := map[string]diskUse{"UserVolumeConfig": useVolume, "RawVolumeConfig": useRaw, "SwapVolumeConfig": useSwap}[kind]
		if kind == "UserVolumeConfig" && p.root.get("volumeType").text() == string(VolumeDisk) {
			use = useWholeDisk
		}
		p.volume(match, use)
	case "VolumeConfig":
		if match.exists() && name == "EPHEMERAL" {
			p.volume(match, useEphemeral)
		}
	}
}

// field is the key of the stack file that writes a document of that kind and name, or nil.
func (p *patch) field(kind, name string) *field.Path {
	n := p.n
	switch kind {
	case "UserVolumeConfig":
		if i := slices.IndexFunc(n.UserVolumes, func(v UserVolume) bool { return v.Name == name }); i >= 0 {
			return p.at.Child("userVolumes").Index(i)
		}
	case "RawVolumeConfig":
		if i := slices.IndexFunc(n.RawVolumes, func(v RawVolume) bool { return v.Name == name }); i >= 0 {
			return p.at.Child("rawVolumes").Index(i)
		}
	case "VolumeConfig":
		switch {
		case name == "EPHEMERAL" && n.EphemeralVolume != nil:
			return p.at.Child("ephemeralVolume")
		case name == "EPHEMERAL" && n.Encryption.Ephemeral != nil:
			return p.at.Child("encryption", "ephemeral")
		case name == "STATE" && n.Encryption.State != nil:
			return p.at.Child("encryption", "state")
		}
	case "WatchdogTimerConfig":
		if n.Watchdog != nil {
			return p.at.Child("watchdog")
		}
	case "ExtensionServiceConfig":
		if i := slices.IndexFunc(n.ExtensionServices, func(s ExtensionService) bool { return s.Name == name }); i >= 0 {
			return p.at.Child("extensionServices").Index(i)
		}
	}
	return nil
}
