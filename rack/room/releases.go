package room

import (
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Release is a program, and the version of it, with its leading v.
type Release struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// Releases are those of one program that a rehearsal needs, at least one.
type Releases []Release

// Of is the release that runs where a version is wanted: see [Nearest].
func (all Releases) Of(version string) Release {
	return Nearest(all, version, func(r Release) string { return r.Version })
}

// Nearest is the release of the version's minor, or else the one that is the fewest minors away; of two that are as far,
// the older.
func Nearest[T any](all []T, version string, versionOf func(T) string) T {
	best, distance := all[0], -1
	for _, release := range all {
		d := minorOf(versionOf(release)) - minorOf(version)
		d = max(d, -d)
		if distance < 0 || d < distance || d == distance && semver.Compare(versionOf(release), versionOf(best)) < 0 {
			best, distance = release, d
		}
	}
	return best
}

// minorOf is the 36 of v1.36.4. No program has a second major release in use, and versions of a stack were validated.
func minorOf(version string) int {
	_, minor, _ := strings.Cut(semver.MajorMinor(version), ".")
	number, _ := strconv.Atoi(minor)
	return number
}
