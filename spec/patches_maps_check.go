package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maps compares the objects that a patch and a field of the stack file both fill, and judges what is in the patch's as
// what is in the field's.
func (p *patch) maps() {
	cl, n := p.c.s.Cluster, p.n
	for _, m := range []struct {
		keys  []string
		field *field.Path
		owned map[string]string
		mine  map[string]string
		judge func(at *field.Path, values map[string]string)
	}{
		{[]string{"machine", "sysctls"}, p.at.Child("sysctls"), nil, n.Sysctls, p.c.sysctls},
		{[]string{"machine", "sysfs"}, p.at.Child("sysfs"), nil, n.Sysfs, nil},
		{[]string{"machine", "nodeAnnotations"}, p.at.Child("annotations"), nil, n.NodeAnnotations(), nil},
		{[]string{"machine", "kubelet", "extraArgs"}, p.at.Child("kubeletArgs"), ownedKubeletArgs, n.KubeletArgs, p.c.flagValues("kubelet")},
		{[]string{"cluster", "apiServer", "extraArgs"}, field.NewPath("cluster", "apiServer", "extraArgs"), ownedAPIServerArgs, cl.APIServer.ExtraArgs, p.c.flagValues("kube-apiserver")},
		{[]string{"cluster", "controllerManager", "extraArgs"}, field.NewPath("cluster", "controllerManagerArgs"), ownedControllerManagerArgs, cl.ControllerManagerArgs, p.c.flagValues("kube-controller-manager")},
		{[]string{"cluster", "scheduler", "extraArgs"}, field.NewPath("cluster", "schedulerArgs"), ownedSchedulerArgs, cl.SchedulerArgs, p.c.flagValues("kube-scheduler")},
		{[]string{"cluster", "etcd", "extraArgs"}, field.NewPath("cluster", "etcdArgs"), ownedEtcdArgs, cl.EtcdArgs, p.c.flagValues("etcd")},
	} {
		patched := p.root.get(m.keys...)
		for _, key := range patched.pairs() {
			if mine, ok := m.mine[key]; ok {
				p.c.errorf(patched.get(key).path, "%s is also %s (%s): the patch would win; keep one of them", patched.get(key).text(), entry(m.field, key), mine)
			}
		}
		values := patched.texts()
		if m.owned != nil {
			p.c.flags(patched.path, values, m.owned)
		}
		if m.judge != nil {
			m.judge(patched.path, values)
		}
	}
	p.modules()
	p.hosts()
	p.mirrors()
}

func (p *patch) modules() {
	for _, m := range p.root.get("machine", "kernel", "modules").list() {
		name := m.get("name").text()
		if i := slices.IndexFunc(p.n.KernelModules, func(k KernelModule) bool { return k.Name == name }); i >= 0 {
			p.c.errorf(m.path, "%s is also %s: keep one of them", name, p.at.Child("kernelModules").Index(i))
		}
		p.c.moduleExtension(m.get("name").path, p.n, name)
	}
}

func (p *patch) hosts() {
	for _, h := range p.root.get("machine", "network", "extraHostEntries").list() {
		address := h.get("ip").text()
		if _, ok := p.n.Hosts[address]; ok {
			p.c.errorf(h.path, "%s is also %s: keep one of them", address, entry(p.at.Child("hosts"), address))
		}
		for _, alias := range h.get("aliases").list() {
			p.c.hostsName(alias.path, address, alias.text())
		}
	}
}

func (p *patch) mirrors() {
	mirrors := p.root.get("machine", "registries", "mirrors")
	for _, host := range mirrors.pairs() {
		if _, ok := p.c.s.Cluster.RegistryMirrors[host]; ok {
			p.c.errorf(mirrors.get(host).path, "%s is also %s: keep one of them", host, entry(field.NewPath("cluster", "registryMirrors"), host))
		}
		for _, endpoint := range mirrors.get(host, "endpoints").list() {
			p.c.neededURL(endpoint.path, endpoint.text(), "images come from it")
		}
	}
}
