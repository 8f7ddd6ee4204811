package launch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNewRunDir_ClearsWhatADeadRehearsalLeft(t *testing.T) {
	base := t.TempDir()
	dead := filepath.Join(base, "run-dead")
	if err := os.MkdirAll(filepath.Join(dead, "rack", "cp-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(base, "report.json")
	if err := os.WriteFile(report, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}

	dir, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.close()

	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("the leftover is still there: %v", err)
	}
	if _, err := os.Stat(report); err != nil {
		t.Errorf("the last report must stay: %v", err)
	}
}

func TestNewRunDir_LeavesANeighbourAlone(t *testing.T) {
	base := t.TempDir()
	first, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	second, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	defer second.close()

	if first.path == second.path {
		t.Fatal("two rehearsals share a directory")
	}
	if _, err := os.Stat(first.path); err != nil {
		t.Errorf("the neighbour's directory is gone: %v", err)
	}
}
