package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

const (
	nodesPath = "/api/v1/nodes"
	// machineAddress is the machine's; another one is for tests that run beside.
	machineAddress, anotherAddress = "127.0.50.11", "127.0.50.12"
)

// oneMachine is a control plane that is not powered on.
func oneMachine(b *broken) { machineAt(b, machineAddress) }

func machineAt(b *broken, address string) {
	b.t.Helper()
	m, err := node.New(node.Options{
		Name: "cp-1", Dir: b.t.TempDir(), Addresses: []netip.Prefix{netip.MustParsePrefix(address + "/16")},
		Kubernetes: struct{ node.Kubernetes }{}, // it never gets that far
	})
	if err != nil {
		b.t.Fatal(err)
	}
	machine := &machine{Node: m, spec: spec.Node{Name: "cp-1", Role: spec.RoleControlPlane, Address: netip.MustParseAddr(address)}}
	machine.spec.Labels, machine.spec.Annotations = map[string]string{"rack": "top"}, map[string]string{"unit": "7"}
	machine.spec.Taints = []spec.Taint{{Key: "disk", Value: "slow", Effect: "PreferNoSchedule"}}
	b.rack.nodes = append(b.rack.nodes, machine)
}

// found is a machine that took its config where DHCP had put it, and answers at its own address.
func found(b *broken, own, leased string) {
	machineAt(b, own)
	b.lease = lease{node: "cp-1", prefix: netip.MustParsePrefix(leased + "/16")}
	b.rack.configured = map[string]netip.Addr{}
	b.rack.took("cp-1", netip.MustParseAddr(leased))
	listen(b, own)
}

// listen takes connections at an address as a Talos API does.
func listen(b *broken, address string) {
	b.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.t.Context(), "tcp", address+":50000")
	if errors.Is(err, syscall.EADDRINUSE) {
		return // the same test has run before, whole
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = l.Close() })
}

// nodeText is the machine as Kubernetes shows it, with changes as pairs of what is there and what takes its place.
func nodeText(b *broken, changes ...string) string {
	text := fmt.Sprintf(`{kind: Node, apiVersion: v1, metadata: {name: cp-1, labels: {rack: top}, annotations: {unit: seven}}, spec: {podCIDRs: [%s], taints: [`+
		`{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}, {key: disk, value: slow, effect: PreferNoSchedule}, `+
		`{key: node.kubernetes.io/unreachable, effect: NoExecute}]}, status: {`+
		`addresses: [{type: InternalIP, address: %s}], nodeInfo: {kubeletVersion: %s, osImage: Talos (%s)}, `+
		`conditions: [{type: Ready, status: "True", message: fine}]}}`,
		b.stack.Network.PodCIDRs[0], machineAddress, b.stack.Cluster.KubernetesVersion, b.stack.Cluster.TalosVersion)
	return strings.NewReplacer(append(changes, "seven", `"7"`)...).Replace(text)
}

func wholeNode(b *broken) {
	oneMachine(b)
	b.list(nodesPath, nodeText(b))
}

var redKubernetes = []red{
	{
		line: "the Kubernetes API answers at the cluster endpoint", fault: "it is of another version",
		whole:  func(b *broken) { b.api["/version"] = "gitVersion: " + string(b.stack.Cluster.KubernetesVersion) },
		damage: func(b *broken) { b.api["/version"] = "gitVersion: v1.2.3" }, want: "says it is v1.2.3",
	},
	{
		line: "the Kubernetes API answers at the cluster endpoint", fault: "the kubeconfig leads elsewhere",
		whole:  func(b *broken) { b.api["/version"] = "gitVersion: " + string(b.stack.Cluster.KubernetesVersion) },
		damage: func(b *broken) { b.stack.Cluster.Endpoint = "https://192.0.2.1:6443" }, want: "and the cluster's endpoint is https://192.0.2.1:6443",
	},
	{
		line: "every control plane serves the API", fault: "one does not answer",
		damage: oneMachine, want: "cp-1: after",
	},
	{
		line: "every node is ready, and as the stack file says", fault: "one is not ready",
		whole: wholeNode, damage: func(b *broken) {
			b.list(nodesPath, nodeText(b, `"True", message: fine`, `"False", message: no network`))
		},
		want: "cp-1 is not ready: no network",
	},
	{
		line: "every node is ready, and as the stack file says", fault: "one is not registered",
		whole: wholeNode, damage: func(b *broken) { b.list(nodesPath) }, want: "cp-1 is not registered",
	},
	{
		line: "every node is ready, and as the stack file says", fault: "there is one more",
		whole: wholeNode, damage: func(b *broken) { b.list(nodesPath, nodeText(b), nodeText(b, "name: cp-1", "name: ghost")) },
		want: "ghost is registered and not in the stack file",
	},
	{
		line: "every node is ready, and as the stack file says", fault: "everything about one is another",
		whole: wholeNode, damage: func(b *broken) {
			b.list(nodesPath, nodeText(b, "rack: top", "rack: low", "seven", "eight", "slow", "fast", "address: "+machineAddress, "address: 192.0.2.1",
				string(b.stack.Cluster.KubernetesVersion), "v1.2.3", string(b.stack.Cluster.TalosVersion), "v0.1.0",
				b.stack.Network.PodCIDRs[0].String(), "192.0.2.0/24"))
		},
		want: machineAddress + " is not among its addresses [{InternalIP 192.0.2.1}]; cp-1: kubelet is v1.2.3, not v1.34.1; " +
			`cp-1: its system is "Talos (v0.1.0)", not Talos v1.11.1; cp-1: pod network 192.0.2.0/24 is outside [10.42.0.0/16]; cp-1: label rack is "low", not "top"; ` +
			`cp-1: annotation unit is "eight", not "7"; cp-1: its taints are ["disk=fast:PreferNoSchedule" "node-role.kubernetes.io/control-plane:NoSchedule"], ` +
			`not ["disk=slow:PreferNoSchedule" "node-role.kubernetes.io/control-plane:NoSchedule"]`,
	},
	{
		line: "every node is ready, and as the stack file says", fault: "a control plane takes pods that it should not",
		whole: wholeNode, damage: func(b *broken) {
			b.list(nodesPath, nodeText(b, "{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}, ", ""))
		},
		want: `cp-1: its taints are ["disk=slow:PreferNoSchedule"], not `,
	},
	{
		line: "every node is ready, and as the stack file says", fault: "one has a taint that nobody wrote",
		whole: wholeNode, damage: func(b *broken) {
			b.list(nodesPath, nodeText(b, "{key: disk,", "{key: stray, effect: NoExecute}, {key: disk,"))
		},
		want: `"stray:NoExecute"], not `,
	},
	{
		line: "a step: every node takes pods again", fault: "one is cordoned", want: "cp-1 is cordoned",
		whole:  func(b *broken) { b.list(nodesPath, nodeText(b)) },
		damage: func(b *broken) { b.list(nodesPath, nodeText(b, "spec: {", "spec: {unschedulable: true, ")) },
		do:     func(ctx context.Context, b *broken) { b.uncordoned(ctx, b.cluster, step(), nil) },
	},
	{
		line: "a step: every machine runs it", fault: "one runs nothing", want: "cp-1 runs , not ",
		damage: oneMachine,
		do:     func(_ context.Context, b *broken) { b.came(step(), "every machine runs it", b.runsWhatItShould()) },
	},
	{
		line: "a step: cp-1 is back", fault: "it was never away", want: "so nothing was tried",
		damage: oneMachine,
		do:     func(_ context.Context, b *broken) { b.foundBack(step(), b.rack.nodes[0], nil) },
	},
	{
		line: "kinds have the scopes by which owners are told apart", fault: "a kind is in a namespace and should not be",
		whole: func(b *broken) { scopes(b, true) }, damage: func(b *broken) { scopes(b, false) }, want: `Pod of "": the API server serves it with namespaced: false`,
	},
	{
		line: "kinds have the scopes by which owners are told apart", fault: "nobody has heard of a group",
		whole: func(b *broken) { scopes(b, true) }, damage: func(b *broken) {
			b.api["/apis"] = `{kind: APIGroupList, groups: [{name: new.example.com, versions: [{groupVersion: new.example.com/v1, version: v1}], preferredVersion: {groupVersion: new.example.com/v1, version: v1}}]}`
			b.api["/apis/new.example.com/v1"] = `{kind: APIResourceList, groupVersion: new.example.com/v1, resources: [{name: things, kind: Thing, namespaced: true, verbs: [list]}]}`
		}, want: `Thing of "new.example.com"`,
	},
}

func scopes(b *broken, namespaced bool) {
	b.api["/api"] = "{kind: APIVersions, versions: [v1]}"
	b.api["/apis"] = "{kind: APIGroupList, groups: []}"
	b.api["/api/v1"] = fmt.Sprintf("{kind: APIResourceList, groupVersion: v1, resources: [{name: pods, kind: Pod, namespaced: %t, verbs: [list]}]}", namespaced)
}

// redTalos use one address, so each has what it serves to itself.
var redTalos = []red{
	{
		line: "every control plane is an etcd member", fault: "one is a learner",
		damage: func(b *broken) {
			machineAt(b, anotherAddress)
			b.cluster.talosconfig = (&talos{members: []*machineapi.EtcdMember{{Hostname: "cp-1", IsLearner: true}}}).serve(b.t, anotherAddress)
		}, want: "0 voting members, 1 control planes",
	},
	{
		line: "every node answers talosconfig at its own address", fault: "one runs another version",
		damage: func(b *broken) {
			oneMachine(b)
			b.cluster.talosconfig = (&talos{version: "v1.0.0"}).serve(b.t, machineAddress)
		}, want: "cp-1: after 1m0s: runs Talos v1.0.0, not v1.11.1",
	},
	{
		line: "the machines had no fault", fault: "one is off",
		damage: oneMachine, want: "cp-1 is ",
	},
	{
		line: "the machines had no fault", fault: "one had one",
		damage: func(b *broken) { b.rack.fault(errors.New("its disk is on fire")) }, want: "its disk is on fire",
	},
	{
		line: "a machine was found at the address that DHCP gave it", fault: "it took its config at its own",
		whole:  func(b *broken) { found(b, "127.0.9.11", "127.0.9.12") },
		damage: func(b *broken) { b.rack.took("cp-1", netip.MustParseAddr("127.0.9.11")) },
		want:   "cp-1 took its config at 127.0.9.11, and DHCP had given it 127.0.9.12",
	},
	{
		line: "a machine was found at the address that DHCP gave it", fault: "it stays there",
		whole:  func(b *broken) { found(b, "127.0.9.21", "127.0.9.22") },
		damage: func(b *broken) { listen(b, "127.0.9.22") }, want: "cp-1 still answers at 127.0.9.22",
	},
	{
		line: "a machine was found at the address that DHCP gave it", fault: "it does not come to its own",
		damage: func(b *broken) {
			found(b, "127.0.9.31", "127.0.9.32")
			b.rack.nodes[0].spec.Address = netip.MustParseAddr("127.0.9.33")
		}, want: "cp-1 does not answer at its own address 127.0.9.33",
	},
	{
		line: "a machine was found at the address that DHCP gave it", fault: "it is not there",
		damage: func(b *broken) {
			b.lease = lease{node: "cp-9", prefix: netip.MustParsePrefix("127.0.9.42/16")}
		}, want: "cp-9, which has no reservation, is not there",
	},
}
