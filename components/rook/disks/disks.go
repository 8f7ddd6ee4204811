// Package disks translates how a stack names a disk into how Rook finds it: by the
// links that udev makes for it.
package disks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Filter is the regular expression that matches exactly these disks of a node,
// for devicePathFilter. It is an error when a disk is described by what no link
// tells. The errors begin with "[0]", the disk's place among the selectors.
func Filter(selectors []spec.DiskSelector) (string, error) {
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
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if len(patterns) == 1 {
		return "^" + patterns[0] + "$", nil
	}
	return "^(" + strings.Join(patterns, "|") + ")$", nil
}
