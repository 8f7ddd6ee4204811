package power

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// house is a cluster of machines that can be switched off and on.
type house struct {
	stack *spec.Stack
	// on and cordoned are by the names of the machines; byUs are those of the cordoned that a shutdown has marked.
	on, cordoned, byUs map[string]bool
	// pods have volumes; what one of them has attached goes a look after it.
	pods, attached []string
	leader         string
	// stubborn are machines that Wake-on-LAN does not reach.
	stubborn map[string]bool
	did      []string
	told     []string
}

func newHouse(t *testing.T) *house {
	h := &house{
		stack: spectest.Home(t), on: map[string]bool{}, cordoned: map[string]bool{}, byUs: map[string]bool{},
		stubborn: map[string]bool{}, pods: []string{"db-0", "db-1"}, attached: []string{"pv-0 at worker-1"}, leader: "cp-1",
	}
	for _, node := range h.stack.Nodes {
		h.on[node.Name] = true
	}
	return h
}

func (h *house) options() Options {
	return Options{
		Stack: h.stack, Cluster: h,
		Machine: func(node spec.Node) (Machine, error) { return houseMachine{h, node.Name}, nil },
		Ready: func(_ context.Context, node spec.Node) error {
			if !h.on[node.Name] {
				return errors.New("connection refused")
			}
			return nil
		},
		Wake: func(_ context.Context, node spec.Node) error {
			h.did = append(h.did, "wake "+node.Name)
			if h.stubborn[node.Name] {
				return errors.New(node.Name + ": the stack file has no hardware address of it")
			}
			h.on[node.Name] = true
			return nil
		},
		Tell:   func(line string) { h.told = append(h.told, line) },
		Limits: Limits{Detach: 200 * time.Millisecond, Off: 200 * time.Millisecond, On: 200 * time.Millisecond, Look: time.Millisecond, Attempt: time.Second},
	}
}

func (h *house) Nodes(context.Context) ([]Node, error) {
	if !h.on["cp-1"] && !h.on["cp-2"] {
		return nil, errors.New("connection refused")
	}
	var nodes []Node
	for _, node := range h.stack.Nodes {
		nodes = append(nodes, Node{Name: node.Name, Ready: h.on[node.Name], Cordoned: h.cordoned[node.Name], ByUs: h.byUs[node.Name]})
	}
	return nodes, nil
}

func (h *house) Cordon(_ context.Context, name string) error {
	h.cordoned[name], h.byUs[name] = true, true
	return nil
}

func (h *house) Uncordon(_ context.Context, name string) error {
	h.did = append(h.did, "uncordon "+name)
	delete(h.cordoned, name)
	delete(h.byUs, name)
	return nil
}

func (h *house) Consumers(context.Context) ([]Pod, error) {
	var pods []Pod
	for _, name := range h.pods {
		pod := Pod{Namespace: "apps", Name: name}
		if name == "alone" {
			pod.Stays = "nothing would make it again"
		}
		pods = append(pods, pod)
	}
	return pods, nil
}

func (h *house) Delete(_ context.Context, pod Pod) error {
	if len(h.cordoned) < len(h.stack.Nodes) {
		return errors.New("it comes back on a node that takes pods")
	}
	h.did = append(h.did, "delete "+pod.Name)
	h.pods = slices.DeleteFunc(h.pods, func(name string) bool { return name == pod.Name })
	return nil
}

func (h *house) Attached(context.Context) ([]string, error) {
	attached := h.attached
	if len(h.attached) > 0 && !slices.Contains(h.attached, "for ever") {
		h.attached = h.attached[1:]
	}
	return attached, nil
}

type houseMachine struct {
	*house
	name string
}

func (m houseMachine) Answers(context.Context) bool { return m.on[m.name] }
func (m houseMachine) Leads(context.Context) bool   { return m.leader == m.name }
func (m houseMachine) Off(context.Context) error {
	m.did = append(m.did, "off "+m.name)
	m.on[m.name] = false
	return nil
}

func TestShutdown_DetachesVolumesThenSwitchesOffWorkersAndTheLeaderLast(t *testing.T) {
	h := newHouse(t)
	if err := Shutdown(t.Context(), h.options(), false); err != nil {
		t.Fatal(err)
	}
	want := "delete db-0, delete db-1, off worker-1, off worker-2, off worker-3, off cp-2, off cp-1"
	if got := strings.Join(h.did, ", "); got != want {
		t.Errorf("did  %s\nwant %s", got, want)
	}
}

func TestShutdown_SwitchesNothingOffWhileAVolumeIsAttached(t *testing.T) {
	h := newHouse(t)
	h.attached = []string{"for ever"}
	err := Shutdown(t.Context(), h.options(), false)
	if err == nil || !strings.Contains(err.Error(), "1 volumes are attached: for ever") || !strings.Contains(err.Error(), "-anyway") {
		t.Errorf("error %v", err)
	}
	for name, on := range h.on {
		if !on {
			t.Errorf("%s is off", name)
		}
	}
	if err := Shutdown(t.Context(), h.options(), true); err != nil || h.on["cp-1"] {
		t.Errorf("anyway: %v, %v", err, h.on)
	}
}

func TestShutdown_LeavesAPodAloneThatWouldNotComeBack(t *testing.T) {
	h := newHouse(t)
	h.pods = append(h.pods, "alone")
	err := Shutdown(t.Context(), h.options(), false)
	if want := "1 pods with volumes are left alone: apps/alone (nothing would make it again)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if want := []string{"alone"}; !slices.Equal(h.pods, want) || !h.on["worker-1"] {
		t.Errorf("pods %v, %v", h.pods, h.on)
	}
}

func TestKubeAPI_TellsThePodsThatHaveVolumesAndThoseThatStay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		claim := `"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]`
		owner := func(kind string) string {
			return `"ownerReferences": [{"controller": true, "kind": "` + kind + `", "name": "o", "apiVersion": "apps/v1", "uid": "1"}]`
		}
		_, _ = w.Write([]byte(`{"items": [
			{"metadata": {"namespace": "a", "name": "db", ` + owner("StatefulSet") + `}, "spec": {"nodeName": "n", ` + claim + `}},
			{"metadata": {"namespace": "a", "name": "alone"}, "spec": {"nodeName": "n", ` + claim + `}},
			{"metadata": {"namespace": "a", "name": "everywhere", ` + owner("DaemonSet") + `}, "spec": {"nodeName": "n", ` + claim + `}},
			{"metadata": {"namespace": "a", "name": "pending", ` + owner("StatefulSet") + `}, "spec": {` + claim + `}},
			{"metadata": {"namespace": "a", "name": "ended", ` + owner("Job") + `}, "spec": {"nodeName": "n", ` + claim + `}, "status": {"phase": "Succeeded"}},
			{"metadata": {"namespace": "a", "name": "without", ` + owner("ReplicaSet") + `}, "spec": {"nodeName": "n"}}
		]}`))
	}))
	defer server.Close()
	pods, err := KubeAPI{kubeapi.API{Server: server.URL, Client: server.Client()}}.Consumers(t.Context())
	want := []Pod{
		{"a", "db", ""},
		{"a", "alone", "nothing would make it again"},
		{"a", "everywhere", "its DaemonSet would make it again at once, cordoned or not"},
	}
	if err != nil || !slices.Equal(pods, want) {
		t.Errorf("pods %v, %v; want %v", pods, err, want)
	}
}

func TestShutdown_OfWhatIsOffDoesNothing(t *testing.T) {
	h := newHouse(t)
	clear(h.on)
	if err := Shutdown(t.Context(), h.options(), false); err != nil || len(h.did) != 0 {
		t.Errorf("did %v, %v", h.did, err)
	}
}

func TestStart_WakesControlPlanesFirstAndUncordonsWhatAShutdownCordoned(t *testing.T) {
	h := newHouse(t)
	h.cordoned["worker-3"] = true // by a person
	if err := Shutdown(t.Context(), h.options(), false); err != nil {
		t.Fatal(err)
	}
	h.did = nil
	if err := Start(t.Context(), h.options()); err != nil {
		t.Fatal(err)
	}
	want := "wake cp-1, wake cp-2, wake worker-1, wake worker-2, wake worker-3, uncordon cp-1, uncordon cp-2, uncordon worker-1, uncordon worker-2"
	if got := strings.Join(h.did, ", "); got != want {
		t.Errorf("did  %s\nwant %s", got, want)
	}
	h.did = nil
	if err := Start(t.Context(), h.options()); err != nil || len(h.did) != 0 {
		t.Errorf("again it did %v, %v", h.did, err)
	}
}

func TestStart_NamesTheMachineWhoseButtonHasToBePressed(t *testing.T) {
	h := newHouse(t)
	h.on["worker-2"], h.stubborn["worker-2"] = false, true
	err := Start(t.Context(), h.options())
	if err == nil || !strings.Contains(err.Error(), "worker-2: no answer yet") {
		t.Errorf("error %v", err)
	}
	if !slices.ContainsFunc(h.told, func(line string) bool { return strings.HasSuffix(line, "press its button") }) {
		t.Errorf("told %q", h.told)
	}
}

func TestWake_SendsTheMagicPacketToTheBroadcastAddress(t *testing.T) {
	mac, _ := net.ParseMAC("1c:69:7a:0d:4e:11")
	packet := Packet(mac)
	if len(packet) != 102 || !bytes.Equal(packet[:6], bytes.Repeat([]byte{0xff}, 6)) || bytes.Count(packet, mac) != 16 {
		t.Errorf("packet %x", packet)
	}
	for network, want := range map[string]string{"10.0.0.0/16": "10.0.255.255", "10.20.0.0/24": "10.20.0.255", "192.168.7.128/25": "192.168.7.255", "10.0.0.4/30": "10.0.0.7"} {
		if got := Broadcast(netip.MustParsePrefix(network)); got.String() != want {
			t.Errorf("%s: %s, want %s", network, got, want)
		}
	}
}

func TestWake_SaysWhyItCannot(t *testing.T) {
	node := spec.Node{Name: "a", Address: netip.MustParseAddr("fd00::1")}
	if err := Wake(t.Context(), node, nil); err == nil || !strings.Contains(err.Error(), "no hardware address") {
		t.Errorf("error %v", err)
	}
	node = spectest.Home(t).Nodes[0]
	if err := Wake(t.Context(), node, []netip.Prefix{netip.MustParsePrefix("fd00::/64")}); err == nil || !strings.Contains(err.Error(), "no IPv4 network") {
		t.Errorf("error %v", err)
	}
}
