package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// How old what was made last may be, by what is made.
const (
	// Of four copies of etcd a day, one may fail.
	etcdWithin = 14 * time.Hour
	// The drill is weekly.
	drillWithin = 8 * 24 * time.Hour
	// lateAfter is how long after its time a copy of a volume may come: the alerts wait as long.
	lateAfter = 12 * time.Hour
)

// cronJob is what is read of one.
type cronJob struct {
	Metadata struct {
		Namespace, Name string
		Created         time.Time `json:"creationTimestamp"`
	}
	Status struct {
		Scheduled time.Time `json:"lastScheduleTime"`
		Succeeded time.Time `json:"lastSuccessfulTime"`
	}
}

// Backups looks when etcd and volumes were last copied to a place outside of the cluster.
func Backups(ctx context.Context, api kubeapi.API, now time.Time) []Check {
	return append(etcdBackups(ctx, api, now), judgedCopies(ctx, api, now)...)
}

func etcdBackups(ctx context.Context, api kubeapi.API, now time.Time) []Check {
	const copies, drill = "copies of etcd", "restore drill of etcd"
	const add = "add kubernetes/apps/etcd-backup to its tree (docs/gitops.md)"
	jobs, err := itemsOf[cronJob](ctx, api, "/apis/batch/v1/namespaces/etcd-backup/cronjobs")
	if err != nil {
		return []Check{judged(copies, err, "", "kubectl -n etcd-backup get cronjobs")}
	}
	byName := map[string]cronJob{}
	for _, job := range jobs {
		byName[job.Metadata.Name] = job
	}
	var checks []Check
	for _, wanted := range []struct {
		name, job string
		within    time.Duration
	}{{copies, "etcd-backup", etcdWithin}, {drill, "etcd-backup-drill", drillWithin}} {
		job, there := byName[wanted.job]
		if !there {
			checks = append(checks, Check{Name: wanted.name, Verdict: Warning, Detail: "this cluster makes none", Do: add})
			continue
		}
		checks = append(checks, job.judge(wanted.name, wanted.within, now))
	}
	return checks
}

// judge is whether the last good run is young enough. A new cluster has had no time for one.
func (j cronJob) judge(name string, within time.Duration, now time.Time) Check {
	const do = "kubectl -n etcd-backup get jobs; kubectl -n etcd-backup logs job/NAME --all-containers"
	last := j.Status.Succeeded
	detail := "the last good one is of " + last.UTC().Format(time.RFC3339)
	switch {
	case last.IsZero() && now.Sub(j.Metadata.Created) < within && (j.Status.Scheduled.IsZero() || now.Sub(j.Status.Scheduled) < time.Hour):
		return Check{
			Name: name, Verdict: Warning, Detail: "none yet, by a schedule of " + j.Metadata.Created.UTC().Format(time.RFC3339),
			Do: "to have one now: kubectl -n etcd-backup create job --from=cronjob/" + j.Metadata.Name + " by-hand",
		}
	case last.IsZero():
		return Check{Name: name, Verdict: Problem, Detail: "none has ever succeeded", Do: do}
	case now.Sub(last) > within:
		return Check{Name: name, Verdict: Problem, Detail: detail, Do: do}
	}
	return Check{Name: name, Verdict: OK, Detail: detail}
}

// replicationSource is what is read of a volume that VolSync copies
// (https://volsync.readthedocs.io/en/stable/usage/triggers.html).
type replicationSource struct {
	Metadata struct {
		Namespace, Name string
		Created         time.Time `json:"creationTimestamp"`
	}
	Spec struct {
		Paused  bool
		Trigger struct{ Manual string }
	}
	Status struct {
		Conditions []struct{ Type, Status, Reason, Message string }
		Started    time.Time `json:"lastSyncStartTime"`
		Last       time.Time `json:"lastSyncTime"`
		Next       time.Time `json:"nextSyncTime"`
	}
}

// wrong is why the volume's copies are not as they should be; empty when they are.
func (s replicationSource) wrong(now time.Time) string {
	for _, c := range s.Status.Conditions {
		if c.Type == "Synchronizing" && c.Reason == "Error" {
			return oneLine(c.Message)
		}
	}
	// Whoever holds copies back, or asks for each, knows when the last one was.
	if s.Spec.Paused || s.Spec.Trigger.Manual != "" {
		return ""
	}
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	last, due := "it was never copied", s.Status.Next
	if !s.Status.Last.IsZero() {
		last = "the last copy is of " + at(s.Status.Last)
	}
	if due.IsZero() {
		due = cmp.Or(s.Status.Last, s.Metadata.Created).Add(24 * time.Hour)
	}
	switch started := s.Status.Started; {
	case !started.IsZero() && now.Sub(started) > lateAfter:
		return "a copy has been under way since " + at(started) + ", and " + last
	case started.IsZero() && now.Sub(due) > lateAfter:
		return last + ", and the next was due on " + at(due)
	}
	return ""
}

// backupTarget is where Longhorn puts backups.
type backupTarget struct {
	Metadata struct{ Name string }
	Spec     struct {
		URL string `json:"backupTargetURL"`
	}
	Status struct {
		Available  bool
		Conditions []struct{ Type, Status, Reason, Message string }
	}
}

// judgedCopies looks at the copies of volumes, VolSync's and Longhorn's. Of Longhorn it says nothing where no target is set.
func judgedCopies(ctx context.Context, api kubeapi.API, now time.Time) []Check {
	sources, err := itemsOf[replicationSource](ctx, api, "/apis/volsync.backube/v1alpha1/replicationsources")
	if err == nil {
		var late []string
		for _, s := range sources {
			if why := s.wrong(now); why != "" {
				late = append(late, s.Metadata.Namespace+"/"+s.Metadata.Name+": "+why)
			}
		}
		if len(late) > 0 {
			err = errors.New(strings.Join(late, "; "))
		}
	}
	checks := []Check{judged("copies of volumes", err, fmt.Sprintf("%d volumes", len(sources)), "kubectl get replicationsources -A; docs/runbooks/alerts/VolumeBackupTooOld.md")}
	if longhorn := longhornBackups(ctx, api, now); longhorn != nil {
		checks = append(checks, *longhorn)
	}
	return checks
}

func longhornBackups(ctx context.Context, api kubeapi.API, now time.Time) *Check {
	var bad []string
	targets, err := itemsOf[backupTarget](ctx, api, "/apis/longhorn.io/v1beta2/backuptargets")
	set := 0
	for _, t := range targets {
		if t.Spec.URL == "" {
			continue
		}
		set++
		if !t.Status.Available {
			why := "nobody has said why"
			for _, c := range t.Status.Conditions {
				if c.Type == "Unavailable" && c.Status == "True" {
					why = oneLine(cmp.Or(c.Message, c.Reason))
				}
			}
			bad = append(bad, "the target "+t.Metadata.Name+" at "+t.Spec.URL+" is not available: "+why)
		}
	}
	if err == nil && set == 0 {
		return nil
	}
	var jobs []cronJob
	if err == nil {
		jobs, err = itemsOf[cronJob](ctx, api, "/apis/batch/v1/namespaces/longhorn-system/cronjobs")
	}
	for _, j := range jobs {
		if due := j.Status.Scheduled; due.After(j.Status.Succeeded) && now.Sub(due) > lateAfter {
			bad = append(bad, "the job "+j.Metadata.Name+" was last due on "+due.UTC().Format(time.RFC3339)+" and has not succeeded since")
		}
	}
	if err == nil && len(bad) > 0 {
		err = errors.New(strings.Join(bad, "; "))
	}
	c := judged("Longhorn's backups", err, fmt.Sprintf("%d targets, %d jobs", set, len(jobs)), "docs/runbooks/alerts/LonghornBackupTooOld.md")
	return &c
}
