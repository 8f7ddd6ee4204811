package flows

import (
	"encoding/json"
	"maps"
)

// question is what the engine reads (engine/question.go).
type question struct {
	Cluster      string                       `json:"cluster"`
	IPv4         bool                         `json:"ipv4"`
	IPv6         bool                         `json:"ipv6"`
	HostFirewall bool                         `json:"hostFirewall"`
	Namespaces   map[string]map[string]string `json:"namespaces"`
	Policies     []json.Marshaler             `json:"policies"`
	Ends         []end                        `json:"ends"`
	Flows        []connection                 `json:"flows"`
}

type end struct {
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	ServiceAccount string            `json:"serviceAccount,omitempty"`
	Address        string            `json:"address,omitempty"`
	Entities       []string          `json:"entities,omitempty"`
	TCP            map[string]uint16 `json:"tcp,omitempty"`
	UDP            map[string]uint16 `json:"udp,omitempty"`
}

type connection struct {
	From     int    `json:"from"`
	To       int    `json:"to"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
}

func (c *Cluster) question(flows []Flow) question {
	_, v4 := c.Stack.Network.PodCIDR4()
	_, v6 := c.Stack.Network.PodCIDR6()
	q := question{
		Cluster: c.Stack.Cluster.Name, IPv4: v4, IPv6: v6, HostFirewall: c.Stack.Cilium.HostFirewall,
		Namespaces: maps.Clone(c.Namespaces),
	}
	for _, p := range c.Policies {
		q.Policies = append(q.Policies, p)
	}
	known := map[string]int{}
	index := func(e End) int {
		// Pods of one name may differ, where several workloads are called alike.
		key := e.String()
		if e.Pod != nil {
			key = e.Pod.key()
		}
		if i, ok := known[key]; ok {
			return i
		}
		known[key] = len(q.Ends)
		q.Ends = append(q.Ends, e.asked())
		return known[key]
	}
	for _, f := range flows {
		q.Flows = append(q.Flows, connection{From: index(f.From), To: index(f.To), Protocol: f.Protocol, Port: f.Port})
	}
	return q
}

func (e End) asked() end {
	asked := end{Name: e.String(), Entities: e.Entities}
	if e.Address.IsValid() {
		asked.Address = e.Address.String()
	}
	if p := e.Pod; p != nil {
		asked.Namespace, asked.Labels, asked.ServiceAccount = p.Namespace, p.Labels, p.Spec.ServiceAccountName
		asked.TCP, asked.UDP = map[string]uint16{}, map[string]uint16{}
		for _, container := range p.containers() {
			for _, port := range container.Ports {
				switch {
				case port.Name == "":
				case protocolOf(port.Protocol) == "UDP":
					asked.UDP[port.Name] = uint16(port.ContainerPort)
				default:
					asked.TCP[port.Name] = uint16(port.ContainerPort)
				}
			}
		}
	}
	return asked
}
