package kube_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// memory is what each program of the cluster holds in megabytes: its proportional share, and what of that is its own.
func memory() string {
	share, own, count := map[string]int{}, map[string]int{}, map[string]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	for _, file := range files {
		args, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		parts := strings.Split(string(args), "\x00")
		if len(parts) < 2 || !strings.HasSuffix(parts[0], "rack-kube") {
			continue
		}
		content, _ := os.ReadFile(file)
		count[parts[1]]++
		for line := range strings.Lines(string(content)) {
			var kilobytes int
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kilobytes); n == 1 {
				share[parts[1]] += kilobytes / 1024
			}
			if n, _ := fmt.Sscanf(line, "Pss_Anon: %d kB", &kilobytes); n == 1 {
				own[parts[1]] += kilobytes / 1024
			}
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(share)) {
		out = append(out, fmt.Sprintf("%d %s %d (%d)", count[name], name, share[name], own[name]))
	}
	return strings.Join(out, ", ")
}
