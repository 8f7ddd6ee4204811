package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testWriter shows a rehearsal's words in the test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		w.t.Log(strings.TrimRight(line, "\n"))
	}
	return len(p), nil
}

// processesNaming lists the command lines on this machine that name a path.
func processesNaming(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		if bytes.Contains(text, []byte(path)) {
			found = append(found, string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// safeBuffer is a buffer that may be read while it is written.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) contains(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Contains(b.text.Bytes(), []byte(text))
}

// all is what was written.
func (b *safeBuffer) all() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// linesAfter are the lines after the one that has the text.
func (b *safeBuffer) linesAfter(text string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, rest, _ := strings.Cut(b.text.String(), text)
	lines := strings.Split(rest, "\n")
	return lines[1:]
}

// waitForText returns when the text was said, or the context ended.
func waitForText(ctx context.Context, said *safeBuffer, text string) {
	for ctx.Err() == nil && !said.contains(text) {
		time.Sleep(50 * time.Millisecond)
	}
}
