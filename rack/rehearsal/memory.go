package rehearsal

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// sampling is how often memory is counted: it walks through the pages of every process, and holds each up meanwhile.
const sampling = 15 * time.Second

// memory samples what all processes of the room hold. Shared pages count once, because PSS divides them.
type memory struct {
	cancel context.CancelFunc
	peak   chan int
}

func watchMemory(ctx context.Context) *memory {
	ctx, cancel := context.WithCancel(ctx)
	m := &memory{cancel: cancel, peak: make(chan int, 1)}
	go func() {
		peak := 0
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		for {
			peak = max(peak, roomMegabytes())
			select {
			case <-ctx.Done():
				m.peak <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return m
}

func (m *memory) stop() int {
	m.cancel()
	return <-m.peak
}

// roomMegabytes is 0 where /proc is not the room's own, since it would count the whole machine.
func roomMegabytes() int {
	if os.Getpid() != 1 {
		return 0
	}
	if self, err := os.Readlink("/proc/self"); err != nil || self != "1" {
		return 0
	}
	files, err := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	if err != nil {
		return 0
	}
	kilobytes := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		for line := range bytes.Lines(text) {
			if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "Pss:" {
				n, _ := strconv.Atoi(string(fields[1]))
				kilobytes += n
			}
		}
	}
	return kilobytes / 1024
}
