package restic_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/addons/restic"
)

var midnight = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *restic.Repository {
	t.Helper()
	r, err := restic.Open(dir, "right", true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func backup(t *testing.T, r *restic.Repository, text string, at time.Time) restic.Snapshot {
	t.Helper()
	s, err := r.Backup(map[string][]byte{"marker": []byte(text)}, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRepository_GivesBackWhatAPasswordSealed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bucket")
	if _, err := restic.Open(dir, "right", false); !errors.Is(err, restic.ErrNoRepository) {
		t.Errorf("%v", err)
	}
	s := backup(t, open(t, dir), "first", midnight)
	files, err := open(t, dir).Restore(s)
	if err != nil || string(files["marker"]) != "first" {
		t.Errorf("%q, %v", files, err)
	}
	for _, init := range []bool{false, true} {
		if _, err := restic.Open(dir, "wrong", init); !errors.Is(err, restic.ErrWrongPassword) {
			t.Errorf("init %t: %v", init, err)
		}
	}
	if err := restic.Damage(dir, s); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Restore(s); !errors.Is(err, restic.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

func TestAsOf_IsTheNewestThatIsNotYounger(t *testing.T) {
	r := open(t, t.TempDir())
	for i, text := range []string{"first", "second", "third"} {
		backup(t, r, text, midnight.Add(time.Duration(i)*time.Hour+300*time.Millisecond))
	}
	for name, test := range map[string]struct {
		at       time.Time
		previous int
		want     string
	}{
		"no time":               {time.Time{}, 0, "third"},
		"the one before it":     {time.Time{}, 1, "second"},
		"between two":           {midnight.Add(90 * time.Minute), 0, "second"},
		"its own second":        {midnight.Add(time.Hour), 0, "second"},
		"so many before a time": {midnight.Add(90 * time.Minute), 1, "first"},
		"before the first":      {midnight.Add(-time.Second), 0, ""},
		"more than there are":   {time.Time{}, 3, ""},
	} {
		s, ok, err := r.AsOf(test.at, test.previous)
		if err != nil || ok != (test.want != "") {
			t.Errorf("%s: %t, %v", name, ok, err)
			continue
		}
		if !ok {
			continue
		}
		if files, err := r.Restore(s); err != nil || string(files["marker"]) != test.want {
			t.Errorf("%s: %q, %v", name, files["marker"], err)
		}
	}
}

// A copy by hand is the last one of its day: without a rule for the last ones, that of the night goes.
func TestForget_KeepsTheLastOfEachDayAndTheLastOnes(t *testing.T) {
	for name, test := range map[string]struct {
		keep restic.Keep
		want int
	}{
		"days":                    {restic.Keep{Daily: 7}, 2},
		"days and the last three": {restic.Keep{Daily: 7, Last: 3}, 4},
		"one day":                 {restic.Keep{Daily: 1}, 1},
		"the month":               {restic.Keep{Monthly: 6}, 1},
	} {
		r := open(t, t.TempDir())
		for _, at := range []time.Duration{0, 24 * time.Hour, 25 * time.Hour, 26 * time.Hour} {
			backup(t, r, at.String(), midnight.Add(at))
		}
		if err := r.Forget(test.keep); err != nil {
			t.Fatal(err)
		}
		all, err := r.Snapshots()
		if err != nil || len(all) != test.want || !all[len(all)-1].Time.Equal(midnight.Add(26*time.Hour)) {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func TestFolder_IsThatOfABucketsAddress(t *testing.T) {
	if dir, err := restic.Folder("/b", "s3:https://s3.example.com/bucket/home/volumes/grafana"); err != nil || dir != "/b/s3.example.com/bucket/home/volumes/grafana" {
		t.Errorf("%s, %v", dir, err)
	}
	if _, err := restic.Folder("/b", "/somewhere"); err == nil || err.Error() != `Fatal: invalid backend: "/somewhere"` {
		t.Errorf("%v", err)
	}
}
