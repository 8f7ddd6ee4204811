package addons_test

import (
	"fmt"
	"strings"
	"time"
)

const (
	outOfAddresses = "All enabled CiliumLoadBalancerIPPools that match this service ran out of allocatable IPs"
	noPool         = "There are no enabled CiliumLoadBalancerIPPools that match this service"
)

// ciliumPools are the behaviours of pools and of the Services that have addresses of them.
var ciliumPools = []ciliumBehaviour{
	{"a Service gets the first free address, and the pool counts it", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.counts("pool", "10", "9", "1")
		w.poolCondition("pool", "PoolConflict", "False", "resolved", "")
		w.service("second", "")
		w.satisfied("second", w.ip(101))
		w.counts("pool", "10", "8", "2")
	}},
	{"a Service gets the address that it asks for, by either name or the former field", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(105))
		w.satisfied("asks", w.ip(105))
		w.service("asked", "io.cilium/lb-ipam-ips: "+w.ip(106))
		w.satisfied("asked", w.ip(106))
		w.service("spec", "", "loadBalancerIP: "+w.ip(107))
		w.satisfied("spec", w.ip(107))
	}},
	{"a Service gets all of the addresses that it asks for", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", fmt.Sprintf("lbipam.cilium.io/ips: '%s, %s'", w.ip(103), w.ip(101)))
		w.satisfied("app", w.ip(103), w.ip(101))
		w.counts("pool", "10", "8", "2")
	}},
	{"a Service that asks for something else than an address gets any", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "lbipam.cilium.io/ips: nonsense")
		w.satisfied("app", w.ip(100))
	}},
	{"an address outside of all pools is not there", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "lbipam.cilium.io/ips: "+w.ip(200))
		w.refused("app", "no_pool", "No pool exists with a CIDR containing '"+w.ip(200)+"'")
		w.addresses("app")
		w.counts("pool", "10", "10", "0")
	}},
	{"an address that another Service has is not given twice", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("first", "lbipam.cilium.io/ips: "+w.ip(100))
		w.satisfied("first", w.ip(100))
		w.service("second", "lbipam.cilium.io/ips: "+w.ip(100))
		w.refused("second", "already_allocated", "The IP '"+w.ip(100)+"' is already allocated to another service")
		w.addresses("second")
	}},
	{"a Service that asks for another address moves", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "lbipam.cilium.io/ips: "+w.ip(103))
		w.satisfied("app", w.ip(103))
		w.service("app", "lbipam.cilium.io/ips: "+w.ip(104))
		w.satisfied("app", w.ip(104))
		w.counts("pool", "10", "9", "1")
	}},
	{"of a pool without a free address nobody gets one, until one comes free", func(w *ciliumWorld) {
		w.pool("pool", 100, 101)
		w.service("first", "")
		w.satisfied("first", w.ip(100))
		w.service("second", "")
		w.satisfied("second", w.ip(101))
		w.service("third", "")
		w.refused("third", "out_of_ips", outOfAddresses)
		w.addresses("third")
		w.counts("pool", "2", "0", "2")
		w.Delete("v1", "Service", w.key("first"))
		w.satisfied("third", w.ip(100))
	}},
	{"an address comes free when its Service goes", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.counts("pool", "10", "9", "1")
		w.Delete("v1", "Service", w.key("app"))
		w.counts("pool", "10", "10", "0")
	}},
	{"a Service that is about to go keeps its address", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.Applyf(loadBalancer, "app", w.namespace, "{}", "{}", "\n  finalizers: [home-ops.test/kept]", "")
		defer w.Applyf(loadBalancer, "app", w.namespace, "{}", "{}", "", "") // also when it fails, or the Service would stay
		w.satisfied("app", w.ip(100))
		w.Delete("v1", "Service", w.key("app"))
		w.service("later", "lbipam.cilium.io/ips: "+w.ip(100))
		w.refused("later", "already_allocated", "The IP '"+w.ip(100)+"' is already allocated to another service")
		w.addresses("app", w.ip(100))
		w.Applyf(loadBalancer, "app", w.namespace, "{}", "{}", "", "")
		w.gone("Service", "app")
		w.satisfied("later", w.ip(100))
	}},
	{"the smallest gap is filled first", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(107))
		w.satisfied("asks", w.ip(107))
		w.service("app", "")
		w.satisfied("app", w.ip(108))
	}},
	{"the first and the last address of a network are kept back where the pool says so", func(w *ciliumWorld) {
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf("\n  allowFirstLastIPs: \"No\"\n  blocks: [{cidr: %s/29}]", w.ip(8)))
		w.counts("pool", "8", "6", "2")
		w.service("app", "")
		w.satisfied("app", w.ip(9))
		w.service("first", "lbipam.cilium.io/ips: "+w.ip(8))
		w.refused("first", "already_allocated", "The IP '"+w.ip(8)+"' is already allocated to another service")
		w.counts("pool", "8", "5", "3")
	}},
	{"a pool serves those that it selects", func(w *ciliumWorld) {
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf(`
  blocks: [{start: %s, stop: %s}]
  serviceSelector: {matchLabels: {team: home}}`, w.ip(100), w.ip(109)))
		w.Applyf(loadBalancer, "selected", w.namespace, "{team: home}", "{}", "", "")
		w.satisfied("selected", w.ip(100))
		w.service("stranger", "")
		w.refused("stranger", "no_pool", noPool)
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(105))
		w.refused("asks", "pool_selector_mismatch", "The pool with the CIDR containing '"+w.ip(105)+"', doesn't select this service")
		w.Applyf(loadBalancer, "selected", w.namespace, "{team: away}", "{}", "", "")
		w.addresses("selected")
		w.refused("selected", "no_pool", noPool)
	}},
	{"a pool selects by the Service's own name and namespace, too", func(w *ciliumWorld) {
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf(`
  blocks: [{start: %s}]
  serviceSelector: {matchLabels: {io.kubernetes.service.name: app, io.kubernetes.service.namespace: %s}}`, w.ip(100), w.namespace))
		w.service("stranger", "")
		w.refused("stranger", "no_pool", noPool)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.counts("pool", "1", "0", "1")
	}},
	{"of two pools the one that has the address gives it", func(w *ciliumWorld) {
		w.pool("first", 100, 100)
		w.pool("second", 110, 110)
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(110))
		w.satisfied("asks", w.ip(110))
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.service("late", "")
		w.refused("late", "out_of_ips", outOfAddresses)
		w.counts("first", "1", "0", "1")
		w.counts("second", "1", "0", "1")
	}},
	{"a disabled pool gives nothing, until it is enabled", func(w *ciliumWorld) {
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf("\n  disabled: true\n  blocks: [{start: %s, stop: %s}]", w.ip(100), w.ip(109)))
		w.service("app", "")
		w.refused("app", "no_pool", noPool)
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(105))
		w.refused("asks", "no_pool", "No pool exists with a CIDR containing '"+w.ip(105)+"'")
		w.counts("pool", "10", "10", "0")
		w.pool("pool", 100, 109)
		w.addresses("asks", w.ip(105))
		w.field("Service", "app", satisfied("status"), `"True"`)
	}},
	{"what a pool gave before it was disabled stays", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf("\n  disabled: true\n  blocks: [{start: %s, stop: %s}]", w.ip(100), w.ip(109)))
		w.service("later", "")
		w.refused("later", "no_pool", noPool)
		w.satisfied("app", w.ip(100))
		w.counts("pool", "10", "9", "1")
	}},
	{"the younger of two pools that overlap gives nothing, and says why, until the older one goes", func(w *ciliumWorld) {
		w.pool("older", 100, 109)
		w.poolCondition("older", "PoolConflict", "False", "resolved", "")
		time.Sleep(1100 * time.Millisecond) // ages are told in seconds
		w.pool("younger", 105, 119)
		w.poolCondition("younger", "PoolConflict", "True", "cidr_overlap", fmt.Sprintf(
			"Pool conflicts since range '%s - %s' overlaps range '%s - %s' from IP Pool '%s'", w.ip(105), w.ip(119), w.ip(100), w.ip(109), w.name("older")))
		w.poolCondition("older", "PoolConflict", "False", "resolved", "")
		w.service("app", "lbipam.cilium.io/ips: "+w.ip(115))
		w.refused("app", "no_pool", "No pool exists with a CIDR containing '"+w.ip(115)+"'")
		w.Delete(ciliumAPI, "CiliumLoadBalancerIPPool", w.name("older"))
		w.poolCondition("younger", "PoolConflict", "False", "resolved", "")
		w.satisfied("app", w.ip(115))
	}},
	{"a pool that overlaps with itself gives nothing", func(w *ciliumWorld) {
		w.Applyf(addressPool, w.name("pool"), fmt.Sprintf("\n  blocks: [{start: %[1]s, stop: %[3]s}, {start: %[2]s, stop: %[4]s}]",
			w.ip(100), w.ip(105), w.ip(109), w.ip(119)))
		w.poolCondition("pool", "PoolConflict", "True", "cidr_overlap", fmt.Sprintf(
			"Pool conflicts since range '%s - %s' overlaps range '%s - %s' from IP Pool '%s'", w.ip(100), w.ip(109), w.ip(105), w.ip(119), w.name("pool")))
		w.service("app", "")
		w.refused("app", "no_pool", noPool)
	}},
	{"Services of one sharing key share an address while their ports differ", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("web", "lbipam.cilium.io/sharing-key: k", "ports: [{port: 80}]")
		w.satisfied("web", w.ip(100))
		w.service("tls", "lbipam.cilium.io/sharing-key: k", "ports: [{port: 443}]")
		w.satisfied("tls", w.ip(100))
		w.service("twin", "lbipam.cilium.io/sharing-key: k", "ports: [{port: 80}]")
		w.satisfied("twin", w.ip(101))
		w.service("alone", "", "ports: [{port: 22}]")
		w.satisfied("alone", w.ip(102))
		w.counts("pool", "10", "7", "3")
		w.service("asks", fmt.Sprintf("lbipam.cilium.io/sharing-key: k, lbipam.cilium.io/ips: %s", w.ip(100)), "ports: [{port: 443}]")
		w.refused("asks", "already_allocated_incompatible_service",
			"The IP '"+w.ip(100)+"' is already allocated to an incompatible service. Reason: same port and protocol")
		w.service("other", fmt.Sprintf("lbipam.cilium.io/sharing-key: o, lbipam.cilium.io/ips: %s", w.ip(100)), "ports: [{port: 22}]")
		w.refused("other", "already_allocated_incompatible_service",
			"The IP '"+w.ip(100)+"' is already allocated to an incompatible service. Reason: different sharing key")
		w.service("local", fmt.Sprintf("lbipam.cilium.io/sharing-key: k, lbipam.cilium.io/ips: %s", w.ip(100)),
			"ports: [{port: 22}], externalTrafficPolicy: Local")
		w.refused("local", "already_allocated_incompatible_service",
			"The IP '"+w.ip(100)+"' is already allocated to an incompatible service. Reason: different ExternalTrafficPolicy")
	}},
	{"an address is shared across namespaces where both Services let it", func(w *ciliumWorld) {
		w.neighbour()
		w.families("pool")
		w.service("web", "lbipam.cilium.io/sharing-key: k, lbipam.cilium.io/sharing-cross-namespace: "+w.other(), "ports: [{port: 80}]")
		w.satisfied("web", w.ip(100))
		shares := fmt.Sprintf("{lbipam.cilium.io/sharing-key: k, lbipam.cilium.io/ips: %s}", w.ip(100))
		w.Applyf(loadBalancer, "tls", w.other(), "{}", shares, "", "ports: [{port: 443}]")
		w.refused(w.other()+"/tls", "already_allocated_incompatible_service",
			"The IP '"+w.ip(100)+"' is already allocated to an incompatible service. Reason: different and not permitted namespace")
		w.Applyf(loadBalancer, "tls", w.other(), "{}", strings.Replace(shares, "{", "{lbipam.cilium.io/sharing-cross-namespace: '*', ", 1), "",
			"ports: [{port: 443}]")
		w.satisfied(w.other()+"/tls", w.ip(100))
	}},
	{"a Service whose address falls out of its pool gets another", func(w *ciliumWorld) {
		w.pool("pool", 100, 104)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.service("asks", "lbipam.cilium.io/ips: "+w.ip(101))
		w.satisfied("asks", w.ip(101))
		w.pool("pool", 110, 114)
		w.satisfied("app", w.ip(110))
		w.refused("asks", "no_pool", "No pool exists with a CIDR containing '"+w.ip(101)+"'")
		w.addresses("asks")
		w.counts("pool", "5", "4", "1")
	}},
	{"a pool that grows leaves its Services their addresses", func(w *ciliumWorld) {
		w.pool("pool", 102, 104)
		w.service("app", "")
		w.satisfied("app", w.ip(102))
		w.pool("pool", 100, 109)
		w.counts("pool", "10", "9", "1")
		w.satisfied("app", w.ip(102))
	}},
	{"a pool that goes takes its addresses along, the last one too", func(w *ciliumWorld) {
		w.pool("first", 100, 100)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.pool("second", 110, 110)
		w.Delete(ciliumAPI, "CiliumLoadBalancerIPPool", w.name("first"))
		w.satisfied("app", w.ip(110))
		w.Delete(ciliumAPI, "CiliumLoadBalancerIPPool", w.name("second"))
		w.addresses("app")
		w.refused("app", "no_pool", noPool)
	}},
	{"a Service of both families gets an address of each", func(w *ciliumWorld) {
		w.families("pool")
		w.service("app", "", "ipFamilyPolicy: RequireDualStack")
		w.satisfied("app", w.ip(100), w.six(1))
		w.service("prefers", "", "ipFamilyPolicy: PreferDualStack")
		w.satisfied("prefers", w.ip(101), w.six(2))
		w.service("six", "", "ipFamilies: [IPv6]")
		w.satisfied("six", w.six(3))
		w.counts("pool", "19", "14", "5")
	}},
	{"a Service gets the family that there is, and is told that the other one is missing", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "", "ipFamilyPolicy: RequireDualStack")
		w.addresses("app", w.ip(100))
		w.refused("app", "no_pool", noPool)
	}},
	{"a Service that is no load balancer any more is left to others", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("app", "")
		w.satisfied("app", w.ip(100))
		w.Applyf(loadBalancer, "app", w.namespace, "{}", "{}", "", "type: ClusterIP")
		w.addresses("app")
		w.field("Service", "app", satisfied("status"), "-")
		w.counts("pool", "10", "10", "0")
	}},
	{"a Service of another's class is left to others", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		w.service("other", "", "loadBalancerClass: example.com/other")
		// Layer 2 is switched off.
		w.service("layer-2", "", "loadBalancerClass: io.cilium/l2-announcer")
		w.service("ours", "", "loadBalancerClass: io.cilium/bgp-control-plane")
		w.satisfied("ours", w.ip(100))
		for _, name := range []string{"other", "layer-2"} {
			w.never("Service", name, satisfied("status"), `"True"`)
			w.addresses(name)
		}
	}},
	{"an operator that starts leaves every Service its addresses", func(w *ciliumWorld) {
		w.pool("pool", 100, 109)
		for _, name := range []string{"c", "b", "a"} {
			w.service(name, "")
			w.field("Service", name, satisfied("status"), `"True"`)
		}
		w.restart()
		w.service("d", "")
		for i, name := range []string{"c", "b", "a", "d"} {
			w.satisfied(name, w.ip(100+i))
		}
	}},
}

const (
	// loadBalancer is a Service: name, namespace, labels, annotations, more of its metadata, and of its spec.
	loadBalancer = `apiVersion: v1
kind: Service
metadata:
  name: %s
  namespace: %s
  labels: %s
  annotations: %s%s
spec: {type: LoadBalancer, ports: [{port: 80}], %s}`
	// addressPool is one: its name and its spec.
	addressPool = `apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: %s}
spec:%s`
)

// name is one of the cluster's own objects in this world.
func (w *ciliumWorld) name(name string) string { return w.namespace + "-" + name }

// pool has these addresses for the Services of this namespace.
func (w *ciliumWorld) pool(name string, first, last int) {
	w.t.Helper()
	w.Applyf(addressPool, w.name(name), fmt.Sprintf(`
  disabled: false
  blocks: [{start: %s, stop: %s}]
  serviceSelector: {matchLabels: {io.kubernetes.service.namespace: %s}}`, w.ip(first), w.ip(last), w.namespace))
}

// families is a pool of both families for the Services of this namespace and of the other one.
func (w *ciliumWorld) families(name string) {
	w.t.Helper()
	w.Applyf(addressPool, w.name(name), fmt.Sprintf(`
  blocks: [{start: %s, stop: %s}, {start: %q, stop: %q}]
  serviceSelector: {matchExpressions: [{key: io.kubernetes.service.namespace, operator: In, values: [%s, %s]}]}`,
		w.ip(100), w.ip(109), w.six(1), w.six(9), w.namespace, w.other()))
}

// service makes a Service with these annotations, and more of its spec.
func (w *ciliumWorld) service(name, annotations string, spec ...string) {
	w.t.Helper()
	w.Applyf(loadBalancer, name, w.namespace, "{}", "{"+annotations+"}", "", strings.Join(spec, ", "))
}

func satisfied(field string) string {
	return "status.conditions.[type=" + escaped("cilium.io/IPAMRequestSatisfied") + "]." + field
}

// satisfied waits for a Service to have these addresses and to be content.
func (w *ciliumWorld) satisfied(name string, addresses ...string) {
	w.t.Helper()
	w.addresses(name, addresses...)
	w.condition("Service", name, strings.TrimSuffix(satisfied(""), "."), "True", "satisfied", "")
}

func (w *ciliumWorld) refused(name, reason, message string) {
	w.t.Helper()
	w.condition("Service", name, strings.TrimSuffix(satisfied(""), "."), "False", reason, message)
}

// addresses waits for a Service to have these and no others, in this order.
func (w *ciliumWorld) addresses(name string, want ...string) {
	w.t.Helper()
	text := "-"
	for i, address := range want {
		if want[i] = fmt.Sprintf(`{"ip":%q,"ipMode":"VIP"}`, address); i == len(want)-1 {
			text = "[" + strings.Join(want, ",") + "]"
		}
	}
	w.field("Service", name, "status.loadBalancer.ingress", text)
}

// counts waits for a pool to tell how many addresses it has, and how many of these are free and in use.
func (w *ciliumWorld) counts(name, total, free, used string) {
	w.t.Helper()
	for kind, message := range map[string]string{"IPsTotal": total, "IPsAvailable": free, "IPsUsed": used} {
		w.poolCondition(name, kind, "Unknown", "noreason", message)
	}
}

func (w *ciliumWorld) poolCondition(name, kind string, want ...string) {
	w.t.Helper()
	for i, field := range []string{"status", "reason", "message"} {
		w.Eventually(ciliumAPI, "CiliumLoadBalancerIPPool", w.name(name), "status.conditions.[type="+escaped("cilium.io/"+kind)+"]."+field,
			fmt.Sprintf("%q", want[i]))
	}
}
