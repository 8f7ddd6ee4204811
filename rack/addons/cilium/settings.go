package cilium

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// Settings are what the operator's ConfigMap says, by the names of the operator's flags
// (https://docs.cilium.io/en/stable/cmdref/cilium-operator/).
type Settings map[string]string

// SettingsOf reads the ConfigMap. Without one every setting is the operator's own default.
func SettingsOf(c *cluster.Cluster) Settings {
	settings := cluster.Find[corev1.ConfigMap](c, cluster.ConfigMaps, metav1.NamespaceSystem, "cilium-config")
	if settings == nil {
		return nil
	}
	return settings.Data
}

// On reports whether something is switched on. Otherwise is what counts where nothing is said of it.
func (s Settings) On(name string, otherwise bool) bool {
	text, ok := s[name]
	return !ok && otherwise || text == "true"
}

// Families are those of IP addresses that Cilium runs with.
func (s Settings) Families() (four, six bool) {
	return s.On("enable-ipv4", true), s.On("enable-ipv6", true)
}
