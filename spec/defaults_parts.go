package spec

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (s *Stack) deriveCilium() {
	c := &s.Cilium
	if c.Routing == "" {
		c.Routing = RoutingNative
		if s.nodesSpanNetworks() {
			c.Routing = RoutingTunnel
		}
	}
	if c.LoadBalancerMode == "" {
		c.LoadBalancerMode = LoadBalancerDSR
		if c.Routing == RoutingTunnel {
			c.LoadBalancerMode = LoadBalancerSNAT
		}
	}
	if c.Routing == RoutingTunnel && c.TunnelProtocol == "" {
		c.TunnelProtocol = TunnelVXLAN
		if c.LoadBalancerMode == LoadBalancerDSR {
			c.TunnelProtocol = TunnelGeneve
		}
	}
	if h := &c.Hubble; !h.Enabled || !h.Relay {
		h.Relay = h.Relay && (h.Enabled || s.isSet(field.NewPath("cilium", "hubble", "relay")))
		h.UI = h.UI && (h.Relay || s.isSet(field.NewPath("cilium", "hubble", "ui")))
	}
	if !s.isSet(field.NewPath("cilium", "l2", "enabled")) {
		c.L2.Enabled = len(c.Pools) > 0 && c.BGP == nil
	}
}

// nodesSpanNetworks reports whether the nodes' main addresses lie in several node networks.
func (s *Stack) nodesSpanNetworks() bool {
	first := ""
	for _, n := range s.Nodes {
		p, ok := s.Network.NodeNetworkOf(n.Address)
		if !ok {
			continue
		}
		if first == "" {
			first = p.String()
		}
		if p.String() != first {
			return true
		}
	}
	return false
}

func (s *Stack) deriveStorage() {
	st := &s.Storage
	if c := st.RookCeph; c != nil {
		if c.Replicas == 0 {
			c.Replicas = min(3, max(1, c.Domains()))
		}
		if c.Monitors == 0 {
			c.Monitors = 1
			if len(s.LoadBalancerNodes()) >= 3 {
				c.Monitors = 3
			}
		}
		for _, p := range []*CephPool{&c.Block, &c.Filesystem, &c.ObjectStore} {
			if p.Replicas == 0 {
				p.Replicas = c.Replicas
			}
		}
		for i := range c.Pools {
			if p := &c.Pools[i]; p.Replicas == 0 {
				p.Replicas = c.Replicas
			}
		}
	}
	if l := st.Longhorn; l != nil {
		if !s.isSet(field.NewPath("storage", "longhorn", "nodes")) && len(l.Nodes) == 0 {
			for _, n := range s.Nodes {
				if slices.ContainsFunc(l.Volumes(), func(v string) bool { _, ok := n.UserVolume(v); return ok }) {
					l.Nodes = append(l.Nodes, n.Name)
				}
			}
		}
		if l.Replicas == 0 {
			l.Replicas = min(3, max(1, len(l.Nodes)))
		}
	}
	if z := st.ZFS; z != nil {
		for i := range z.Pools {
			if p := &z.Pools[i]; p.Layout == "" {
				p.Layout = ZFSStripe
				if len(p.Disks) >= 2 {
					p.Layout = ZFSMirror
				}
			}
		}
	}
	if st.DefaultClass == "" && !s.isSet(field.NewPath("storage", "defaultClass")) {
		if classes := st.Classes(); len(classes) > 0 {
			st.DefaultClass = classes[0]
		}
	}
}

func (s *Stack) deriveFlux() {
	f := &s.Flux
	if f.Path == "" && !s.isSet(field.NewPath("flux", "path")) {
		f.Path = "kubernetes/clusters/" + s.Name
	}
	if f.Tag == "" && f.OCI() && !s.isSet(field.NewPath("flux", "tag")) {
		f.Tag = "latest"
	}
	if f.Interval == 0 && !s.isSet(field.NewPath("flux", "interval")) {
		f.Interval = Duration(180e9)
	}
	if w := f.Webhook; w != nil && w.Host == "" && s.Cluster.Domain != "" {
		w.Host = "flux-webhook." + s.Cluster.Domain
	}
	if g := f.GitHub; g != nil {
		if g.TokenRef == "" {
			g.TokenRef = s.usualRef("github", "token", "githubToken")
		}
		if !s.isSet(field.NewPath("flux", "github", "deployKey")) {
			g.DeployKey = f.SSH()
		}
		if !s.isSet(field.NewPath("flux", "github", "registerWebhook")) {
			g.RegisterWebhook = f.Webhook != nil
		}
	}
}

// SSH reports whether the repository is cloned over ssh.
func (f Flux) SSH() bool { return strings.HasPrefix(f.Repository, "ssh://") }

// OCI reports whether the repository is an artifact in a registry.
func (f Flux) OCI() bool { return strings.HasPrefix(f.Repository, "oci://") }

// Host is the name of the Git server, or empty when the repository is no URL.
func (f Flux) Host() string {
	u, ok := f.repositoryURL()
	if !ok {
		return ""
	}
	return u.Hostname()
}

// Authority is the name of the server and its port, if the repository has one.
func (f Flux) Authority() string {
	u, ok := f.repositoryURL()
	if !ok {
		return ""
	}
	return u.Host
}

// OwnerAndName are the two parts of a repository's name at GitHub. Both are empty when it is none there.
func (f Flux) OwnerAndName() (owner, name string) {
	u, ok := f.repositoryURL()
	if !ok {
		return "", ""
	}
	owner, name, ok = strings.Cut(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), "/")
	if !ok {
		return "", ""
	}
	return owner, name
}

func (s *Stack) deriveEdge() {
	e := &s.Edge
	if e.Exposure == "" {
		e.Exposure = ExposureNone
		if e.Cloudflare != nil {
			e.Exposure = ExposureTunnel
		}
	}
	if c := e.Cloudflare; c != nil {
		if c.Zone == "" {
			c.Zone = s.Cluster.Domain
		}
		if c.TunnelName == "" {
			c.TunnelName = s.Name
		}
		if c.APITokenRef == "" {
			c.APITokenRef = s.usualRef("cloudflare", "api-token", "cloudflareApiToken")
		}
	}
	if e.DNS.TXTOwnerID == "" && !s.isSet(field.NewPath("edge", "dns", "txtOwnerID")) {
		e.DNS.TXTOwnerID = s.Name
	}
	if d := e.DNS.DigitalOcean; d != nil {
		if d.Zone == "" {
			d.Zone = s.Cluster.Domain
		}
		if d.TokenRef == "" {
			d.TokenRef = s.usualRef("digitalocean", "api-token", "digitalOceanToken")
		}
	}
	if r := e.DNS.Route53; r != nil {
		if r.Zone == "" {
			r.Zone = s.Cluster.Domain
		}
		if r.SecretKeyRef == "" {
			r.SecretKeyRef = s.usualRef("route53", "secret-access-key", "route53SecretKey")
		}
	}
	if len(e.PublicZones()) > 0 {
		for i := range e.Domains {
			if e.Domains[i].Zone == "" {
				e.Domains[i].Zone = e.Domains[i].Name
			}
		}
	}
	if u := e.DNS.UniFi; u != nil && u.APIKeyRef == "" {
		u.APIKeyRef = s.usualRef("unifi", "api-key", "unifiApiKey")
	}
	if e.Certificates.Issuer == "" {
		e.Certificates.Issuer = IssuerCA
		if len(e.PublicZones()) > 0 {
			e.Certificates.Issuer = IssuerLetsEncrypt
		}
	}
}

func (s *Stack) deriveSecrets() {
	if o := s.Secrets.OnePassword; o != nil {
		if o.CredentialsRef == "" && o.ConnectHost == "" {
			o.CredentialsRef = "config:onepasswordCredentials"
		}
		if o.TokenRef == "" {
			o.TokenRef = "config:onepasswordToken"
		}
	}
	if k := s.Secrets.SOPS; k != nil {
		if k.KeyRef == "" && len(k.AgeRecipients) > 0 {
			k.KeyRef = s.usualRef("sops", "age-key", "sopsAgeKey")
		}
		if k.PGP != nil && k.PGP.KeyRef == "" {
			k.PGP.KeyRef = s.usualRef("sops", "pgp-key", "sopsPGPKey")
		}
	}
}

// usualRef is where a secret is kept when the stack does not say: in the 1Password vault if this program can
// read one, else as a Pulumi secret of the stack.
func (s *Stack) usualRef(item, field, key string) SecretRef {
	if o := s.Secrets.OnePassword; o.Readable() && o.Vault != "" {
		return SecretRef("op://" + o.Vault + "/" + item + "/" + field)
	}
	return SecretRef("config:" + key)
}
