package roll

import (
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Roughly how long a machine's turn takes at home, in minutes: the firmware of small machines needs one or two until Talos
// starts, Talos and the kubelet one, and storage one to be whole again. An upgrade fetches and writes an image before, and
// the new Kubernetes of a machine is fetched before the first turn.
const (
	restartMinutes = 1
	rebootMinutes  = 4
	upgradeMinutes = 6
	// A reset boots twice, and images are fetched anew.
	reinstallMinutes = 12
	// awayMinutes are those of a boot in which the machine serves nothing.
	awayMinutes = 2
)

// Planned is what a roll would do to a machine, as far as it can be told before the machine is asked.
type Planned struct {
	Node Node
	// Does is [Apply] for one whose kubelet, or control plane, starts anew, [Reboot], [Upgrade] or [Reinstall].
	Does Action
}

// Forecast is what a roll will be like.
type Forecast struct {
	// Order are the machines' names, of which one is away at a time. Which control plane leads etcd shows only when it
	// begins: that one comes last of its kind, unless the stack file sends it first.
	Order []string `json:"order"`
	// Minutes is roughly how long all of it takes.
	Minutes int `json:"minutes"`
	// APIAway are the control planes whose boot takes the Kubernetes API along: fewer than three have no quorum without one.
	APIAway []string `json:"apiAway,omitempty"`

	// Anew are the machines that are installed anew.
	Anew []string `json:"anew,omitempty"`

	// unnamed is how many of the machines are control planes that the stack file does not send first, and named whether it sends
	// any: the leader comes last of the former.
	unnamed int
	named   bool
}

// Foretell says what the roll from one stack to another will be like; nil where nothing is planned.
func Foretell(from, to *spec.Stack, planned []Planned) *Forecast {
	if len(planned) == 0 {
		return nil
	}
	was, is := from.Cluster, to.Cluster
	planesFirst := was.TalosVersion != is.TalosVersion || was.KubernetesVersion != is.KubernetesVersion ||
		was.TalosCA != is.TalosCA || was.KubernetesCA.Issuing != is.KubernetesCA.Issuing
	does := map[string]Action{}
	var nodes []Node
	for _, p := range planned {
		does[p.Node.Name] = p.Does
		nodes = append(nodes, p.Node)
	}
	f := &Forecast{}
	for _, node := range Order(nodes, planesFirst, "", to.Cluster.Roll.Order) {
		f.Order = append(f.Order, node.Name)
		switch first := slices.Contains(to.Cluster.Roll.Order, node.Name); {
		case node.ControlPlane && first:
			f.named = true
		case node.ControlPlane:
			f.unnamed++
		}
		switch does[node.Name] {
		case Reboot:
			f.Minutes += rebootMinutes
		case Upgrade:
			f.Minutes += upgradeMinutes
		case Reinstall:
			f.Minutes += reinstallMinutes
			f.Anew = append(f.Anew, node.Name)
		default:
			f.Minutes += restartMinutes
		}
		// One that is installed anew leaves etcd before, so that the others are a quorum.
		if does[node.Name].GoesDown() && does[node.Name] != Reinstall && node.ControlPlane && len(to.ControlPlanes()) < 3 {
			f.APIAway = append(f.APIAway, node.Name)
		}
	}
	return f
}

// ForetellImages is the forecast of what two stacks alone tell: other images, another Kubernetes or other authorities of it,
// and reinstalls.
func ForetellImages(from, to *spec.Stack) *Forecast {
	var planned []Planned
	anew := spec.Reinstalled(from, to)
	for _, node := range to.Nodes {
		i := slices.IndexFunc(from.Nodes, func(n spec.Node) bool { return n.Name == node.Name })
		switch {
		case i < 0:
		case anew[node.Name]:
			planned = append(planned, Planned{NodeOf(to, node), Reinstall})
		case from.InstallerImage(from.Nodes[i]) != to.InstallerImage(node):
			planned = append(planned, Planned{NodeOf(to, node), Upgrade})
		case from.Cluster.KubernetesVersion != to.Cluster.KubernetesVersion, from.Cluster.KubernetesCA != to.Cluster.KubernetesCA:
			planned = append(planned, Planned{NodeOf(to, node), Apply})
		}
	}
	return Foretell(from, to, planned)
}

func (f *Forecast) String() string {
	text := "one machine at a time: " + strings.Join(f.Order, ", ")
	if f.unnamed > 1 {
		text += ", but the leader of etcd last of the control planes"
		if f.named {
			text += " that cluster.roll.order does not name"
		}
	}
	text += fmt.Sprintf("; roughly %d minutes", f.Minutes)
	if len(f.Anew) > 0 {
		text += fmt.Sprintf("; installed anew: %s, drained and away for roughly %d minutes each time", strings.Join(f.Anew, ", "), reinstallMinutes)
	}
	if len(f.APIAway) > 0 {
		text += fmt.Sprintf("; the Kubernetes API is away while %s boots, roughly %d minutes each time", strings.Join(f.APIAway, " boots, and while "), awayMinutes)
	}
	return text
}
