// Package restic is a stand-in for repositories of restic in a bucket (https://restic.readthedocs.io/en/stable/): snapshots that only
// the password opens, that tell when they are damaged, and of which the oldest are forgotten. The words of its errors are restic's.
//
// Left out: its format, so that no real restic reads it; locks, hosts and paths, of which VolSync has one each; the access keys of the
// bucket, which is a folder.
package restic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The errors of restic.
var (
	ErrWrongPassword = errors.New("Fatal: wrong password or no key found")                        //nolint:staticcheck // restic's words
	ErrDamaged       = errors.New("ciphertext verification failed")                               //nolint:staticcheck // restic's words
	ErrNoRepository  = errors.New("Fatal: repository does not exist: unable to open config file") //nolint:staticcheck // restic's words
)

// Snapshot is one copy.
type Snapshot struct {
	ID   string
	Time time.Time
}

// content is what a snapshot holds.
type content struct {
	Time  time.Time
	Files map[string][]byte
}

// Repository is one that was opened with its password.
type Repository struct {
	dir  string
	seal cipher.AEAD
}

// config is what tells the right password from others.
type config struct{ Salt, Check []byte }

// iterations are few: what is protected here is a drill.
const iterations = 1000

// Folder is where the repository of an address is, in a folder that holds all buckets. Only buckets of S3 are known.
func Folder(buckets, address string) (string, error) {
	rest, ok := strings.CutPrefix(address, "s3:")
	if !ok || strings.Contains(rest, "..") {
		return "", fmt.Errorf("Fatal: invalid backend: %q", address) //nolint:staticcheck // restic's words
	}
	if at := strings.Index(rest, "://"); at >= 0 {
		rest = rest[at+len("://"):]
	}
	return filepath.Join(buckets, filepath.FromSlash(strings.Trim(rest, "/"))), nil
}

// Open opens a repository, which with init is made where there is none.
func Open(dir, password string, init bool) (*Repository, error) {
	path := filepath.Join(dir, "config")
	text, err := os.ReadFile(path)
	var c config
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("Fatal: config or key is damaged: %w", ErrDamaged) //nolint:staticcheck // restic's words
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case !init:
		return nil, ErrNoRepository
	default:
		c.Salt = make([]byte, 16)
		_, _ = rand.Read(c.Salt) // never fails, see crypto/rand
	}
	key, err := pbkdf2.Key(sha256.New, password, c.Salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	r := &Repository{dir: dir}
	if r.seal, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, err
	}
	if len(c.Check) > 0 {
		if _, err := r.seal.Open(nil, nil, c.Check, nil); err != nil {
			return nil, ErrWrongPassword
		}
		return r, nil
	}
	c.Check = r.seal.Seal(nil, nil, []byte("repository"), nil)
	if text, err = json.Marshal(c); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "snapshots"), 0o700); err != nil {
		return nil, err
	}
	return r, os.WriteFile(path, text, 0o600)
}

// Backup stores files.
func (r *Repository) Backup(files map[string][]byte, at time.Time) (Snapshot, error) {
	text, err := json.Marshal(content{at, files})
	if err != nil {
		return Snapshot{}, err
	}
	sum := sha256.Sum256(text)
	s := Snapshot{hex.EncodeToString(sum[:4]), at}
	return s, os.WriteFile(r.path(s), r.seal.Seal(nil, nil, text, nil), 0o600)
}

// stamp begins the file of a snapshot.
const stamp = "20060102T150405.000000000"

func (r *Repository) path(s Snapshot) string {
	return filepath.Join(r.dir, "snapshots", s.Time.UTC().Format(stamp)+"-"+s.ID)
}

// Snapshots are those that there are, the oldest first.
func (r *Repository) Snapshots() ([]Snapshot, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, "snapshots"))
	if err != nil {
		return nil, err
	}
	var all []Snapshot
	for _, entry := range entries {
		at, id, _ := strings.Cut(entry.Name(), "-")
		when, err := time.Parse(stamp, at)
		if err != nil {
			return nil, fmt.Errorf("snapshot %s: %w", entry.Name(), ErrDamaged)
		}
		all = append(all, Snapshot{id, when})
	}
	return all, nil
}

// AsOf is the newest snapshot that is not younger than the time, and with previous one that is so many older than it. No time is any
// time. Seconds alone count, as VolSync's copier has it.
func (r *Repository) AsOf(at time.Time, previous int) (Snapshot, bool, error) {
	all, err := r.Snapshots()
	if err != nil {
		return Snapshot{}, false, err
	}
	if !at.IsZero() {
		all = slices.DeleteFunc(all, func(s Snapshot) bool { return s.Time.Truncate(time.Second).After(at) })
	}
	if i := len(all) - 1 - previous; i >= 0 {
		return all[i], true, nil
	}
	return Snapshot{}, false, nil
}

// Restore is what a snapshot holds.
func (r *Repository) Restore(s Snapshot) (map[string][]byte, error) {
	sealed, err := os.ReadFile(r.path(s))
	if err != nil {
		return nil, err
	}
	text, err := r.seal.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", s.ID, ErrDamaged)
	}
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	return c.Files, nil
}

// Keep says which snapshots are kept: so many of the last ones, and the last one of each of so many hours, days, weeks, months and
// years that have one.
type Keep struct{ Last, Hourly, Daily, Weekly, Monthly, Yearly int }

// Forget takes away what no rule keeps.
func (r *Repository) Forget(keep Keep) error {
	all, err := r.Snapshots()
	if err != nil {
		return err
	}
	rules := []struct {
		left int
		of   func(i int, at time.Time) string
		last string
	}{
		{keep.Last, func(i int, _ time.Time) string { return fmt.Sprint(i) }, ""},
		{keep.Hourly, func(_ int, at time.Time) string { return at.Format("2006-01-02T15") }, ""},
		{keep.Daily, func(_ int, at time.Time) string { return at.Format(time.DateOnly) }, ""},
		{keep.Weekly, func(_ int, at time.Time) string { y, w := at.ISOWeek(); return fmt.Sprint(y, w) }, ""},
		{keep.Monthly, func(_ int, at time.Time) string { return at.Format("2006-01") }, ""},
		{keep.Yearly, func(_ int, at time.Time) string { return at.Format("2006") }, ""},
	}
	for i, s := range slices.Backward(all) {
		kept := false
		for n := range rules {
			rule := &rules[n]
			if of := rule.of(i, s.Time); rule.left > 0 && of != rule.last {
				rule.left, rule.last, kept = rule.left-1, of, true
			}
		}
		if !kept {
			if err := os.Remove(r.path(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Damage changes what a snapshot holds behind its back, as a bucket may that loses bits.
func Damage(dir string, s Snapshot) error {
	path := (&Repository{dir: dir}).path(s)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 0xff
	return os.WriteFile(path, text, 0o600)
}
