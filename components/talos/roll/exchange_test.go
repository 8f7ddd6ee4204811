package roll_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/roll"
)

// kubernetesCA is how a machine takes another authority of Kubernetes on: bit by bit, after it has said that it has the
// config.
type kubernetesCA struct {
	// looks are those until its kubelet, its static pods and the certificate of its API server are new, in this order.
	looks [3]int
	// starts, secrets and beat count the starts of its kubelet, its secrets and the reports since.
	starts, secrets, beat int
	// signed is the authority that signed the certificate of its kubelet, shown that of its API server's.
	signed, shown string
	// stays names what does not happen: "kubelet", "static pods" or "certificate".
	stays string
}

// authoritiesOf are the authority that a config issues by, and those that it accepts.
func authoritiesOf(config string) (issuing string, accepted []string) {
	cfg, err := configloader.NewFromBytes([]byte(config))
	if err != nil || cfg.K8sAPIServerCAConfig() == nil {
		return "", nil
	}
	for _, ca := range cfg.K8sAPIServerCAConfig().AcceptedCAs() {
		accepted = append(accepted, string(ca.Crt))
	}
	if ca := cfg.K8sAPIServerCAConfig().IssuingCA(); ca != nil {
		issuing = string(ca.Crt)
	}
	return issuing, accepted
}

// exchange needs the lock.
func (m *machine) exchange() {
	if _, accepted := authoritiesOf(m.config); len(accepted) > 0 {
		m.looks = [3]int{3, 5, 7}
	}
}

// look passes the time. It needs the lock.
func (m *machine) look() {
	happens := []func(){
		func() {
			m.starts++
			// One that is not believed any more is replaced with one by the control planes.
			if _, accepted := authoritiesOf(m.config); !slices.Contains(accepted, m.signed) {
				for _, other := range m.world.machines {
					if issuing, _ := authoritiesOf(other.config); issuing != "" {
						m.signed = issuing
					}
				}
			}
		},
		func() { m.secrets++ },
		func() { m.shown, _ = authoritiesOf(m.config) },
	}
	for i, what := range []string{"kubelet", "static pods", "certificate"} {
		if m.looks[i] == 0 || m.stays == what {
			continue
		}
		if m.looks[i]--; m.looks[i] == 0 {
			happens[i]()
			m.world.started = append(m.world.started, m.node.Name+" "+what)
		}
	}
}

func (m *machine) KubeletStarted(context.Context) (time.Time, error) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if err := m.world.alive(); err != nil {
		return time.Time{}, err
	}
	m.look()
	return time.Unix(int64(m.starts), 0), nil
}

func (w *world) SecretsOf(_ context.Context, node string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return nil, err
	}
	m := w.machines[node]
	m.look()
	version := strconv.Itoa(m.secrets)
	return map[string]string{"kube-apiserver": version, "kube-controller-manager": version, "kube-scheduler": version}, nil
}

func (w *world) Shows(_ context.Context, n roll.Node, authority []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return err
	}
	m := w.machines[n.Name]
	m.look()
	if m.shown != string(authority) {
		return fmt.Errorf("shows a certificate of %s", m.shown)
	}
	return nil
}

func (w *world) Heartbeat(_ context.Context, node string) (time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return time.Time{}, err
	}
	m := w.machines[node]
	m.look()
	if !w.refuses(m) && m.stays != "report" {
		m.beat++
	}
	// The same for some looks.
	return time.Unix(int64(m.beat/3), 0), nil
}

// PodsTrust is what the control plane says that took the former leader's place after some looks.
func (w *world) PodsTrust(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.alive(); err != nil {
		return "", err
	}
	if w.leaderless > 0 {
		if w.leaderless--; w.leaderless == 0 {
			w.told, _ = authoritiesOf(w.machines["cp-1"].config)
		}
	}
	return w.told, nil
}

// refuses says that a control plane does not believe a machine's kubelet. It needs the lock.
func (w *world) refuses(m *machine) bool {
	for _, other := range w.machines {
		if _, accepted := authoritiesOf(other.config); other.node.ControlPlane && m.signed != "" && !slices.Contains(accepted, m.signed) {
			return true
		}
	}
	return false
}

// kubernetesTrusting is a machine's config with authorities of Kubernetes.
func kubernetesTrusting(name, issuing, accepted string) string {
	text := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	kind, key := "worker", `""`
	if strings.HasPrefix(name, "cp") {
		kind, key = "controlplane", text("key of "+issuing)
	}
	config := fmt.Sprintf("version: v1alpha1\nmachine:\n  type: %s\ncluster:\n  ca: { crt: %s, key: %s }\n", kind, text(issuing), key)
	if accepted != "" {
		config += fmt.Sprintf("  acceptedCAs: [{ crt: %s }]\n", text(accepted))
	}
	return config
}

// exchanging is a world whose machines run one step of a rotation of the Kubernetes CA, in which all kubelets have their
// certificates from the first.
func exchanging(issuing, accepted string) *world {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
	w.first = []string{"cp-2"}
	for name, m := range w.machines {
		m.config, m.signed = kubernetesTrusting(name, issuing, accepted), "one"
		w.told, w.leaderless = issuing, 4
		if m.node.ControlPlane {
			m.shown = issuing
		}
	}
	return w
}

// everyone wants these authorities.
func (w *world) everyone(issuing, accepted string) []roll.Node {
	var nodes []roll.Node
	for _, name := range w.names() {
		nodes = append(nodes, w.wanted(name, kubernetesTrusting(name, issuing, accepted)))
	}
	return nodes
}

func TestRoll_ExchangesTheKubernetesCAInTheOrderOfItsStep(t *testing.T) {
	planesFirst := []string{"cp-2 applied", "cp-3 applied", "cp-1 applied", "worker-1 applied"}
	workersFirst := []string{"worker-1 applied", "cp-2 applied", "cp-3 applied", "cp-1 applied"}
	for name, step := range map[string]struct {
		from, to [2]string
		want     []string
	}{
		"accepted": {[2]string{"one", ""}, [2]string{"one", "two"}, workersFirst},
		// What a worker believes stays the same then, and it is not waited for.
		"issues": {[2]string{"one", "two"}, [2]string{"two", "one"}, planesFirst},
		// The kubelets of the control planes that have not changed are refused meanwhile.
		"alone":      {[2]string{"two", "one"}, [2]string{"two", ""}, workersFirst},
		"back again": {[2]string{"two", "one"}, [2]string{"one", "two"}, planesFirst},
	} {
		t.Run(name, func(t *testing.T) {
			w := exchanging(step.from[0], step.from[1])
			for name, err := range w.change(t, soon(), w.everyone(step.to[0], step.to[1])...) {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if !slices.Equal(w.events, step.want) {
				t.Errorf("%v, want %v", w.events, step.want)
			}
			// Each machine has begun and ended before the next one.
			var want []string
			for _, event := range step.want {
				name := strings.TrimSuffix(event, " applied")
				if step.want[0] != planesFirst[0] || strings.HasPrefix(name, "cp") {
					want = append(want, name+" kubelet")
				}
				if strings.HasPrefix(name, "cp") {
					want = append(want, name+" static pods", name+" certificate")
				}
			}
			started := slices.DeleteFunc(slices.Clone(w.started), func(s string) bool {
				return strings.HasPrefix(s, "worker") && (step.want[0] == planesFirst[0] || !strings.HasSuffix(s, "kubelet"))
			})
			if !slices.Equal(started, want) {
				t.Errorf("started %v, want %v", started, want)
			}
			if issues := step.want[0] == planesFirst[0]; issues && w.told != step.to[0] || !issues && w.leaderless == 0 {
				t.Errorf("pods were told of %q", w.told)
			}
			for name, m := range w.machines {
				if w.refuses(m) {
					t.Errorf("%s has a kubelet that is refused", name)
				}
			}
		})
	}
}

func TestRoll_WaitsUntilAMachineWorksWithItsNewAuthorities(t *testing.T) {
	for stays, want := range map[string]string{
		"kubelet":     "cp-2: its part of Kubernetes to start with the new authorities",
		"static pods": "its kube-scheduler still runs with the former secrets",
		"certificate": "cp-2: Kubernetes to have it back",
		"report":      "it has not renewed its lease since its kubelet started",
	} {
		t.Run(stays, func(t *testing.T) {
			w := exchanging("one", "two")
			w.machines["cp-2"].stays = stays
			limits := soon()
			limits.Settle = 100 * time.Millisecond
			errs := w.change(t, limits, w.everyone("two", "one")...)
			if err := errs["cp-2"]; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
			if want := []string{"cp-2 applied"}; !slices.Equal(w.events, want) {
				t.Errorf("%v, want %v", w.events, want)
			}
		})
	}
}

// Pods that have read the former authority do not reach the API, those of storage among them.
func TestRoll_DoesNotWaitForStorageWhileAnotherAuthorityOfKubernetesBeginsToIssue(t *testing.T) {
	for step, waits := range map[[2]string]bool{{"one", "two"}: true, {"two", "one"}: false} {
		w := exchanging("one", map[bool]string{true: "", false: "two"}[waits])
		w.storage = errors.New("degraded")
		limits := soon()
		limits.Storage = 50 * time.Millisecond
		errs := w.change(t, limits, w.everyone(step[0], step[1])...)
		if failed := slices.ContainsFunc(slices.Collect(maps.Values(errs)), func(err error) bool { return err != nil }); failed != waits {
			t.Errorf("%v: %v", step, errs)
		}
	}
}

func TestRoll_LeavesNoMachineBehindWhenAnAuthorityOfKubernetesIsDropped(t *testing.T) {
	w := exchanging("two", "one")
	errs := w.change(t, soon(), w.everyone("two", "")[:2]...)
	for _, behind := range []string{"cp-3", "worker-1"} {
		want := "cp-1 would refuse the kubelet of " + behind + ", which may have a certificate of the authority that is dropped: " +
			"change it too, without --target, and with --parallel of at least the number of nodes"
		if err := errs["cp-1"]; err == nil || !strings.Contains(err.Error(), want) || len(w.events) > 0 {
			t.Errorf("%v, want %s; %v", err, want, w.events)
		}
	}
}

func TestRoll_NamesTheAuthorityOfWhichTheFormerStepHasNotEnded(t *testing.T) {
	w := exchanging("one", "two")
	w.machines["worker-1"].config = kubernetesTrusting("worker-1", "one", "")
	err := w.change(t, soon(), w.everyone("two", "one")...)["cp-1"]
	const want = "cp-1 would issue certificates of an authority that worker-1 does not accept yet: " +
		"set cluster.kubernetesCA back to the step before, and run `pulumi up` to its end (docs/runbooks/rotate.md)"
	if err == nil || !strings.Contains(err.Error(), want) || len(w.events) > 0 {
		t.Errorf("%v, want %s; %v", err, want, w.events)
	}
}

func TestRoll_DropsNoAuthorityOfKubernetesTogetherWithAnotherRelease(t *testing.T) {
	w := exchanging("two", "one")
	nodes := w.everyone("two", "")
	for i := range nodes {
		nodes[i].Talos, nodes[i].Image = newTalos, string(newTalos)+"/plain"
	}
	err := w.change(t, soon(), nodes...)["cp-1"]
	if err == nil || !strings.Contains(err.Error(), "nothing was touched:\nan authority of Kubernetes is dropped by the workers first") || len(w.events) > 0 {
		t.Errorf("%v; %v", err, w.events)
	}
}

func TestRoll_ThatIsKilledWhileItExchangesTheKubernetesCAIsCompletedByTheNextOne(t *testing.T) {
	moments := 0
	for killAt := 1; ; killAt += 7 {
		w := exchanging("two", "one")
		ctx, kill := context.WithCancel(t.Context())
		w.killAt, w.kill = killAt, kill
		wanted := func(w *world, name string) roll.Node { return w.wanted(name, kubernetesTrusting(name, "two", "")) }
		w.changeAll(ctx, wanted)
		kill()
		w.mu.Lock()
		finished := w.calls < killAt
		w.killAt, w.kill = 0, nil
		w.mu.Unlock()
		if finished {
			break
		}
		moments++
		for name, err := range w.changeAll(t.Context(), wanted) {
			if err != nil {
				t.Fatalf("killed at call %d: %s: %v; did %v", killAt, name, err, w.events)
			}
		}
		for name, m := range w.machines {
			if _, accepted := authoritiesOf(m.config); len(accepted) != 1 {
				t.Errorf("killed at call %d: %s accepts %v", killAt, name, accepted)
			}
		}
	}
	if moments < 10 {
		t.Errorf("%d moments were tried", moments)
	}
}
