package rehearsal

import (
	"os"
	"path/filepath"
	"testing"
)

// The copies that each update leaves did not fit on a disk that was as small for the fiftieth as for the first.
func TestBytesIn_CountsTheWholePagesOfEveryFile(t *testing.T) {
	folder := t.TempDir()
	for name, size := range map[string]int{"state.json": 5000, "history/1.json": 4096, "history/2.json": 1, "history/none": 0} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	held, err := bytesIn(folder)
	if err != nil {
		t.Fatal(err)
	}
	// Folders are files of a file system, and cost a page at most.
	if least, most := 4*4096, 6*4096; held < least || held > most {
		t.Errorf("%d bytes, not %d to %d", held, least, most)
	}
}
