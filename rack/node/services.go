package node

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// servicePoll is how often Kubernetes is asked for its services while the machine runs.
const servicePoll = 100 * time.Millisecond

// keptServiceEvents is how many past states of a service the API shows, as in Talos.
const keptServiceEvents = 64

// serviceSet follows the services of a session: Talos's own, and those of Kubernetes.
type serviceSet struct {
	session *session
	// reconfigured asks for Kubernetes to be told of a new config.
	reconfigured chan struct{}
	following    sync.WaitGroup

	mu sync.Mutex
	// started is true from the start of the machine's API to its end; kubernetes from Boot to Shutdown.
	started, kubernetes bool
	byID                map[string]*trackedService
	changed             chan struct{}
}

type trackedService struct {
	Service
	events []*machineapi.ServiceEvent
	since  time.Time
}

func newServiceSet(s *session) *serviceSet {
	return &serviceSet{
		session:      s,
		reconfigured: make(chan struct{}, 1),
		byID:         map[string]*trackedService{},
		changed:      make(chan struct{}),
	}
}

// start follows Talos's own services until the context ends.
func (v *serviceSet) start(ctx context.Context) {
	v.mu.Lock()
	v.started = true
	v.mu.Unlock()
	v.refresh(ctx)
	v.following.Go(func() { v.follow(ctx) })
}

// startKubernetes follows the services of Kubernetes too.
func (v *serviceSet) startKubernetes(ctx context.Context) {
	v.mu.Lock()
	v.kubernetes = true
	v.mu.Unlock()
	v.refresh(ctx)
}

// stop returns when nothing calls Kubernetes from here any more, so that it can be shut down. The context given to
// start must have ended.
func (v *serviceSet) stop() {
	v.mu.Lock()
	v.started, v.kubernetes = false, false
	v.mu.Unlock()
	v.following.Wait()
}

// reconfigure has Kubernetes told of the active config. Calls that come faster than Kubernetes is become one.
func (v *serviceSet) reconfigure() {
	select {
	case v.reconfigured <- struct{}{}:
	default:
	}
}

func (v *serviceSet) follow(ctx context.Context) {
	ticker := time.NewTicker(servicePoll)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			v.refresh(ctx)
		case <-v.reconfigured:
			v.tellKubernetes(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (v *serviceSet) tellKubernetes(ctx context.Context) {
	v.mu.Lock()
	running := v.kubernetes
	v.mu.Unlock()
	if !running {
		return // Boot will be told of the config that is active by then
	}
	if err := v.session.kubernetes().Reconfigure(ctx, v.session.machine()); err != nil {
		v.session.log.Error("Kubernetes did not take the new config", "error", err)
	}
}

// own are the services of Talos itself.
func (v *serviceSet) own() []Service {
	ids := []string{"apid", "auditd", "containerd", "cri", "dashboard", "machined", "syslogd", "udevd"}
	if v.session.isControlPlane() {
		ids = append(ids, "trustd")
	}
	var list []Service
	for _, id := range ids {
		svc := Service{ID: id, State: "Running", Healthy: true, HealthKnown: true, Message: "Health check successful"}
		switch {
		case id == "dashboard": // the only one without a health check
			svc.Healthy, svc.HealthKnown, svc.Message = false, false, "Started"
		case id == "apid" && !v.session.api.serving():
			svc = Service{ID: id, State: "Waiting", Message: "Waiting for api certificates"}
		}
		list = append(list, svc)
	}
	return list
}

// refresh takes note of every service that changed.
func (v *serviceSet) refresh(ctx context.Context) {
	v.mu.Lock()
	started, kubernetes := v.started, v.kubernetes
	v.mu.Unlock()
	if !started {
		return
	}
	current := v.own()
	if kubernetes {
		current = append(current, v.session.kubernetes().Services()...)
		v.session.publishVIPs(ctx)
	}
	news := v.update(current)
	for _, svc := range news {
		v.session.publishService(ctx, svc)
	}
	if len(news) > 0 {
		v.session.publishStatus(ctx)
	}
}

// update stores the services, and returns those that changed.
func (v *serviceSet) update(current []Service) []Service {
	v.mu.Lock()
	defer v.mu.Unlock()
	var news []Service
	for _, svc := range current {
		tracked, known := v.byID[svc.ID]
		if !known {
			tracked = &trackedService{}
			v.byID[svc.ID] = tracked
		}
		if tracked.Service != svc {
			tracked.note(svc)
			news = append(news, svc)
		}
	}
	if len(news) > 0 {
		close(v.changed)
		v.changed = make(chan struct{})
	}
	return news
}

func (t *trackedService) note(svc Service) {
	t.Service, t.since = svc, time.Now()
	t.events = append(t.events, &machineapi.ServiceEvent{Msg: svc.Message, State: svc.State, Ts: timestamppb.New(t.since)})
	if drop := len(t.events) - keptServiceEvents; drop > 0 {
		t.events = t.events[drop:]
	}
}

// waitUp returns when every service is up: running, and healthy if it tells.
func (v *serviceSet) waitUp(ctx context.Context) error {
	for {
		v.mu.Lock()
		changed := v.changed
		v.mu.Unlock()
		if len(v.problems()) == 0 {
			v.session.booted(ctx)
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// problems says which services keep the machine from being ready, in machined's words.
func (v *serviceSet) problems() []string {
	required := []string{"apid", "machined", "kubelet"}
	if v.session.isControlPlane() {
		required = append(required, "etcd", "trustd")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []string
	for _, id := range slices.Sorted(maps.Keys(v.byID)) {
		switch svc := v.byID[id]; {
		case svc.State != "Running":
			list = append(list, id+" not running")
		case svc.HealthKnown && !svc.Healthy:
			list = append(list, id+" not healthy")
		}
	}
	for _, id := range required {
		if v.byID[id] == nil {
			list = append(list, id+" not running")
		}
	}
	return list
}

// list is what the API answers.
func (v *serviceSet) list(ctx context.Context) []*machineapi.ServiceInfo {
	v.refresh(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	var infos []*machineapi.ServiceInfo
	for _, id := range slices.Sorted(maps.Keys(v.byID)) {
		svc := v.byID[id]
		infos = append(infos, &machineapi.ServiceInfo{
			Id:     id,
			State:  svc.State,
			Events: &machineapi.ServiceEvents{Events: append([]*machineapi.ServiceEvent(nil), svc.events...)},
			Health: &machineapi.ServiceHealth{
				Unknown:    !svc.HealthKnown,
				Healthy:    svc.Healthy,
				LastChange: timestamppb.New(svc.since),
			},
		})
	}
	return infos
}
