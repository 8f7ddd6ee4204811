package volsync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/csi"
	"github.com/home-ops/home-ops/rack/addons/volumes"
)

const (
	// glance is how often it looks although nothing changed: schedules are due by time alone.
	glance = time.Second
	// again is the pause before a Job that failed is made anew.
	again = 5 * time.Second
)

// Controller plays VolSync while its Deployment runs. What is on the volumes is in the contents, and the buckets of all addresses are in a
// folder.
func Controller(contents *volumes.Contents, buckets string) cluster.Controller {
	waiting, moves := map[types.UID]time.Time{}, map[types.UID]types.UID{}
	return cluster.Controller{
		Name: "volsync", Operators: []string{"volsync"}, Every: glance,
		Kinds: []cluster.Kind{
			Sources, Destinations, jobs, accounts, csi.Snapshots, cluster.Claims, cluster.Volumes, cluster.StorageClasses, cluster.Secrets,
		},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			p := &pass{Cluster: c, ctx: ctx, contents: contents, buckets: buckets, waiting: waiting, moves: moves, now: time.Now()}
			return errors.Join(p.replicate(Sources), p.replicate(Destinations), p.populate())
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx      context.Context
	contents *volumes.Contents
	buckets  string
	// waiting are those whose Job failed, until when.
	waiting map[types.UID]time.Time
	// moves are the last Jobs whose data was moved.
	moves map[types.UID]types.UID
	now   time.Time
}

// replicate brings each object of a kind one step further.
func (p *pass) replicate(kind cluster.Kind) error {
	var errs []error
	for _, item := range cluster.Read[replication](p.Cluster, kind) {
		r := item.Typed
		if r.DeletionTimestamp != nil || r.Spec.Restic == nil || r.Spec.Paused {
			continue
		}
		m := &mover{pass: p, replication: r, source: kind == Sources}
		if err := m.step(); err != nil {
			r.condition(metav1.ConditionFalse, "Error", err.Error())
			errs = append(errs, err)
		}
		errs = append(errs, p.WriteStatus(p.ctx, kind, item.Object, r.Status))
	}
	return errors.Join(errs...)
}

// step is VolSync's state machine
// (https://github.com/backube/volsync/blob/v0.14.0/internal/controller/statemachine/machine.go).
func (m *mover) step() error {
	s := &m.Status
	switch {
	case s.LastSyncStartTime == nil && s.LastSyncTime == nil:
		m.begin()
	case s.LastSyncStartTime != nil:
		image, done, err := m.synchronize()
		if err != nil {
			return err
		}
		if !done {
			m.condition(metav1.ConditionTrue, "SyncInProgress", "Synchronization in-progress")
			return nil
		}
		return m.end(image)
	default:
		clean, err := m.cleanup()
		if err != nil || !clean {
			return err
		}
		due, err := m.due()
		if err != nil {
			return err
		}
		if due {
			m.begin()
		}
	}
	return nil
}

func (m *mover) begin() {
	m.Status.LastSyncStartTime = &metav1.Time{Time: m.now}
	m.condition(metav1.ConditionTrue, "SyncInProgress", "Synchronization in-progress")
}

func (m *mover) end(image *corev1.TypedLocalObjectReference) error {
	s := &m.Status
	s.LastSyncDuration = &metav1.Duration{Duration: m.now.Sub(s.LastSyncStartTime.Time)}
	s.LastSyncTime, s.LastSyncStartTime, s.LastManualSync = &metav1.Time{Time: m.now}, nil, m.Spec.Trigger.Manual
	m.condition(metav1.ConditionFalse, "CleaningUp", "Cleaning up")
	if image == nil {
		return nil
	}
	if old := s.LatestImage; old != nil && old.Name != image.Name {
		if err := m.Delete(m.ctx, csi.Snapshots, m.Namespace, old.Name); err != nil {
			return err
		}
	}
	s.LatestImage = image
	return nil
}

// due reports whether a trigger wants the next synchronization. A manual one hides the schedule.
func (m *mover) due() (bool, error) {
	s, trigger := &m.Status, m.Spec.Trigger
	s.NextSyncTime = nil
	// Two of them in one second would have one name for their images.
	rested := m.now.Sub(s.LastSyncTime.Time) > time.Second
	switch {
	case trigger.Manual != "":
		m.condition(metav1.ConditionFalse, "WaitingForManual", "Waiting for manual trigger")
		return rested && trigger.Manual != s.LastManualSync, nil
	case trigger.Schedule != "":
		schedule, err := cron.ParseStandard(trigger.Schedule)
		if err != nil {
			return false, err
		}
		next := schedule.Next(s.LastSyncTime.Time)
		s.NextSyncTime = &metav1.Time{Time: next}
		m.condition(metav1.ConditionFalse, "WaitingForSchedule", "Waiting for next scheduled synchronization")
		return m.now.After(next), nil
	}
	return rested, nil
}

// condition says how it is going.
func (r *replication) condition(is metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{Type: "Synchronizing", Status: is, Reason: reason, Message: message})
}

// repositoryOf is what the Secret of a repository says.
func (m *mover) repositoryOf() (address, password string, err error) {
	secret := cluster.Find[corev1.Secret](m.Cluster, cluster.Secrets, m.Namespace, m.Spec.Restic.Repository)
	if secret == nil {
		return "", "", fmt.Errorf("secrets %q not found", m.Spec.Restic.Repository)
	}
	var missing []string
	for _, key := range []string{"RESTIC_REPOSITORY", "RESTIC_PASSWORD"} {
		if len(secret.Data[key]) == 0 {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return "", "", fmt.Errorf("secret %s is missing fields: %s", secret.Name, strings.Join(missing, ", "))
	}
	return string(secret.Data["RESTIC_REPOSITORY"]), string(secret.Data["RESTIC_PASSWORD"]), nil
}
