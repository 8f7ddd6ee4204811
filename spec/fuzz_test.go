package spec_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// load reads anything, validates what came of it, and holds the answer to what every answer promises.
func load(t *testing.T, data []byte) {
	t.Helper()
	s, problems := spec.Load("fuzz", data)
	if s == nil {
		t.Fatal("no stack")
	}
	all := append(problems, s.Validate()...)
	for _, p := range all {
		if p.Message == "" || p.Severity != spec.Error && p.Severity != spec.Warning {
			t.Fatalf("an empty problem: %+v", p)
		}
	}
	again, problemsAgain := spec.Load("fuzz", data)
	if one, other := lines(all), lines(append(problemsAgain, again.Validate()...)); !slices.Equal(one, other) {
		t.Fatalf("two runs differ:\n%s\n-- and\n%s\n-- of\n%s", strings.Join(one, "\n"), strings.Join(other, "\n"), data)
	}
	// What components ask of a stack must not fail, whatever the plan.
	_ = s.ClusterEndpoint()
	for _, n := range s.Nodes {
		_ = s.InstallerImage(n)
		_ = s.InterfacePrefixes(n)
		_ = s.DefaultGateways(n)
	}
	_ = spec.ValidateProject([]*spec.Stack{s, again})
}

func seeds(t testing.TB, dirs ...string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, data)
		}
	}
	return out
}

// FuzzLoad looks for files that the loader or the rules stumble over:
// go test -run XXX -fuzz FuzzLoad -fuzzminimizetime 10x ./spec/
func FuzzLoad(f *testing.F) {
	for _, data := range seeds(f, "valid") {
		f.Add(data)
	}
	f.Fuzz(load)
}

// TestLoad_SurvivesDamagedFiles is a brief fuzz run that every test run makes: fixtures with bytes, lines
// and words changed at random.
func TestLoad_SurvivesDamagedFiles(t *testing.T) {
	files := seeds(t, "valid", "warned", "invalid")
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	end := time.Now().Add(2 * time.Second)
	for time.Now().Before(end) {
		data := damage(r, files)
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%v\n%s", p, data)
				}
			}()
			load(t, data)
		}()
	}
}

func damage(r *rand.Rand, files [][]byte) []byte {
	data := bytes.Clone(files[r.IntN(len(files))])
	words := []string{"", "0", "-1", "[]", "{}", "null", "~", "::", "0.0.0.0/0", "fe80::1%eth0", "\"", "*a", "&a", "<<: *a", "[[", "99999999999999999999", "1e9", "config:", "op://", "\x00", "\t"}
	for range 1 + r.IntN(4) {
		if len(data) < 8 {
			break
		}
		i := r.IntN(len(data) - 4)
		switch r.IntN(4) {
		case 0:
			data[i] = byte(r.IntN(256))
		case 1:
			data = slices.Delete(data, i, i+1+r.IntN(3))
		case 2:
			data = slices.Insert(data, i, []byte(words[r.IntN(len(words))])...)
		default:
			all := bytes.Split(data, []byte("\n"))
			from := files[r.IntN(len(files))]
			other := bytes.Split(from, []byte("\n"))
			all[r.IntN(len(all))] = other[r.IntN(len(other))]
			data = bytes.Join(all, []byte("\n"))
		}
	}
	return data
}
