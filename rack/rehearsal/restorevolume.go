package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/restic"
	"github.com/home-ops/home-ops/rack/report"
)

// Files of the app whose volume is restored: the first one has another content in each copy, the second one is younger than the first
// copy.
const (
	volumeMarker = "marker"
	volumeLater  = "later"
)

// elsewhereStack is the stack of another cluster whose copies a new one begins with.
const elsewhereStack = "elsewhere"

// restoreVolume copies an app's volume, loses it in several ways, and brings it back by the page's commands: into the same cluster, and
// into another one.
func restoreVolume(ctx context.Context, r *rehearsal) error {
	c, written, err := r.settled(ctx)
	if err != nil {
		return err
	}
	if err := r.appOnVolume(ctx, c); err != nil {
		return err
	}
	var between time.Time
	err = r.phase("copies", "copying a volume twice", func() (err error) {
		between, err = r.copyTwice(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	err = r.phase("restore", "a claim is deleted, and the last copy restored", func() error {
		return r.restoreOnce(ctx, c, "a deleted claim", time.Time{}, map[string]string{volumeMarker: "second", volumeLater: ""}, func() error {
			return r.deleteClaim(ctx, c)
		})
	})
	if err != nil {
		return err
	}
	err = r.phase("restore", "files are spoilt, and an older copy restored", func() error {
		return r.restoreOnce(ctx, c, "spoilt files", between, map[string]string{volumeMarker: "first"}, func() error {
			return r.writeVolume(ctx, c, map[string]string{volumeMarker: "spoilt"})
		})
	})
	if err != nil {
		return err
	}
	if err := r.phase("drills", "fetching what cannot be fetched", func() error { return r.drillFetches(ctx, c, between) }); err != nil {
		return err
	}
	r.kept(r.marked(ctx, c, written))
	if err := unmark(ctx, c); err != nil {
		return err
	}
	err = r.phase("another", "building another cluster, with the copies of this one", func() error { return r.restoreElsewhere(ctx, c) })
	if err != nil {
		return err
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	return r.checked(ctx)
}

// copyTwice writes and copies two states of the volume, and returns a time between the copies.
func (r *rehearsal) copyTwice(ctx context.Context, c *cluster) (between time.Time, err error) {
	did, err := r.act(ctx, c, "two copies", func() error {
		if err := r.writeVolume(ctx, c, map[string]string{volumeMarker: "first"}); err != nil {
			return err
		}
		if err := r.copyNow(ctx, c, "first"); err != nil {
			return err
		}
		between = time.Now()
		if err := r.writeVolume(ctx, c, map[string]string{volumeMarker: "second", volumeLater: ""}); err != nil {
			return err
		}
		return r.copyNow(ctx, c, "second")
	})
	r.came(did, "both are made", err)
	if err != nil {
		return between, err
	}
	r.answers(did, true)
	return between, nil
}

// copyNow is what the page says of a copy by hand.
func (r *rehearsal) copyNow(ctx context.Context, c *cluster, tag string) error {
	with := volumeWords(tag, time.Time{})
	if err := r.holdFluxOff(ctx, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, copyVolume, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, copyEnds, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, copyBySchedule, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, letFlux, c, with); err != nil {
		return err
	}
	// Nobody holds Flux again in the same second.
	return within(ctx, reconciled, func(ctx context.Context) error { return appApplied(ctx, c) })
}

// holdFluxOff suspends the app's Kustomization, and waits until what Flux had begun is over.
func (r *rehearsal) holdFluxOff(ctx context.Context, c *cluster, with map[string]string) error {
	if err := r.kubectlAsWritten(ctx, holdFlux, c, with); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, fluxHeld, c, with)
}

// restoreOnce has something happen to the volume, and follows the page. A time asks for the copy of that time, none for the last one.
func (r *rehearsal) restoreOnce(ctx context.Context, c *cluster, name string, at time.Time, want map[string]string, happens func() error) error {
	before, err := otherVolumes(ctx, c)
	if err != nil {
		return err
	}
	if err := happens(); err != nil {
		return err
	}
	with := volumeWords("restore-"+strings.ReplaceAll(name, " ", "-"), at)
	did, err := r.act(ctx, c, name, func() error {
		if err := r.holdApp(ctx, c, with); err != nil {
			return err
		}
		if err := r.fetch(ctx, c, with, at); err != nil {
			return err
		}
		return r.exchangeVolume(ctx, c, with)
	})
	r.came(did, "the app is there again", err)
	if err != nil {
		return err
	}
	r.answers(did, true)
	r.alone(did)
	r.hasCopy(ctx, c, did.Name, want)
	r.othersStay(ctx, c, did.Name, before)
	r.ownedAgain(ctx, c, did.Name, fmt.Sprint(time.Now().UnixNano()))
	return nil
}

// holdApp is the page's first step.
func (r *rehearsal) holdApp(ctx context.Context, c *cluster, with map[string]string) error {
	if err := r.holdFluxOff(ctx, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, stopApp, c, with); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, appStopped, c, with)
}

// fetch is its second and third.
func (r *rehearsal) fetch(ctx context.Context, c *cluster, with map[string]string, at time.Time) error {
	var err error
	if at.IsZero() {
		err = r.kubectlAsWritten(ctx, fetchLast, c, with)
	} else {
		err = r.kubectlAsWritten(ctx, fetchOlder, c, with)
	}
	if err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, fetchEnds, c, with); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, fetchSays, c, with)
}

// exchangeVolume is its fourth.
func (r *rehearsal) exchangeVolume(ctx context.Context, c *cluster, with map[string]string) error {
	if err := r.kubectlAsWritten(ctx, dropClaim, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, letFlux, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, claimAgain, c, with); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, startApp, c, with); err != nil {
		return err
	}
	return r.kubectlAsWritten(ctx, appStarted, c, with)
}

// drillFetches fetches what is not there, with a wrong password, and a damaged copy. Each must say what the page says of it, and the app
// must have its files as before.
func (r *rehearsal) drillFetches(ctx context.Context, c *cluster, between time.Time) error {
	early := time.Now().Add(-24 * time.Hour)
	with := volumeWords("too-early", early)
	if err := r.kubectlAsWritten(ctx, fetchOlder, c, with); err != nil {
		return err
	}
	// VolSync notes the word that is there when a fetch ends: another one before that would count as fetched.
	if err := r.kubectlAsWritten(ctx, fetchEnds, c, with); err != nil {
		return err
	}
	r.fetchSaid(ctx, c, "a time before the first copy is told in the page's words", "Successful", "No eligible snapshots found")

	right := volumeApp.name + "-backup"
	if err := wrongPassword(ctx, c, right); err != nil {
		return err
	}
	if err := r.setDestination(ctx, c, `{"spec":{"trigger":{"manual":"wrong"},"restic":{"repository":"`+wrongSecret+`","restoreAsOf":null}}}`); err != nil {
		return err
	}
	r.fetchSaid(ctx, c, "a wrong password is told in the page's words", "Failed", restic.ErrWrongPassword.Error())
	if err := r.setDestination(ctx, c, `{"spec":{"restic":{"repository":"`+right+`"}}}`); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, fetchEnds, c, volumeWords("wrong", time.Time{})); err != nil {
		return err
	}

	folder, repository, err := r.repository(ctx, c)
	if err != nil {
		return err
	}
	last, ok, err := repository.AsOf(time.Time{}, 0)
	if err != nil || !ok {
		return fmt.Errorf("the repository has no copy: %w", err)
	}
	if err := restic.Damage(folder, last); err != nil {
		return err
	}
	if err := r.kubectlAsWritten(ctx, fetchLast, c, volumeWords("damaged", time.Time{})); err != nil {
		return err
	}
	r.fetchSaid(ctx, c, "a damaged copy is told in the page's words", "Failed", restic.ErrDamaged.Error())
	if err := r.fetch(ctx, c, volumeWords("older", between), between); err != nil {
		return err
	}
	r.fetchSaid(ctx, c, "a copy before the damaged one is told in the page's words", "Successful", "restoring snapshot")
	r.hasCopy(ctx, c, "drill: all of them", map[string]string{volumeMarker: "first"})
	return nil
}

// restoreElsewhere ends the cluster, and builds another one that knows the copies as another stack's. The machine secrets stay: the
// accounts outside hang on them.
func (r *rehearsal) restoreElsewhere(ctx context.Context, c *cluster) error {
	const name = "another cluster"
	if err := r.writeVolume(ctx, c, map[string]string{volumeMarker: "third"}); err != nil {
		return err
	}
	if err := r.copyNow(ctx, c, "third"); err != nil {
		return err
	}
	before, err := clusterID(ctx, c)
	if err != nil {
		return err
	}
	folder, _, err := r.repository(ctx, c)
	if err != nil {
		return err
	}
	original, err := r.world.git.Read(ctx, volumeApp.file)
	if err != nil {
		return err
	}
	changed, err := fromElsewhere(string(original))
	if err != nil {
		return err
	}
	did, err := r.act(ctx, c, name, func() error {
		if err := r.resetAll(ctx); err != nil {
			return err
		}
		if err := r.rack.volumes.Lose(); err != nil {
			return err
		}
		of := filepath.Dir(filepath.Dir(folder))
		if err := os.Rename(of, filepath.Join(filepath.Dir(of), elsewhereStack)); err != nil {
			return err
		}
		if _, err := r.world.git.Commit(ctx, "feat(monitoring): Grafana's volume is another stack's", map[string][]byte{volumeApp.file: []byte(changed)}); err != nil {
			return err
		}
		if err := r.upAsWritten(ctx, upAfterReset); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "it is built", err)
	r.allDown(did)
	if err != nil {
		return err
	}
	if c, err = r.openCluster(ctx); err != nil {
		return err
	}
	began := time.Now()
	if _, err := r.checkKustomizations(ctx, c); err != nil {
		return err
	}
	err = within(ctx, reconciled, func(ctx context.Context) error { return appRuns(ctx, c) })
	r.runsThere(name, time.Since(began), err)
	if err != nil {
		return err
	}
	after, err := clusterID(ctx, c)
	r.another(before, after, err)
	r.hasCopy(ctx, c, name, map[string]string{volumeMarker: "third"})
	return r.settleElsewhere(ctx, c, string(original), folder)
}

// runsThere is whether the app came to run by itself, and how long after the cluster that took.
func (r *rehearsal) runsThere(name string, after time.Duration, err error) {
	r.report.Scenario.Steps = append(r.report.Scenario.Steps, report.Step{Name: "the app in another cluster", Seconds: after.Seconds()})
	r.addChecked(name+": the app runs on its volume", fmt.Sprintf("%.0f s after it was built", after.Seconds()), err)
}

// settleElsewhere gives the app copies of its own, and takes the other stack out of Git.
func (r *rehearsal) settleElsewhere(ctx context.Context, c *cluster, original, folder string) error {
	const name = "another cluster, with copies of its own"
	did, err := r.act(ctx, c, name, func() error {
		if err := r.copyNow(ctx, c, "own"); err != nil {
			return err
		}
		sha, err := r.world.git.Commit(ctx, "feat(monitoring): Grafana's volume is its own", map[string][]byte{volumeApp.file: []byte(original)})
		if err != nil {
			return err
		}
		if _, err := r.announce(ctx, sha); err != nil {
			return err
		}
		err = within(ctx, reconciled, func(ctx context.Context) error { return componentGone(ctx, c) })
		if err != nil {
			return err
		}
		if err := r.kubectlAsWritten(ctx, dropDestination, c, volumeWords("", time.Time{})); err != nil {
			return err
		}
		if err := r.reconcile(ctx, c, fmt.Sprint(time.Now().UnixNano())); err != nil {
			return err
		}
		return within(ctx, reconciled, func(ctx context.Context) error { return fetchedFrom(ctx, c, volumeApp.name+"-backup") })
	})
	if err == nil {
		var own, theirs int
		own, err = copiesIn(folder)
		if err == nil {
			theirs, err = copiesIn(strings.Replace(folder, string(filepath.Separator)+r.stack.Name+string(filepath.Separator)+"volumes",
				string(filepath.Separator)+elsewhereStack+string(filepath.Separator)+"volumes", 1))
		}
		if err == nil {
			err = apart(own, theirs)
		}
	}
	r.came(did, "its copies go where this stack's go, and the other stack's stay", err)
	if err != nil {
		return err
	}
	r.answers(did, true)
	r.hasCopy(ctx, c, name, map[string]string{volumeMarker: "third"})
	r.ownedAgain(ctx, c, name, fmt.Sprint(time.Now().UnixNano()))
	return nil
}

// apart is an error unless the app has copies of its own, and the other stack those that it had.
func apart(own, theirs int) error {
	if own == 0 || theirs != 3 {
		return fmt.Errorf("%d copies are its own, and the other stack has %d; wanted some and 3", own, theirs)
	}
	return nil
}

// copiesIn counts the copies of a repository.
func copiesIn(folder string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(folder, "snapshots"))
	return len(entries), err
}

// fromElsewhere is the app's ks.yaml with the component that fills its volume from another stack's copies.
func fromElsewhere(text string) (string, error) {
	changed := text
	for _, line := range [][2]string{
		{"    - ../../../../components/volsync\n", "    - ../../../../components/volsync-from\n"},
		{"      APP: " + volumeApp.name + "\n", "      FROM_STACK: " + elsewhereStack + "\n"},
	} {
		if strings.Count(changed, line[0]) != 1 {
			return "", fmt.Errorf("%s has not one line %q", volumeApp.file, strings.TrimSpace(line[0]))
		}
		changed = strings.Replace(changed, line[0], line[0]+line[1], 1)
	}
	return changed, nil
}

// clusterID is what tells one cluster from another.
func clusterID(ctx context.Context, c *cluster) (types.UID, error) {
	n, err := c.client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return n.UID, nil
}

// another is whether it is another cluster.
func (r *rehearsal) another(before, after types.UID, err error) {
	if err == nil && before == after {
		err = errors.New("it is the same cluster: " + string(after))
	}
	r.addChecked("another cluster: it is another one", fmt.Sprintf("%s was %s", after, before), err)
}
