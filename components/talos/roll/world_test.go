package roll_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// world is a cluster of simulated machines: enough of it to see who is down when.
type world struct {
	mu       sync.Mutex
	machines map[string]*machine
	// leader is the control plane that leads etcd.
	leader string
	// events are what was done to whom, in order.
	events []string
	// first have their turn before the others of their kind.
	first []string
	// told is the authority that pods are told of, once somebody leads again after so many looks.
	told       string
	leaderless int
	// started is what has started with other authorities of Kubernetes, in order.
	started []string
	// lines are what the roll told.
	lines []string
	// mostDown is the greatest number of machines that were down at once.
	mostDown int
	// killAt is the call at which the program is killed, 0 for never; calls counts them, and kill ends its context.
	killAt, calls int
	kill          context.CancelFunc
	// budget keeps every pod where it is; storage is what storage says.
	budget  string
	storage error
	// guests are machines in maintenance mode at addresses that DHCP gave, and seeker is who finds them.
	guests map[netip.Addr]*guest
	seeker roll.Seeker
	// vacant counts the looks for which nobody has the VIP, undeletable those at which the API takes no node object away.
	vacant, undeletable int
	// deaf counts the looks at who else has the VIP that get no answer, once it is given up.
	deaf int
	// holder has the VIP, if there is one; one that was told to give it up does so after some looks.
	holder string
	// looks counts how often storage was asked when it looked at itself; nil where it always tells what is.
	looks *int
}

type machine struct {
	world   *world
	node    roll.Node
	running roll.Running
	kubelet string
	plane   string
	config  string
	// away counts the looks for which it does not answer.
	away int
	// unreported counts the looks at its node before its kubelet has reported.
	unreported int
	// rollsBack makes an upgrade boot the old image; dead makes it stay away.
	rollsBack, dead bool
	// noEtcd and noAPI do not answer, though the machine does.
	noEtcd, noAPI bool
	// parted answers, and its etcd sees no other.
	parted bool
	// inMaintenance counts the looks for which it still is in maintenance mode.
	inMaintenance int
	// resigns counts the looks for which it still has the VIP, though its config has none.
	resigns int
	// leftEtcd is no member any more; deleted has no node object.
	leftEtcd, deleted bool
	// disks are Ceph's.
	disks []string
	// onVar are claims on EPHEMERAL.
	onVar []string
	// resets counts; lease is where DHCP puts the machine that was reset.
	resets         int
	lease          *guest
	cordoned, byUs bool
	pods           []roll.Pod
	boots          int
	kubernetesCA
}

const (
	oldTalos, newTalos           = spec.Version("v1.11.1"), spec.Version("v1.12.0")
	oldKubernetes, newKubernetes = spec.Version("v1.34.1"), spec.Version("v1.35.0")
)

// newWorld has a machine for each name; those that begin with cp are control planes.
func newWorld(names ...string) *world {
	w := &world{machines: map[string]*machine{}, leader: "cp-1"}
	for _, name := range names {
		node := roll.Node{
			Name: name, ControlPlane: strings.HasPrefix(name, "cp"), Talos: oldTalos, Schematic: "plain", Image: "installer",
			Kubernetes: oldKubernetes, Config: []byte(config("same")),
		}
		w.machines[name] = &machine{
			world: w, node: node, config: config("same"), kubelet: string(oldKubernetes), plane: string(oldKubernetes),
			running: roll.Running{Talos: oldTalos, Schematic: "plain", BootID: "0", Ready: true},
			pods:    []roll.Pod{{Namespace: "media", Name: "plex-" + name}},
		}
	}
	return w
}

func (w *world) names() []string {
	var names []string
	for name := range w.machines {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w *world) roll(limits roll.Limits) *roll.Roll {
	var nodes []roll.Node
	for _, name := range w.names() {
		nodes = append(nodes, w.machines[name].node)
	}
	return w.rollOf(limits, nodes)
}

// rollOf is the roll of a stack that has only these nodes.
func (w *world) rollOf(limits roll.Limits, nodes []roll.Node) *roll.Roll {
	return roll.New(roll.Options{
		Nodes:  nodes,
		First:  w.first,
		Seeker: w.seeker,
		Machine: func(n roll.Node) (roll.Machine, error) {
			if g, ok := w.guests[n.Address]; ok {
				return g, nil
			}
			return w.machines[n.Name], nil
		},
		Cluster: func(context.Context) (roll.Cluster, error) { return w, nil },
		Tell: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.lines = append(w.lines, line)
		},
		Limits: limits,
	})
}

// soon are limits for tests that end well.
func soon() roll.Limits {
	return roll.Limits{
		Healthy: time.Minute, Drain: time.Minute, Return: time.Minute, Settle: time.Minute, Storage: time.Minute,
		Attempt: time.Minute, Interval: time.Millisecond, Glance: time.Minute, Gather: time.Minute, Find: time.Minute, Again: time.Minute, Try: time.Minute, Watch: 20 * time.Millisecond,
	}
}

// change has every named node changed at the same time, and all others left as they are.
func (w *world) change(t *testing.T, limits roll.Limits, nodes ...roll.Node) map[string]error {
	t.Helper()
	r := w.roll(limits)
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = r.Change(t.Context(), n) })
	}
	for _, name := range w.names() {
		if !slices.ContainsFunc(nodes, func(n roll.Node) bool { return n.Name == name }) {
			r.Settle(name)
		}
	}
	wg.Wait()
	byName := map[string]error{}
	for i, n := range nodes {
		byName[n.Name] = errs[i]
	}
	return byName
}

// sharedIP is the VIP, in the config of those that stand for it.
const sharedIP = "10.0.50.10"

// withVIP has the control planes stand for the VIP, and one of them have it.
func (w *world) withVIP(holder string) {
	w.holder = holder
	for _, m := range w.machines {
		if m.node.ControlPlane {
			m.config = strings.Replace(config("same"), "type: worker", "type: controlplane\n  network: { interfaces: [{ interface: eth0, vip: { ip: "+sharedIP+" } }] }", 1)
		}
	}
}

// next is who has the VIP when nobody has it: the first that stands for it.
func (w *world) next() *machine {
	for _, name := range w.names() {
		if m := w.machines[name]; strings.Contains(m.config, sharedIP) {
			return m
		}
	}
	return nil
}

// config is a machine config in which a word says what it does.
func config(word string) string {
	return "version: v1alpha1\nmachine:\n  type: worker\n  sysctls: { word: " + word + " }\n"
}

// wanted is a node with another config.
func (w *world) wanted(name, word string) roll.Node {
	n := w.machines[name].node
	n.Config = []byte(word)
	if !strings.Contains(word, "\n") {
		n.Config = []byte(config(word))
	}
	return n
}

// alive is an error once the program has been killed: whatever it goes on to do reaches nobody. It needs the lock.
func (w *world) alive() error {
	w.calls++
	if w.killAt == 0 || w.calls < w.killAt {
		return nil
	}
	w.kill()
	return errors.New("killed")
}

func (w *world) event(format string, args ...any) {
	w.events = append(w.events, fmt.Sprintf(format, args...))
}

// goDown reboots a machine; the world counts how many are down.
func (m *machine) goDown(then func()) {
	m.away, m.unreported = 3, 5
	down := 0
	for _, other := range m.world.machines {
		if other.away > 0 || other.running.Maintenance {
			down++
		}
	}
	m.world.mostDown = max(m.world.mostDown, down)
	then()
	m.boots++
	m.running.BootID = fmt.Sprint(m.boots)
}

func (m *machine) Running(context.Context) (roll.Running, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return roll.Running{}, err
	}
	if m.dead && m.boots > 0 {
		return roll.Running{}, errors.New("connection refused")
	}
	if m.away > 0 {
		m.away--
		return roll.Running{}, errors.New("connection refused")
	}
	if m.inMaintenance > 0 {
		m.inMaintenance--
		return roll.Running{Maintenance: true}, nil
	}
	return m.running, nil
}

func (m *machine) DryRun(_ context.Context, config []byte) (roll.Effect, string, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return roll.Refused, "", err
	}
	switch {
	case string(config) == m.config:
		return roll.Unchanged, "", nil
	case strings.Contains(string(config), "reboot"):
		return roll.NeedsReboot, "", nil
	case strings.Contains(string(config), "refused") && m.running.Talos == oldTalos:
		return roll.Refused, "unknown keys found", nil
	}
	return roll.Immediate, "", nil
}

func (m *machine) Configure(ctx context.Context, config []byte) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.world.event("%s configured", m.node.Name)
	m.config, m.leftEtcd, m.noEtcd = string(config), false, false
	m.running = roll.Running{Talos: m.node.Talos, Schematic: m.node.Schematic, BootID: "0", Ready: true}
	return nil
}

func (m *machine) Config(context.Context) ([]byte, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return []byte(m.config), nil
}

func (m *machine) Addresses(context.Context) ([]netip.Addr, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.world.holder == "" && m.world.deaf > 0 && strings.Contains(m.config, sharedIP) {
		m.world.deaf--
		return nil, errors.New("connection refused")
	}
	if m.world.holder == "" && m.world.next() == m {
		// Who died lately is before it.
		if m.world.vacant--; m.world.vacant <= 0 {
			m.world.holder = m.node.Name
			m.world.event("%s has the VIP", m.node.Name)
		}
	}
	if m.world.holder != m.node.Name {
		return nil, nil
	}
	if !strings.Contains(m.config, sharedIP) {
		m.resigns++
	}
	if m.resigns > 2 {
		m.world.holder = ""
		m.world.event("%s gives the VIP up", m.node.Name)
		return nil, nil
	}
	return []netip.Addr{netip.MustParseAddr(sharedIP)}, nil
}

// Try cuts the machine off when the config says so, until it goes back.
func (m *machine) Try(ctx context.Context, config []byte, _ time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.world.event("%s tries", m.node.Name)
	if strings.Contains(string(config), "10.99.0.1/24") {
		m.away = 100
		return errors.New("connection reset")
	}
	return nil
}

func (m *machine) Apply(ctx context.Context, config []byte, mode roll.Mode) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return err
	}
	m.config = string(config)
	switch mode {
	case roll.WithReboot:
		m.world.event("%s reboots", m.node.Name)
		m.goDown(func() {})
	case roll.AtNextBoot:
		m.world.event("%s staged", m.node.Name)
	default:
		m.world.event("%s applied", m.node.Name)
		m.takeOver(m.config)
		m.exchange()
	}
	return nil
}

// takeOver reads the releases of Kubernetes from a config that has any.
func (m *machine) takeOver(config string) {
	for line := range strings.Lines(config) {
		image, tag, ok := strings.Cut(strings.TrimSpace(line), ":v1.")
		switch {
		case ok && strings.Contains(image, "kubelet"):
			m.kubelet = "v1." + tag
			m.world.event("%s kubelet %s", m.node.Name, m.kubelet)
		case ok && strings.Contains(image, "apiserver"):
			m.plane = "v1." + tag
		}
	}
}

func (m *machine) Upgrade(ctx context.Context, image string) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return err
	}
	m.world.event("%s upgrades to %s", m.node.Name, image)
	m.goDown(func() {
		if talos, schematic, ok := strings.Cut(image, "/"); ok && !m.rollsBack {
			m.running.Talos, m.running.Schematic = spec.Version(talos), schematic
		}
	})
	return nil
}

// Reset has the machine come back in maintenance mode, at its address or where DHCP puts it.
func (m *machine) Reset(ctx context.Context, graceful bool, _ ...string) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return err
	}
	m.world.event("%s is reset", m.node.Name)
	m.resets++
	m.goDown(func() {
		m.config, m.running = "", roll.Running{Maintenance: true}
		m.noEtcd, m.leftEtcd = m.node.ControlPlane, m.node.ControlPlane && graceful
		if m.world.holder == m.node.Name {
			m.world.holder = ""
		}
	})
	if m.lease != nil {
		m.away, m.lease.gone = 1<<20, false
	}
	return nil
}

func (m *machine) InstalledOn(_ context.Context, config []byte) (string, bool, error) {
	return "/dev/sda", !strings.Contains(string(config), "another-disk"), nil
}

func (m *machine) Pull(_ context.Context, image string) error {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if strings.HasSuffix(image, ":v1.35.99") {
		return errors.New("not found")
	}
	return nil
}

// id is the member's, from the last letter of the name.
func (m *machine) id() uint64 { return uint64(m.node.Name[len(m.node.Name)-1]) }

func (m *machine) EtcdStatus(context.Context) (roll.MemberStatus, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return roll.MemberStatus{}, err
	}
	if m.away > 0 || m.noEtcd {
		return roll.MemberStatus{}, errors.New("connection refused")
	}
	if m.parted {
		return roll.MemberStatus{ID: m.id(), Errors: []string{"etcdserver: no leader"}}, nil
	}
	return roll.MemberStatus{ID: m.id(), Leader: m.world.machines[m.world.leader].id()}, nil
}

func (m *machine) EtcdMembers(ctx context.Context) ([]roll.Member, error) {
	if m.parted {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var members []roll.Member
	for _, name := range m.world.names() {
		if other := m.world.machines[name]; other.node.ControlPlane && !other.leftEtcd {
			members = append(members, roll.Member{ID: other.id(), Name: name})
		}
	}
	return members, nil
}

func (m *machine) ForfeitLeadership(context.Context) error {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return err
	}
	for _, name := range m.world.names() {
		if name != m.node.Name && m.world.machines[name].node.ControlPlane {
			m.world.leader = name
			m.world.event("%s leads", name)
			return nil
		}
	}
	return errors.New("nobody else is there")
}

func (m *machine) LeaveEtcd(context.Context) error {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.leftEtcd = true
	m.world.event("%s leaves etcd", m.node.Name)
	if m.world.holder == m.node.Name {
		m.world.event("the VIP is away for a minute")
	}
	return nil
}

func (m *machine) RemoveMember(_ context.Context, id uint64) error {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	for name, other := range m.world.machines {
		if other.id() == id && other.node.ControlPlane {
			other.leftEtcd = true
			m.world.event("%s removes %s from etcd", m.node.Name, name)
		}
	}
	return nil
}

func (w *world) DeleteNode(_ context.Context, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.undeletable > 0 {
		w.undeletable--
		return errors.New("connection refused")
	}
	w.machines[name].deleted = true
	w.event("%s deleted", name)
	return nil
}

func (w *world) Disks(_ context.Context, name string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machines[name].disks, nil
}

func (w *world) OnVar(_ context.Context, name string, _ []string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machines[name].onVar, nil
}

func (w *world) APIReady(_ context.Context, n roll.Node) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	if m := w.machines[n.Name]; m.away > 0 || m.noAPI {
		return errors.New("connection refused")
	}
	return nil
}

func (w *world) Node(_ context.Context, name string) (roll.NodeState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return roll.NodeState{}, err
	}
	m := w.machines[name]
	m.look()
	if m.deleted {
		return roll.NodeState{}, roll.ErrNoNode
	}
	// As a real one, it is ready until its kubelet has been silent for a while.
	boot := m.running.BootID
	if m.unreported > 0 {
		m.unreported--
		boot = "before"
	}
	return roll.NodeState{Ready: m.away == 0 && !m.running.Maintenance && !w.refuses(m), Why: "NodeStatusUnknown", BootID: boot, Kubelet: m.kubelet, Cordoned: m.cordoned, ByUs: m.byUs}, nil
}

func (w *world) Cordon(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	w.machines[name].cordoned, w.machines[name].byUs = true, true
	return nil
}

func (w *world) Uncordon(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	w.machines[name].cordoned, w.machines[name].byUs = false, false
	w.event("%s uncordoned", name)
	return nil
}

func (w *world) Pods(_ context.Context, node string) ([]roll.Pod, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return nil, err
	}
	return w.machines[node].pods, nil
}

func (w *world) Evict(ctx context.Context, pod roll.Pod) error {
	if err := ctx.Err(); err != nil {
		return err // as a connection does
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	if w.budget != "" {
		return roll.BudgetError{Pod: pod, Reason: w.budget}
	}
	for _, m := range w.machines {
		m.pods = slices.DeleteFunc(m.pods, func(p roll.Pod) bool { return p == pod })
	}
	return nil
}

func (w *world) ControlPlane(_ context.Context, node string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return nil, err
	}
	release := w.machines[node].plane
	return map[string]string{"kube-apiserver": release, "kube-controller-manager": release, "kube-scheduler": release}, nil
}

// StorageChecked looks again each third time that it is asked, where it looks at all.
func (w *world) StorageChecked(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil || w.looks == nil {
		return "", err
	}
	*w.looks++
	return strconv.Itoa(*w.looks / 3), nil
}

func (w *world) Storage(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	for name, m := range w.machines {
		// What storage runs there has left, and finds no place on any other node.
		if m.byUs && !m.deleted && len(m.pods) == 0 {
			return fmt.Errorf("its pods of %s are pending", name)
		}
	}
	return w.storage
}
