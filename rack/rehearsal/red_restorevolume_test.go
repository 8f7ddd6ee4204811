package rehearsal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/addons/restic"
	"github.com/home-ops/home-ops/rack/addons/volumes"
	"github.com/home-ops/home-ops/rack/report"
)

const (
	claimsPath      = "/api/v1/persistentvolumeclaims"
	appClaimPath    = "/api/v1/namespaces/monitoring/persistentvolumeclaims/grafana"
	appPath         = "/apis/apps/v1/namespaces/monitoring/deployments/grafana"
	appKsPath       = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/kube-prometheus-stack"
	sourcePath      = "/apis/volsync.backube/v1alpha1/namespaces/monitoring/replicationsources/grafana"
	destinationPath = "/apis/volsync.backube/v1alpha1/namespaces/monitoring/replicationdestinations/grafana"
	destinationKind = "kind: ReplicationDestination, apiVersion: volsync.backube/v1alpha1, metadata: {name: grafana, generation: 1}"
)

// restoredApp is the app on a volume that has the files of a copy.
func restoredApp(b *broken) {
	b.rack.volumes = volumes.In(b.t.TempDir())
	b.api[appClaimPath] = "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: grafana, uid: one}, spec: {volumeName: v}, status: {phase: Bound}}"
	b.api["/api/v1/persistentvolumes/v"] = "{kind: PersistentVolume, apiVersion: v1, metadata: {name: v}, spec: {csi: {driver: d, volumeHandle: v}}}"
	b.api[appPath] = "{kind: Deployment, apiVersion: apps/v1, metadata: {name: grafana, generation: 3}, status: {readyReplicas: 1, observedGeneration: 3}}"
	b.api[appKsPath] = appKustomization("stamp", "False")
	b.api[sourcePath] = "{kind: ReplicationSource, apiVersion: volsync.backube/v1alpha1, metadata: {name: grafana, generation: 1}, spec: {trigger: {schedule: 15 2 * * *}}}"
	fetched(b, "Successful", "restoring snapshot 1a2b3c4d")
	b.list(claimsPath, "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: other, namespace: apps}, spec: {volumeName: w}}",
		"{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: grafana, namespace: monitoring}, spec: {volumeName: v}}",
		"{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: volsync-grafana-dest, namespace: monitoring, labels: {app.kubernetes.io/created-by: volsync}}, spec: {volumeName: x}}")
	onVolume(b, "first")
}

func appKustomization(handled, suspend string) string {
	return "{kind: Kustomization, apiVersion: kustomize.toolkit.fluxcd.io/v1, metadata: {name: kube-prometheus-stack, namespace: flux-system}, spec: {suspend: " +
		strings.ToLower(suspend) + "}, status: {lastHandledReconcileAt: " + handled + `, conditions: [{type: Ready, status: "True"}]}}`
}

func fetched(b *broken, result, logs string) {
	b.api[destinationPath] = "{" + destinationKind + ", spec: {restic: {repository: grafana-backup}}, status: {latestMoverStatus: {result: " + result + ", logs: " + logs + "}}}"
}

func onVolume(b *broken, marker string) {
	if err := b.rack.volumes.Make("v", ""); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.rack.volumes.Volume("v"), volumeMarker), []byte(marker), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func hasFirst(ctx context.Context, b *broken) {
	b.hasCopy(ctx, b.cluster, "a step", map[string]string{volumeMarker: "first"})
}

func othersAsBefore(ctx context.Context, b *broken) {
	b.othersStay(ctx, b.cluster, "a step", map[string]string{"apps/other": "w"})
}

func ownedAgain(ctx context.Context, b *broken) { b.ownedAgain(ctx, b.cluster, "a step", "stamp") }

func saidDamaged(ctx context.Context, b *broken) {
	b.fetchSaid(ctx, b.cluster, "a damaged copy is told in the page's words", "Failed", restic.ErrDamaged.Error())
}

func saysDamaged(b *broken) {
	restoredApp(b)
	fetched(b, "Failed", restic.ErrDamaged.Error())
}

// redRestoreVolume are lines about a volume that goes back to a copy.
var redRestoreVolume = []red{
	{
		line: "a step: the volume is as in the copy", fault: "it is another copy", want: `wanted map["marker":"first"]`,
		whole: restoredApp, damage: func(b *broken) { onVolume(b, "second") }, do: hasFirst,
	},
	{
		line: "a step: the volume is as in the copy", fault: "a file of another copy is left over", want: `"later":""`,
		whole: restoredApp, damage: func(b *broken) {
			if err := os.WriteFile(filepath.Join(b.rack.volumes.Volume("v"), volumeLater), nil, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}, do: hasFirst,
	},
	{
		line: "a step: the volume is as in the copy", fault: "the claim waits", want: "the claim grafana is Pending",
		whole: restoredApp, damage: func(b *broken) {
			b.api[appClaimPath] = "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: grafana}, status: {phase: Pending}}"
		}, do: hasFirst,
	},
	{
		line: "a step: no other volume is touched", fault: "one is another", want: "they were map[apps/other:w] and are map[apps/other:z]",
		whole: restoredApp, damage: func(b *broken) {
			b.list(claimsPath, "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: other, namespace: apps}, spec: {volumeName: z}}")
		}, do: othersAsBefore,
	},
	{
		line: "a step: no other volume is touched", fault: "there is none", want: "they were map[apps/other:w] and are map[]",
		whole: restoredApp, damage: func(b *broken) { b.list(claimsPath) }, do: othersAsBefore,
	},
	{
		line: "a step: Flux owns the app again, and changes nothing", fault: "it is still suspended", want: "it is suspended, so nobody knows",
		whole: restoredApp, damage: func(b *broken) { b.api[appKsPath] = appKustomization("stamp", "True") }, do: ownedAgain,
	},
	{
		line: "a step: Flux owns the app again, and changes nothing", fault: "Flux does not answer", want: `has answered at "before"`,
		whole: restoredApp, damage: func(b *broken) { b.api[appKsPath] = appKustomization("before", "False") }, do: ownedAgain,
	},
	{
		line: "a step: Flux owns the app again, and changes nothing", fault: "the schedule of copies is off", want: "no copy is made by schedule while one by hand is asked for: first",
		whole: restoredApp, damage: func(b *broken) {
			b.api[sourcePath] = strings.Replace(b.api[sourcePath], "schedule: 15 2 * * *", "manual: first", 1)
		}, do: ownedAgain,
	},
	{
		line: "drill: a damaged copy is told in the page's words", fault: "it is restored", want: "it is Successful",
		whole: saysDamaged, damage: func(b *broken) { fetched(b, "Successful", restic.ErrDamaged.Error()) }, do: saidDamaged,
	},
	{
		line: "drill: a damaged copy is told in the page's words", fault: "it says something else", want: `says "no space left"`,
		whole: saysDamaged, damage: func(b *broken) { fetched(b, "Failed", "no space left") }, do: saidDamaged,
	},
	{
		line: "another cluster: it is another one", fault: "it is the same", want: "it is the same cluster: a",
		whole:  func(b *broken) { b.another("a", "b", nil) },
		damage: func(b *broken) { b.report.Checks = nil; b.another("a", "a", nil) },
		do:     func(context.Context, *broken) {},
	},
	{
		line: "another cluster: the app runs on its volume", fault: "it does not", want: "grafana has 0 ready pods",
		whole: func(b *broken) { restoredApp(b); b.report.Scenario = &report.Scenario{} },
		damage: func(b *broken) {
			b.api[appPath] = "{kind: Deployment, apiVersion: apps/v1, metadata: {name: grafana}, status: {readyReplicas: 0}}"
		},
		do: func(ctx context.Context, b *broken) {
			b.runsThere("another cluster", time.Second, appRuns(ctx, b.cluster))
		},
	},
	{
		line: "a step: its copies go where this stack's go, and the other stack's stay", fault: "they go to the other stack's",
		want: "0 copies are its own, and the other stack has 4",
		whole: func(b *broken) {
			b.came(step(), "its copies go where this stack's go, and the other stack's stay", apart(1, 3))
		},
		damage: func(b *broken) {
			b.report.Checks = nil
			b.came(step(), "its copies go where this stack's go, and the other stack's stay", apart(0, 4))
		}, do: func(context.Context, *broken) {},
	},
	{
		line: "a step: both are made", fault: "they are not", want: "timed out waiting for the condition",
		whole: func(b *broken) { b.came(step(), "both are made", nil) },
		damage: func(b *broken) {
			b.report.Checks = nil
			b.came(step(), "both are made", errors.New("timed out waiting for the condition"))
		},
		do: func(context.Context, *broken) {},
	},
}

func TestFromElsewhere_AddsTheComponentToTheAppOfTheTree(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", volumeApp.file))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := fromElsewhere(string(text))
	if err != nil || !strings.Contains(changed, "    - ../../../../components/volsync\n    - ../../../../components/volsync-from\n") ||
		!strings.Contains(changed, "      APP: grafana\n      FROM_STACK: elsewhere\n") {
		t.Errorf("%s, %v", changed, err)
	}
	if _, err := fromElsewhere(changed + changed); err == nil {
		t.Error("it was added to something else")
	}
}

// Each of the page's words has something that stands for it here: else kubectl would be handed TAG or TIME.
func TestVolumeWords_StandForAllThatThePageLeavesOpen(t *testing.T) {
	b := newBroken(t)
	b.config.Project = "../.."
	with := volumeWords("restore-1", time.Date(2026, 3, 4, 2, 15, 0, 0, time.UTC))
	for _, w := range []pageCommand{
		holdFlux, fluxHeld, stopApp, appStopped, fetchLast, fetchOlder, fetchEnds, fetchSays, dropClaim, letFlux, claimAgain, startApp, appStarted,
		dropDestination, copyVolume, copyEnds, copyBySchedule,
	} {
		words, err := b.words(w, with)
		if err != nil {
			t.Errorf("%s: %v", w.text, err)
		}
		for _, open := range []string{"TAG", "TIME", "APP", "NAMESPACE", "KUSTOMIZATION"} {
			if strings.Contains(strings.Join(words, " "), open) {
				t.Errorf("%s is left open in %q", open, words)
			}
		}
	}
	if words, err := b.words(fetchOlder, with); err != nil || words[len(words)-1] != `{"spec":{"trigger":{"manual":"restore-1"},"restic":{"restoreAsOf":"2026-03-04T02:15:00Z"}}}` {
		t.Errorf("%q, %v", words, err)
	}
}
