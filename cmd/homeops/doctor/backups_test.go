package doctor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
)

// cronJob is one with a status, made at the begin of the year unless it says when.
func cronJob(name, status string, made ...string) string {
	return fmt.Sprintf(`{"metadata":{"namespace":"n","name":%q,"creationTimestamp":%q},"status":{%s}}`,
		name, strings.Join(append(made, "2026-01-01T00:00:00Z")[:1], ""), status)
}

func TestBackups_LooksAtTheLastGoodCopyOfEtcdAndAtItsDrill(t *testing.T) {
	const (
		none   = "\nok|copies of volumes|0 volumes"
		copied = `"lastSuccessfulTime":"2026-11-28T18:45:00Z"`
		tried  = `"lastSuccessfulTime":"2026-11-22T04:00:00Z"`
	)
	drill := cronJob("etcd-backup-drill", tried)
	const drilled = "\nok|restore drill of etcd|the last good one is of 2026-11-22T04:00:00Z" + none
	for name, c := range map[string]struct{ jobs, want string }{
		"none in this cluster": {"", "warning|copies of etcd|this cluster makes none\nwarning|restore drill of etcd|this cluster makes none" + none},
		"copies and drills":    {cronJob("etcd-backup", copied) + "," + drill, "ok|copies of etcd|the last good one is of 2026-11-28T18:45:00Z" + drilled},
		"no drill":             {cronJob("etcd-backup", copied), "ok|copies of etcd|the last good one is of 2026-11-28T18:45:00Z\nwarning|restore drill of etcd|this cluster makes none" + none},
		"no copies":            {drill, "warning|copies of etcd|this cluster makes none" + drilled},
		"none has succeeded":   {cronJob("etcd-backup", "") + "," + drill, "problem|copies of etcd|none has ever succeeded" + drilled},
		"a cluster of today":   {cronJob("etcd-backup", "", "2026-11-28T20:00:00Z") + "," + drill, "warning|copies of etcd|none yet, by a schedule of 2026-11-28T20:00:00Z" + drilled},
		"whose first copy is under way": {
			cronJob("etcd-backup", `"lastScheduleTime":"2026-11-28T20:15:00Z"`, "2026-11-28T18:00:00Z") + "," + drill, "warning|copies of etcd|none yet, by a schedule of 2026-11-28T18:00:00Z" + drilled,
		},
		"whose first copy has failed": {
			cronJob("etcd-backup", `"lastScheduleTime":"2026-11-28T18:45:00Z"`, "2026-11-28T18:00:00Z") + "," + drill, "problem|copies of etcd|none has ever succeeded" + drilled,
		},
		"too old": {
			cronJob("etcd-backup", `"lastSuccessfulTime":"2026-11-27T18:45:00Z"`) + "," + cronJob("etcd-backup-drill", `"lastSuccessfulTime":"2026-11-01T04:00:00Z"`),
			"problem|copies of etcd|the last good one is of 2026-11-27T18:45:00Z\nproblem|restore drill of etcd|the last good one is of 2026-11-01T04:00:00Z" + none,
		},
	} {
		api := cluster(t, time.Hour, map[string]string{"etcd-backup/cronjobs": c.jobs})
		if got := lines(doctor.Backups(t.Context(), api, now)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// etcdIsWell are jobs of etcd's of which nothing is to be said, and wellSaid what is said all the same.
func etcdIsWell() string {
	return cronJob("etcd-backup", `"lastSuccessfulTime":"2026-11-28T18:45:00Z"`) + "," + cronJob("etcd-backup-drill", `"lastSuccessfulTime":"2026-11-28T04:00:00Z"`)
}

const wellSaid = "ok|copies of etcd|the last good one is of 2026-11-28T18:45:00Z\nok|restore drill of etcd|the last good one is of 2026-11-28T04:00:00Z\n"

func TestBackups_LooksWhenEachVolumeWasCopied(t *testing.T) {
	volume := func(made, spec, status string) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"echo","name":"data","creationTimestamp":%q},"spec":{%s},"status":{%s}}`, made, spec, status)
	}
	const old, night = "2026-01-01T00:00:00Z", `"lastSyncTime":"2026-11-28T02:15:00Z","nextSyncTime":"2026-11-29T02:15:00Z"`
	for name, c := range map[string]struct{ volume, want string }{
		"copied last night": {volume(old, "", night), ""},
		"that fails": {
			volume(old, "", night+`,"conditions":[{"type":"Synchronizing","status":"False","reason":"Error","message":"no\nbucket"}]`), "echo/data: no; bucket",
		},
		"that was never copied":           {volume(old, "", ""), "echo/data: it was never copied, and the next was due on 2026-01-02T00:00:00Z"},
		"of today":                        {volume("2026-11-28T12:00:00Z", "", ""), ""},
		"whose first copy hangs":          {volume(old, "", `"lastSyncStartTime":"2026-11-27T02:15:00Z"`), "echo/data: a copy has been under way since 2026-11-27T02:15:00Z, and it was never copied"},
		"whose copy hangs":                {volume(old, "", `"lastSyncStartTime":"2026-11-28T02:15:00Z","lastSyncTime":"2026-11-27T02:20:00Z"`), "echo/data: a copy has been under way since 2026-11-28T02:15:00Z, and the last copy is of 2026-11-27T02:20:00Z"},
		"whose copy is under way":         {volume(old, "", `"lastSyncStartTime":"2026-11-28T20:15:00Z","lastSyncTime":"2026-11-21T20:20:00Z"`), ""},
		"that is copied weekly":           {volume(old, "", `"lastSyncTime":"2026-11-23T02:15:00Z","nextSyncTime":"2026-11-30T02:15:00Z"`), ""},
		"that has missed a night":         {volume(old, "", `"lastSyncTime":"2026-11-27T02:15:00Z","nextSyncTime":"2026-11-28T02:15:00Z"`), "echo/data: the last copy is of 2026-11-27T02:15:00Z, and the next was due on 2026-11-28T02:15:00Z"},
		"that has no time for the next":   {volume(old, "", `"lastSyncTime":"2026-11-01T02:15:00Z"`), "echo/data: the last copy is of 2026-11-01T02:15:00Z, and the next was due on 2026-11-02T02:15:00Z"},
		"that is copied by hand":          {volume(old, `"trigger":{"manual":"first"}`, `"lastSyncTime":"2026-11-01T02:15:00Z"`), ""},
		"whose copies its owner withheld": {volume(old, `"paused":true`, ""), ""},
	} {
		want := wellSaid + "ok|copies of volumes|1 volumes"
		if c.want != "" {
			want = wellSaid + "problem|copies of volumes|" + c.want
		}
		api := cluster(t, time.Hour, map[string]string{"etcd-backup/cronjobs": etcdIsWell(), "replicationsources": c.volume})
		if got := lines(doctor.Backups(t.Context(), api, now)); got != want {
			t.Errorf("a volume %s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestBackups_LooksAtLonghornsTargetAndJobs(t *testing.T) {
	target := func(url, status string) string {
		return fmt.Sprintf(`{"metadata":{"name":"default"},"spec":{"backupTargetURL":%q},"status":{%s}}`, url, status)
	}
	const there = `"available":true`
	for name, c := range map[string]struct{ target, job, want string }{
		"none":      {target("", ""), "", ""},
		"all well":  {target("s3://b@r/", there), cronJob("nightly", `"lastScheduleTime":"2026-11-28T02:00:00Z","lastSuccessfulTime":"2026-11-28T02:05:00Z"`), "ok|Longhorn's backups|1 targets, 1 jobs"},
		"under way": {target("s3://b@r/", there), cronJob("nightly", `"lastScheduleTime":"2026-11-28T20:00:00Z","lastSuccessfulTime":"2026-11-21T20:05:00Z"`), "ok|Longhorn's backups|1 targets, 1 jobs"},
		"away": {
			target("s3://b@r/", `"available":false,"conditions":[{"type":"Unavailable","status":"True","message":"no\nbucket"}]`), "",
			"problem|Longhorn's backups|the target default at s3://b@r/ is not available: no; bucket",
		},
		"away, in silence": {target("nfs://nas/b", ""), "", "problem|Longhorn's backups|the target default at nfs://nas/b is not available: nobody has said why"},
		"a job that fails": {
			target("s3://b@r/", there), cronJob("nightly", `"lastScheduleTime":"2026-11-28T02:00:00Z","lastSuccessfulTime":"2026-11-27T02:05:00Z"`),
			"problem|Longhorn's backups|the job nightly was last due on 2026-11-28T02:00:00Z and has not succeeded since",
		},
		"a job that has never succeeded": {
			target("s3://b@r/", there), cronJob("nightly", `"lastScheduleTime":"2026-11-28T02:00:00Z"`),
			"problem|Longhorn's backups|the job nightly was last due on 2026-11-28T02:00:00Z and has not succeeded since",
		},
	} {
		want := wellSaid + "ok|copies of volumes|0 volumes"
		if c.want != "" {
			want += "\n" + c.want
		}
		api := cluster(t, time.Hour, map[string]string{"etcd-backup/cronjobs": etcdIsWell(), "backuptargets": c.target, "longhorn-system/cronjobs": c.job})
		if got := lines(doctor.Backups(t.Context(), api, now)); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}
