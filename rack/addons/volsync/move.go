package volsync

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/csi"
	"github.com/home-ops/home-ops/rack/addons/restic"
	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// move does what the Job's container would do, and returns what it would say
// (https://github.com/backube/volsync/blob/v0.14.0/mover-restic/entry.sh).
func (m *mover) move(claim *corev1.PersistentVolumeClaim, address, password string) (logs string, err error) {
	volume, err := csi.Bound(m.Cluster, claim)
	if err != nil {
		return "", err
	}
	folder := m.contents.Volume(volume.Spec.CSI.VolumeHandle)
	var lines []string
	say := func(format string, words ...any) { lines = append(lines, fmt.Sprintf(format, words...)) }
	if m.source {
		err = m.backup(folder, address, password, say)
	} else {
		err = m.restore(folder, address, password, say)
	}
	if err != nil {
		say("%v", err)
		say("ERROR: failure in the repository")
	} else {
		say("Restic completed in 1s")
	}
	return strings.Join(lines, "\n"), err
}

func (m *mover) open(address, password string) (*restic.Repository, error) {
	dir, err := restic.Folder(m.buckets, address)
	if err != nil {
		return nil, err
	}
	return restic.Open(dir, password, true)
}

func (m *mover) backup(folder, address, password string, say func(string, ...any)) error {
	files, err := volumes.Files(folder)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		say("== Directory is empty skipping backup ===")
		return nil
	}
	repository, err := m.open(address, password)
	if err != nil {
		return err
	}
	saved, err := repository.Backup(files, m.now)
	if err != nil {
		return err
	}
	say("snapshot %s saved", saved.ID)
	keep := restic.Keep{Last: 1}
	if r := m.Spec.Restic.Retain; r != nil {
		keep = restic.Keep{Hourly: r.Hourly, Daily: r.Daily, Weekly: r.Weekly, Monthly: r.Monthly, Yearly: r.Yearly}
		if r.Last != "" {
			if keep.Last, err = strconv.Atoi(r.Last); err != nil {
				return err
			}
		}
	}
	return repository.Forget(keep)
}

func (m *mover) restore(folder, address, password string, say func(string, ...any)) error {
	repository, err := m.open(address, password)
	if err != nil {
		return err
	}
	var at time.Time
	if text := m.Spec.Restic.RestoreAsOf; text != "" {
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			return err
		}
	}
	snapshot, ok, err := repository.AsOf(at, m.Spec.Restic.Previous)
	if err != nil {
		return err
	}
	if !ok {
		// That is no failure: a new app has no copies.
		say("No eligible snapshots found")
		say("=== No data will be restored ===")
		return nil
	}
	files, err := repository.Restore(snapshot)
	if err != nil {
		return err
	}
	say("restoring snapshot %s of [/data] at %s by @volsync to .", snapshot.ID, snapshot.Time.UTC().Format("2006-01-02 15:04:05 MST"))
	return volumes.Write(folder, files, m.Spec.Restic.EnableFileDeletion)
}
