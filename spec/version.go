package spec

import (
	"cmp"
	"strconv"
)

// Version is a release number as its project writes it: "v1.34.1" or "1.18.2".
type Version string

// semver is a version taken apart.
type semver struct {
	major, minor, patch int
	hasPatch            bool
	pre                 string
}

func (v Version) parse() (semver, bool) {
	m := versionForm.FindStringSubmatch(string(v))
	if m == nil {
		return semver{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	patch, _ := strconv.Atoi(m[3])
	return semver{major: major, minor: minor, patch: patch, hasPatch: m[3] != "", pre: m[4]}, true
}

// Minor is the "v1.34" form of the version, or "" when it is not one.
func (v Version) Minor() string {
	s, ok := v.parse()
	if !ok {
		return ""
	}
	return "v" + strconv.Itoa(s.major) + "." + strconv.Itoa(s.minor)
}

// Bare is the version without a leading "v", as charts want it.
func (v Version) Bare() string {
	if len(v) > 0 && v[0] == 'v' {
		return string(v[1:])
	}
	return string(v)
}

// Reaches reports whether the version is of the minor release of another or of a later one. What is no version reaches
// none.
func (v Version) Reaches(o Version) bool {
	_, ok := v.parse()
	return ok && v.compareMinor(o) >= 0
}

// compareMinor orders by major and minor alone.
func (s semver) compareMinor(o semver) int {
	return cmp.Or(cmp.Compare(s.major, o.major), cmp.Compare(s.minor, o.minor))
}
