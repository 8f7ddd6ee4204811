package spectest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"gopkg.in/yaml.v3"
)

type object = map[string]any

// generator makes plans that people could have: it draws the shape of a network, then machines, then what
// runs on them.
type generator struct {
	*rand.Rand
	config object
	// ipv4 and ipv6 tell which families nodes have; sixFirst which comes first.
	ipv4, ipv6, sixFirst bool
	controlPlanes        int
	workers              int
	site                 int
}

// Plan draws one plan, as the values of the keys of a stack file. The same seed gives the same plan.
func Plan(seed uint64) map[string]any {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), config: object{}}
	switch g.IntN(4) {
	case 0:
		g.ipv4, g.ipv6 = true, true
	case 1:
		g.ipv4, g.ipv6, g.sixFirst = true, true, true
	case 2:
		g.ipv6, g.sixFirst = true, true
	default:
		g.ipv4 = true
	}
	g.controlPlanes = []int{1, 3, 3, 5}[g.IntN(4)]
	g.workers = g.IntN(4)
	g.site = 1 + g.IntN(40)
	g.cluster()
	g.network()
	g.nodes()
	g.tuning()
	g.cilium()
	g.storage()
	g.rest()
	g.houses()
	g.fields()
	return g.config
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) cluster() {
	talos := []string{"v1.11.1", "v1.11.6", "v1.12.0"}[g.IntN(3)]
	g.config["cluster"] = object{
		"name": fmt.Sprintf("c%d", g.site), "domain": []string{"example.com", "home.example.org"}[g.IntN(2)],
		"talosVersion": talos, "talosContract": "v1.11",
		"kubernetesVersion": []string{"v1.32.9", "v1.33.5", "v1.34.1"}[g.IntN(3)],
	}
}

// both orders the values of the families that there are.
func (g *generator) both(four, six string) []string {
	switch {
	case g.ipv4 && g.ipv6 && g.sixFirst:
		return []string{six, four}
	case g.ipv4 && g.ipv6:
		return []string{four, six}
	case g.ipv6:
		return []string{six}
	default:
		return []string{four}
	}
}

func (g *generator) network() {
	n := object{"nodeCIDRs": g.both(fmt.Sprintf("10.%d.0.0/16", g.site), fmt.Sprintf("fd00:%d::/64", g.site))}
	if g.chance(50) {
		n["podCIDRs"] = g.both("172.20.0.0/16", "fd00:aaaa::/56")
		n["serviceCIDRs"] = g.both("172.21.0.0/20", "fd00:bbbb::/112")
	}
	if g.chance(50) && g.ipv4 {
		n["gateways"] = []string{fmt.Sprintf("10.%d.0.%d", g.site, []int{1, 254}[g.IntN(2)])}
	}
	if g.chance(50) && g.ipv4 {
		n["dhcpRanges"] = []string{fmt.Sprintf("10.%d.9.0-10.%d.9.255", g.site, g.site)}
	}
	if g.chance(30) {
		n["vlan"] = 1 + g.IntN(4094)
	}
	if g.chance(30) {
		n["mtu"] = 9000
	}
	if g.controlPlanes > 1 || g.chance(50) {
		n["vip"] = g.both(fmt.Sprintf("10.%d.5.50", g.site), fmt.Sprintf("fd00:%d::5:50", g.site))[0]
	}
	g.config["network"] = n
}

func (g *generator) nodes() {
	var nodes []any
	for i := range g.controlPlanes + g.workers {
		role := "worker"
		if i < g.controlPlanes {
			role = "controlPlane"
		}
		addresses := g.both(fmt.Sprintf("10.%d.5.%d", g.site, 11+i), fmt.Sprintf("fd00:%d::5:%d", g.site, 11+i))
		n := object{"name": fmt.Sprintf("n%d", i), "role": role, "address": addresses[0], "installDisk": object{"serial": fmt.Sprintf("SYS%03d", i)}}
		if len(addresses) > 1 {
			n["secondaryAddresses"] = addresses[1:]
		}
		mac := fmt.Sprintf("52:54:00:00:%02x", i)
		switch g.IntN(4) {
		case 0:
			n["bond"] = object{"macs": []string{mac + ":01", mac + ":02"}, "mode": []string{"802.3ad", "active-backup"}[g.IntN(2)]}
		case 1:
			n["interface"] = "enp1s0"
		default:
			n["mac"] = strings.ToUpper(mac + ":01")
		}
		if g.chance(20) {
			n["dhcp"] = true
		}
		if g.chance(20) {
			n["extraLinks"] = []any{object{"mac": mac + ":09", "mtu": 9000, "addresses": []string{fmt.Sprintf("192.168.77.%d/24", 11+i)}}}
		}
		if g.chance(20) {
			n["labels"] = object{"example.com/rack": "a"}
		}
		nodes = append(nodes, n)
	}
	g.config["nodes"] = nodes
	if g.chance(50) {
		g.config["nodeDefaults"] = object{"extensions": []string{"siderolabs/i915"}, "sysctls": object{"vm.max_map_count": 262144}}
	}
}

// schedulable is how many nodes take workloads, and the first of them.
func (g *generator) schedulable() (count, first int) {
	if g.workers > 0 {
		return g.workers, g.controlPlanes
	}
	return g.controlPlanes, 0
}

func (g *generator) cilium() {
	router := g.both(fmt.Sprintf("10.%d.0.1", g.site), fmt.Sprintf("fd00:%d::1", g.site))
	c := object{}
	blocks := g.both(fmt.Sprintf("10.%d.6.0-10.%d.6.99", g.site, g.site), fmt.Sprintf("fd00:%d::6:0/112", g.site))
	if g.chance(50) {
		blocks = g.both(fmt.Sprintf("10.%d.6.0/24", 100+g.site), fmt.Sprintf("fd00:%d::/112", 100+g.site))
		var peers []any
		for i, address := range router {
			peers = append(peers, object{"name": fmt.Sprintf("r%d", i), "address": address, "asn": 64512})
		}
		bgp := object{"localASN": []int{64514, 4200000014}[g.IntN(2)], "peers": peers}
		if g.chance(30) {
			bgp["communities"] = []string{"64514:100", "4200000000:1:100"}
		}
		if g.chance(20) {
			bgp["localPort"] = pick(g, 179, 1790)
		}
		if g.chance(20) && c["routing"] == nil {
			bgp["advertise"] = []string{"loadBalancer", pick(g, "clusterIP", "pods")}
		}
		c["bgp"] = bgp
	}
	c["pools"] = []any{object{"name": "default", "blocks": blocks, "allowFirstLast": g.chance(50)}}
	if g.chance(30) {
		c["routing"] = "tunnel"
	}
	for _, key := range []string{"policyBaseline", "hostFirewall", "bandwidthManager"} {
		if g.chance(20) {
			c[key] = true
		}
	}
	if g.chance(20) {
		c["hubble"] = object{"ui": false}
	}
	if g.chance(20) {
		c["gatewayAPI"] = object{"channel": "experimental"}
	}
	if g.chance(30) {
		c["encryption"] = object{"type": "wireguard"}
	}
	g.config["cilium"] = c
}

func (g *generator) storage() {
	count, first := g.schedulable()
	st := object{}
	if g.chance(25) {
		var pools []any
		for i := first; i < first+count; i++ {
			disks := []any{object{"serial": fmt.Sprintf("ZFS%03dA", i)}, object{"serial": fmt.Sprintf("ZFS%03dB", i)}}
			pools = append(pools, object{"name": "tank", "node": fmt.Sprintf("n%d", i), "disks": disks, "compression": pick(g, "lz4", "zstd", "off")})
		}
		st["zfs"] = object{"pools": pools}
	}
	if g.chance(50) {
		var nodes []any
		for i := first; i < first+count; i++ {
			nodes = append(nodes, object{"name": fmt.Sprintf("n%d", i), "disks": []any{object{"serial": fmt.Sprintf("CEPH%03d", i)}}})
		}
		ceph := object{"nodes": nodes, "encrypted": g.chance(20), "dashboard": g.chance(80), "objectStore": object{"enabled": g.chance(30)}}
		if g.chance(15) {
			ceph["failureDomain"] = "osd"
		}
		if g.chance(30) {
			ceph["block"] = object{"compression": true, "deviceClass": pick(g, "nvme", "ssd"), "retainOnDelete": g.chance(50)}
		}
		st["rookCeph"] = ceph
	}
	if g.chance(50) {
		for i := first; i < first+count; i++ {
			n := g.config["nodes"].([]any)[i].(object)
			n["userVolumes"] = []any{object{"name": "longhorn", "disk": object{"serial": fmt.Sprintf("LH%03d", i)}, "minSize": "100GiB"}}
		}
		st["longhorn"] = object{"snapshotSchedules": []any{object{"name": "daily", "cron": fmt.Sprintf("%d %d * * *", g.IntN(60), g.IntN(24))}}}
	}
	g.config["storage"] = st
}

func (g *generator) rest() {
	g.config["flux"] = object{"repository": []string{"https://github.com/example/home.git", "ssh://git@github.com/example/home.git"}[g.IntN(2)]}
	gateway := g.both(fmt.Sprintf("10.%d.6.10", g.site), fmt.Sprintf("fd00:%d::6:10", g.site))
	if g.config["cilium"].(object)["bgp"] != nil {
		gateway = g.both(fmt.Sprintf("10.%d.6.10", 100+g.site), fmt.Sprintf("fd00:%d::10", 100+g.site))
	}
	edge := object{"gateways": object{"internal": gateway}}
	if g.chance(40) {
		g.secret("cloudflareApiToken")
		external := g.both(fmt.Sprintf("10.%d.6.11", g.site), fmt.Sprintf("fd00:%d::6:11", g.site))
		if g.config["cilium"].(object)["bgp"] != nil {
			external = g.both(fmt.Sprintf("10.%d.6.11", 100+g.site), fmt.Sprintf("fd00:%d::11", 100+g.site))
		}
		edge["gateways"].(object)["external"] = external
		edge["cloudflare"] = object{"accountID": "0123456789abcdef0123456789abcdef"}
		edge["certificates"] = object{"email": "me@example.com", "staging": g.chance(20)}
		edge["exposure"] = pick(g, "tunnel", "direct")
	}
	g.config["edge"] = edge
}

// File writes a plan as a stack file.
func File(config map[string]any) []byte {
	named := object{}
	for key, value := range config {
		named["home-ops:"+key] = value
	}
	data, err := yaml.Marshal(object{"config": named})
	if err != nil {
		panic(err) // a plan is made of texts, numbers, lists and objects alone
	}
	return data
}
