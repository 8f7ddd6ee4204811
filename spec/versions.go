package spec

import (
	_ "embed"
	"sync"

	"gopkg.in/yaml.v3"
)

// Versions is the release of each chart or component, as its registry tags it. The defaults, tested
// together, are in versions.yaml.
type Versions struct {
	// Cilium is the chart of Cilium.
	Cilium Version `json:"cilium,omitempty"`
	// GatewayAPI is the release of the Gateway API's kinds.
	GatewayAPI Version `json:"gatewayAPI,omitempty"`
	// Flux is the distribution of the Flux controllers.
	Flux Version `json:"flux,omitempty"`
	// FluxOperator is the chart of the operator that installs Flux.
	FluxOperator Version `json:"fluxOperator,omitempty"`
	// FluxInstance is the chart of the operator's settings.
	FluxInstance Version `json:"fluxInstance,omitempty"`
	// RookCeph is the chart of the Rook operator, and that of the Ceph cluster.
	RookCeph Version `json:"rookCeph,omitempty"`
	// CephCSIDrivers is the chart of Ceph's CSI drivers, which Rook leaves to it from v1.20 on.
	CephCSIDrivers Version `json:"cephCSIDrivers,omitempty"`
	// Ceph is the image of Ceph itself.
	Ceph Version `json:"ceph,omitempty"`
	// SnapshotController is the chart of the CSI snapshot controller.
	SnapshotController Version `json:"snapshotController,omitempty"`
	// Longhorn is the chart of Longhorn.
	Longhorn Version `json:"longhorn,omitempty"`
	// ZFSLocalPV is the chart of OpenEBS ZFS.
	ZFSLocalPV Version `json:"zfsLocalPV,omitempty"`
	// CertManager is the chart of cert-manager.
	CertManager Version `json:"certManager,omitempty"`
	// ExternalDNS is the chart of external-dns.
	ExternalDNS Version `json:"externalDNS,omitempty"`
	// ExternalDNSUniFi is the image of external-dns's UniFi webhook.
	ExternalDNSUniFi Version `json:"externalDNSUniFi,omitempty"`
	// K8sGateway is the chart of k8s-gateway.
	K8sGateway Version `json:"k8sGateway,omitempty"`
	// Cloudflared is the image of the tunnel's connector.
	Cloudflared Version `json:"cloudflared,omitempty"`
	// ExternalSecrets is the chart of External Secrets.
	ExternalSecrets Version `json:"externalSecrets,omitempty"`
	// OnePasswordConnect is the chart of 1Password Connect.
	OnePasswordConnect Version `json:"onePasswordConnect,omitempty"`
}

//go:embed versions.yaml
var defaultVersions []byte

// tested is versions.yaml, read once.
var tested = sync.OnceValue(func() Versions {
	var root yaml.Node
	if err := yaml.Unmarshal(defaultVersions, &root); err != nil {
		panic("spec/versions.yaml: " + err.Error())
	}
	var v Versions
	d := decoder{src: newSource("versions.yaml")}
	d.decode(root.Content[0], reflectElem(&v), nil)
	if d.problems.HasErrors() {
		panic("spec/versions.yaml: " + d.problems.Err().Error())
	}
	return v
})

func (v *Versions) defaults() { *v = tested() }

// Tested are the versions that a stack has unless its file says otherwise.
func Tested() Versions { return tested() }
