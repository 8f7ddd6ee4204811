package keep_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/home-ops/home-ops/cmd/homeops/keep"
)

// pair is a new pair of keys.
func pair(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

var made = time.Date(2026, 11, 28, 20, 30, 0, 0, time.UTC)

// copyOf is a copy with more than one of age's chunks, each of which is sealed by itself.
func copyOf(stack string, at time.Time) keep.Copy {
	return keep.Copy{Stack: stack, Kind: keep.State, Made: at, Files: map[string][]byte{
		"state.json": bytes.Repeat([]byte("0123456789abcdef"), 20000), "certificates/a.yaml": []byte("a: 1\n"),
	}}
}

func saved(t *testing.T, at keep.Place, c keep.Copy, to *age.X25519Identity) {
	t.Helper()
	if err := keep.Save(t.Context(), at, c, []string{to.Recipient().String()}); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, at keep.Place, stack string, kind keep.Kind, with *age.X25519Identity) (keep.Copy, error) {
	t.Helper()
	return keep.Load(t.Context(), at, stack, kind, "", []age.Identity{with})
}

func TestCopy_ComesBackAsItWasSaved(t *testing.T) {
	key, folder := pair(t), keep.Folder(t.TempDir())
	saved(t, folder, copyOf("home", made), key)
	got, err := load(t, folder, "home", keep.State, key)
	if err != nil {
		t.Fatal(err)
	}
	want := copyOf("home", made)
	if !got.Made.Equal(made) || !maps.EqualFunc(got.Files, want.Files, bytes.Equal) {
		t.Errorf("made %s, with %v", got.Made, slices.Sorted(maps.Keys(got.Files)))
	}
	if names, _ := folder.List(t.Context(), ""); !slices.Equal(names, []string{"home-state-20261128T203000Z.tar.age"}) {
		t.Errorf("the folder holds %v", names)
	}
}

func TestLoad_TakesTheNewestOfThisStackAlone(t *testing.T) {
	key, folder := pair(t), keep.Folder(t.TempDir())
	for _, c := range []keep.Copy{
		copyOf("home", made.Add(-time.Hour)), copyOf("home", made), copyOf("home", made.AddDate(-1, 0, 0)),
		copyOf("home-state-9", made.Add(time.Hour)), copyOf("lab", made.Add(time.Hour)),
	} {
		saved(t, folder, c, key)
	}
	got, err := load(t, folder, "home", keep.State, key)
	if err != nil || got.Stack != "home" || !got.Made.Equal(made) {
		t.Errorf("%s of %s, %v", got.Stack, got.Made, err)
	}
}

func TestLoad_RefusesWhatIsNotWholeOrNotMeant(t *testing.T) {
	key, other := pair(t), pair(t)
	for name, c := range map[string]struct {
		spoil func(sealed []byte) []byte
		stack string
		kind  keep.Kind
		with  *age.X25519Identity
		want  string
	}{
		"the key of somebody else":  {nil, "home", keep.State, other, "is sealed for other keys than those of the identity file"},
		"half of the file":          {func(b []byte) []byte { return b[:len(b)/2] }, "home", keep.State, key, "is cut short or changed"},
		"all but the last byte":     {func(b []byte) []byte { return b[:len(b)-1] }, "home", keep.State, key, "is cut short or changed"},
		"whole chunks alone":        {func(b []byte) []byte { return b[:headOf(b)+16+65536+16] }, "home", keep.State, key, "is cut short or changed"},
		"a byte that has flipped":   {func(b []byte) []byte { b[len(b)-1000] ^= 1; return b }, "home", keep.State, key, "is cut short or changed"},
		"half of the head":          {func(b []byte) []byte { return b[:40] }, "home", keep.State, key, "is no whole age file"},
		"nothing":                   {func([]byte) []byte { return nil }, "home", keep.State, key, "is no whole age file"},
		"a copy of another stack":   {nil, "lab", keep.State, key, `is of the stack "home", not of lab`},
		"a copy of another kind":    {nil, "home", keep.BreakGlass, key, `is a copy of kind "state", not break-glass`},
		"a file that is no archive": {func([]byte) []byte { return seal(t, []byte(strings.Repeat("x", 2000)), key) }, "home", keep.State, key, "archive: "},
	} {
		dir := t.TempDir()
		saved(t, keep.Folder(dir), copyOf("home", made), key)
		file := filepath.Join(dir, copyOf("home", made).Name())
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if c.spoil != nil {
			raw = c.spoil(raw)
		}
		as := strings.ReplaceAll(strings.ReplaceAll(filepath.Base(file), "home", c.stack), "-state-", "-"+string(c.kind)+"-")
		if err := os.WriteFile(filepath.Join(dir, as), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, keep.Folder(dir), c.stack, c.kind, c.with); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// headOf is the length of an age file's head, which ends with the line of its MAC (https://age-encryption.org/v1). A
// nonce of 16 bytes follows, and then chunks of 64 KiB, each with a tag of 16 bytes.
func headOf(sealed []byte) int {
	mac := bytes.Index(sealed, []byte("\n--- ")) + 1
	return mac + bytes.IndexByte(sealed[mac:], '\n') + 1
}

func seal(t *testing.T, plain []byte, to *age.X25519Identity) []byte {
	t.Helper()
	sealed, err := keep.Seal(plain, []string{to.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestDecode_RefusesNamesThatLeadOutOfTheFolder(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a/../../x", ".."} {
		archive, err := keep.Copy{Stack: "home", Kind: keep.State, Files: map[string][]byte{name: []byte("x")}}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keep.Decode(archive, "home", keep.State); err == nil || !strings.Contains(err.Error(), "is no name of a file in it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// full is a place whose disk is full, and that does not say so.
type full struct{ keep.Folder }

func (f full) Put(ctx context.Context, name string, content []byte) error {
	return f.Folder.Put(ctx, name, content[:len(content)/2])
}

func TestSave_ReadsBackWhatItWrote(t *testing.T) {
	err := keep.Save(t.Context(), full{keep.Folder(t.TempDir())}, copyOf("home", made), []string{pair(t).Recipient().String()})
	if err == nil || !strings.Contains(err.Error(), "reads back otherwise than it was written") {
		t.Errorf("error %v", err)
	}
}

func TestFolder_ThatIsNotMountedIsNotMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "stick")
	err := keep.Save(t.Context(), keep.Folder(dir), copyOf("home", made), []string{pair(t).Recipient().String()})
	if want := dir + ": there is no such folder; mount it, or make it"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("made it")
	}
}
