package spectest

import "fmt"

// fields draws what few houses have: numbers of single nodes in BGP, further pools and disks, other holders of records,
// other keys for secrets. It comes last, when names are final.
func (g *generator) fields() {
	g.bgpFields()
	st, _ := g.config["storage"].(object)
	if ceph, ok := st["rookCeph"].(object); ok {
		g.cephFields(ceph)
	}
	if longhorn, ok := st["longhorn"].(object); ok {
		g.longhornFields(longhorn)
	}
	g.outside()
	for _, n := range g.allNodes() {
		volume, ok := n["ephemeralVolume"].(object)
		if ok && g.config["cluster"].(object)["talosVersion"] == "v1.12.0" && g.chance(50) {
			delete(volume, "maxSize")
			volume["maxPercent"] = pick(g, 40, 80)
		}
	}
	g.machines()
	g.domains()
}

// machines draws leases, images of the owner's own, boot loaders, and volumes of every type.
func (g *generator) machines() {
	newer := g.config["cluster"].(object)["talosVersion"] == "v1.12.0"
	for i, n := range g.allNodes() {
		if n["dhcp"] == nil && g.chance(15) {
			n["lease"] = true
		}
		asked := n["kernelArgs"] != nil || n["meta"] != nil || n["secureBoot"] != nil
		switch {
		case !asked && g.chance(15):
			n["installer"] = "registry.example.net:5000/talos/installer"
		case newer && n["secureBoot"] == nil && g.chance(20):
			n["bootloader"] = pick(g, "dual-boot", "sd-boot", "grub")
		}
		if g.chance(15) {
			n["rawVolumes"] = []any{object{"name": "raw", "disk": object{"serial": fmt.Sprintf("RAWVOL%03d", i)}, "maxSize": "100GiB"}}
		}
		if newer && g.chance(20) {
			volumes, _ := n["userVolumes"].([]any)
			n["userVolumes"] = append(volumes,
				object{"name": "media", "type": "disk", "disk": object{"serial": fmt.Sprintf("MEDIA%03d", i)}},
				object{"name": "scratch", "type": "directory"})
		}
	}
}

// domains draws further domains, with a hosted zone of their own where the holder wants one.
func (g *generator) domains() {
	edge := g.config["edge"].(object)
	if !g.chance(20) {
		return
	}
	domain := object{"name": "example.net"}
	if dns, ok := edge["dns"].(object); ok && dns["route53"] != nil {
		domain["hostedZoneID"] = "Z3M3LMPEXAMPLE"
	}
	edge["domains"] = []any{domain}
}

func (g *generator) bgpFields() {
	bgp, ok := g.config["cilium"].(object)["bgp"].(object)
	if !ok {
		return
	}
	_, first := g.schedulable()
	node := g.allNodes()[first]["name"]
	if g.chance(25) {
		bgp["overrides"] = []any{object{"node": node, "localASN": pick(g, 64600, 4200000600), "routerID": "10.255.255.1"}}
	}
	for _, p := range bgp["peers"].([]any) {
		peer := p.(object)
		if g.chance(15) {
			delete(peer, "asn")
			peer["learnASN"], peer["passwordRef"] = true, g.secret("bgpPassword")
		}
		if advertise := bgp["advertise"]; g.chance(15) && advertise == nil {
			peer["advertise"] = []string{"loadBalancer"}
		}
		if g.chance(15) {
			peer["communities"] = pick(g, []string{}, []string{"64514:200"})
		}
	}
}

func (g *generator) cephFields(ceph object) {
	domains := len(ceph["nodes"].([]any))
	if g.chance(25) {
		ceph["pools"] = []any{object{"name": "bulk", "deviceClass": "hdd", "kind": pick(g, "block", "filesystem"), "compression": g.chance(50)}}
	}
	if g.chance(20) {
		for _, n := range ceph["nodes"].([]any) {
			delete(n.(object), "disks")
			n.(object)["matching"] = []string{"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_*"}
		}
	}
	if domains >= 4 && g.chance(50) {
		ceph["pools"] = []any{object{"name": "archive", "kind": pick(g, "block", "filesystem"), "erasureCoding": object{"dataChunks": 2, "codingChunks": 2}}}
	}
}

func (g *generator) longhornFields(longhorn object) {
	if g.chance(25) {
		longhorn["disks"] = []any{object{"userVolume": "longhorn", "tags": []string{"nvme"}, "reserved": "5GiB"}}
	}
	if g.chance(20) {
		target := pick(g, "cifs://nas.example.net/backups", "azblob://backups@core.windows.net/", "s3://backups@eu-central-1/longhorn")
		longhorn["backup"] = object{
			"target": target, "accessKeyRef": g.secret("backupUser"), "secretKeyRef": g.secret("backupPassword"),
			"schedules": []any{object{"name": "nightly", "cron": "0 3 * * *"}},
		}
	}
}

// outside draws who holds records, keys and the tree.
func (g *generator) outside() {
	edge := g.config["edge"].(object)
	if edge["cloudflare"] == nil && g.chance(30) {
		if g.chance(50) {
			edge["dns"] = object{"digitalOcean": object{"tokenRef": g.secret("digitalOceanToken")}}
		} else {
			edge["dns"] = object{"route53": object{"hostedZoneID": "Z2FDTNDATAQYW2", "accessKeyID": "AKIAIOSFODNN7EXAMPLE", "secretKeyRef": g.secret("route53SecretKey")}}
		}
		edge["certificates"] = object{"email": "me@example.com"}
	}
	if g.chance(15) {
		g.config["flux"] = object{"repository": "oci://ghcr.io/example/tree", "tag": "production", "username": "robot", "tokenRef": g.secret("registryToken")}
	}
	if g.config["secrets"] == nil && g.chance(20) {
		g.config["secrets"] = object{"sops": object{
			"pgp": object{"fingerprints": []string{"FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"}, "keyRef": g.secret("sopsPGPKey")},
			"kms": []any{object{"provider": "aws", "keys": []string{fmt.Sprintf("arn:aws:kms:eu-central-1:123456789012:key/%d", g.IntN(9))}, "credentialsRef": g.secret("awsCredentials")}},
		}}
	}
}
