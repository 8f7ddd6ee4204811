package spectest

import "fmt"

func pick[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

func (g *generator) allNodes() []object {
	var out []object
	for _, n := range g.config["nodes"].([]any) {
		out = append(out, n.(object))
	}
	return out
}

// secret adds a Pulumi secret, and refers to it.
func (g *generator) secret(key string) string {
	g.config[key] = object{"secure": "v1:cGxhY2Vob2xkZXI="}
	return "config:" + key
}

// tuning draws what single nodes have of their own: kernel, kubelet, image, disks.
func (g *generator) tuning() {
	for i, n := range g.allNodes() {
		if g.chance(15) {
			n["sysctls"] = object{"net.core.somaxconn": pick(g, 4096, 16384)}
		}
		if g.chance(10) {
			n["kernelModules"] = []any{object{"name": "nbd", "parameters": []string{"nbds_max=16"}}}
		}
		if g.chance(10) {
			n["kernelArgs"] = []string{pick(g, "mitigations=off", "intel_iommu=on", "console=ttyS0")}
		}
		if g.chance(10) {
			n["hosts"] = object{fmt.Sprintf("10.%d.0.9", g.site): []string{"nas.example.net"}}
		}
		if g.chance(10) {
			n["kubeletArgs"] = object{"image-gc-high-threshold": pick(g, 82, 90)}
		}
		if g.chance(10) {
			n["maxPods"] = pick(g, 60, 110, 200)
		}
		if g.chance(10) {
			n["annotations"] = object{"example.com/rack": "a"}
		}
		if g.chance(10) && i > 0 {
			n["taints"] = []any{object{"key": "example.com/soft", "effect": "PreferNoSchedule"}}
		}
		if g.chance(10) {
			n["watchdog"] = object{"timeout": pick(g, "30s", "2m")}
		}
		if g.chance(15) {
			n["secureBoot"] = true
			n["encryption"] = object{
				"state":     object{"keys": []any{object{"type": "tpm"}}},
				"ephemeral": object{"keys": []any{object{"type": "tpm"}}, "sectorSize": 4096, "performance": []string{"no_read_workqueue"}},
			}
		} else if g.chance(10) {
			n["encryption"] = object{"ephemeral": object{"keys": []any{object{"type": "static", "passphraseRef": g.secret("diskPassphrase")}, object{"type": "nodeID"}}}}
		}
		if g.chance(10) {
			n["ephemeralVolume"] = object{"minSize": "20GiB", "maxSize": pick(g, "100GiB", "200GB")}
		}
		if g.chance(10) {
			n["meta"] = []any{object{"key": 12, "value": "rack-1"}}
		}
		g.patches(n)
	}
}

// patches draws raw patches that fight with no field.
func (g *generator) patches(n object) {
	var patches []any
	if g.chance(8) {
		patches = append(patches, object{"machine": object{"sysctls": object{"net.ipv4.tcp_fastopen": "3"}}})
	}
	if g.chance(8) {
		patches = append(patches, object{"machine": object{"kubelet": object{"extraConfig": object{"imageGCHighThresholdPercent": 70}}}})
	}
	if g.chance(8) {
		patches = append(patches, object{"machine": object{"files": []any{object{"path": "/var/etc/x.conf", "op": "create", "permissions": 420, "content": "x"}}}})
	}
	if g.chance(8) {
		patches = append(patches, object{"machine": object{"registries": object{"config": object{"quay.io": object{"auth": object{"username": "robot", "password": g.secret("quayPassword")}}}}}})
	}
	if g.chance(8) {
		patches = append(patches, object{
			"apiVersion": "v1alpha1", "kind": "RawVolumeConfig", "name": "vm",
			"provisioning": object{"diskSelector": object{"match": `disk.serial == "RAW1"`}, "minSize": "10GB"},
		})
	}
	if len(patches) > 0 {
		n["patches"] = patches
	}
}

// houses draws what is one for the whole cluster: names, KubeSpan, registries, tunnels, secrets, backups.
func (g *generator) houses() {
	cluster, network := g.config["cluster"].(object), g.config["network"].(object)
	if g.chance(15) {
		for _, n := range g.allNodes() {
			g.rename(n["name"].(string), n["name"].(string)+".example.net")
		}
	}
	if g.chance(15) {
		network["kubeSpan"] = object{"allowDownPeerBypass": g.chance(50)}
	}
	if g.chance(20) {
		cluster["registryMirrors"] = object{"docker.io": []string{"https://harbor.example.net/v2/docker"}}
		cluster["registries"] = object{
			"docker.io":          object{"overridePath": true, "skipFallback": g.chance(50)},
			"harbor.example.net": object{"username": "robot", "passwordRef": g.secret("harborPassword")},
		}
	}
	if g.chance(20) {
		cluster["etcdArgs"] = object{"heartbeat-interval": 250, "election-timeout": pick(g, 1250, 5000)}
	}
	if g.chance(20) {
		cluster["apiServer"] = object{
			"audit": g.chance(50), "podSecurity": pick(g, "baseline", "privileged"),
			"oidc": object{"issuerURL": "https://id.example.net", "clientID": "kubernetes"},
		}
	}
	if g.chance(20) {
		cluster["roll"] = object{"drainTimeout": pick(g, "5m", "1h")}
	}
	if g.chance(15) {
		cluster["discovery"] = object{"serviceEndpoint": "https://discovery.example.net/"}
	}
	if g.chance(15) {
		g.config["nodeDefaults"] = object{
			"extensions":        []string{"siderolabs/tailscale"},
			"extensionServices": []any{object{"name": "tailscale", "environment": object{"TS_EXTRA_ARGS": "--ssh"}, "secretEnvironment": object{"TS_AUTHKEY": g.secret("tailscaleKey")}}},
		}
	}
	if g.chance(30) {
		g.config["secrets"] = object{"sops": object{"ageRecipients": []string{"age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"}, "keyRef": g.secret("ageKey")}}
	}
	g.cards()
}

// cards gives some nodes cards that are found by what they are, and rings of cables.
func (g *generator) cards() {
	ring := g.chance(10)
	for i, n := range g.allNodes() {
		if _, named := n["interface"]; named && g.chance(40) {
			delete(n, "interface")
			n["card"] = object{"driver": "igc", "busPath": "0000:01:00.0"}
		}
		if ring {
			var links []any
			if extra, ok := n["extraLinks"].([]any); ok {
				links = extra
			}
			for port := range 2 {
				links = append(links, object{
					"card": object{"driver": "thunderbolt-net", "busPath": fmt.Sprintf("%d-1.0", port)}, "mtu": 65520,
					"addresses": []string{fmt.Sprintf("169.254.255.%d/32", 11+i)},
				})
			}
			n["extraLinks"] = links
		}
	}
}

// rename gives a node another name wherever the plan speaks of it.
func (g *generator) rename(from, to string) {
	for _, n := range g.allNodes() {
		if n["name"] == from {
			n["name"] = to
		}
	}
	st, _ := g.config["storage"].(object)
	if ceph, ok := st["rookCeph"].(object); ok {
		for _, n := range ceph["nodes"].([]any) {
			if n.(object)["name"] == from {
				n.(object)["name"] = to
			}
		}
	}
	if zfs, ok := st["zfs"].(object); ok {
		for _, p := range zfs["pools"].([]any) {
			if p.(object)["node"] == from {
				p.(object)["node"] = to
			}
		}
	}
}
