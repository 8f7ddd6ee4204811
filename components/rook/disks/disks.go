// Package disks turns the disks that a stack names into what Rook looks for: the links
// that udev makes for a disk.
package disks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Filter is the regular expression that matches exactly these disks of a node, and those
// of which a link matches, for devicePathFilter. A disk whose links do not contain what the stack says of it is an
// error. The errors begin with the disk's place among the selectors, such as "[0]".
func Filter(selectors []spec.DiskSelector, matching ...spec.DiskPattern) (string, error) {
	var patterns []string
	var errs []error
	for i, selector := range selectors {
		pattern, err := selector.LinkPattern()
		if err != nil {
			errs = append(errs, fmt.Errorf("[%d]%w", i, err))
			continue
		}
		patterns = append(patterns, pattern)
	}
	for _, pattern := range matching {
		patterns = append(patterns, pattern.LinkPattern())
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if len(patterns) == 1 {
		return "^" + patterns[0] + "$", nil
	}
	return "^(" + strings.Join(patterns, "|") + ")$", nil
}
