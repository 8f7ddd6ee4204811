package pulumi

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// killTree ends a process and all that it started, without giving any of them a chance to say goodbye: what a power cut
// or an out-of-memory kill of the runner does. Pulumi puts its plugins in process groups of their own, so the group
// alone would leave them at work.
func killTree(pid int) error {
	var errs []error
	for _, member := range familyOf(pid) {
		if err := syscall.Kill(member, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// familyOf is a process and all that it started.
func familyOf(pid int) []int {
	family := []int{pid}
	parents := parents()
	for i := 0; i < len(family); i++ {
		for child, parent := range parents {
			if parent == family[i] {
				family = append(family, child)
			}
		}
	}
	return family
}

// parents maps each process that can be seen to its parent.
func parents() map[int]int {
	all := map[int]int{}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return all
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid ...; the name may hold anything, so count from its last parenthesis.
		at := bytes.LastIndexByte(text, ')')
		fields := bytes.Fields(text[at+1:])
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if at < 0 || err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(string(fields[1])); err == nil {
			all[child] = parent
		}
	}
	return all
}
