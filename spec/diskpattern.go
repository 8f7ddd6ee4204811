package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// DiskPattern chooses disks by the links that udev makes for them: "*" stands for any characters but "/" and "-". A dash
// is written out, because "-part1" at the end makes a partition's link of a disk's.
type DiskPattern string

var diskPatternForm = regexp.MustCompile(diskPatternGrammar)

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *DiskPattern) UnmarshalText(text []byte) error {
	if !diskPatternForm.Match(text) {
		return fmt.Errorf("%q is not a link below /dev/disk/by-id or by-path with * in it, such as /dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_*", text)
	}
	*p = DiskPattern(text)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (p DiskPattern) MarshalText() ([]byte, error) { return []byte(p), nil }

// LinkPattern is the regular expression for the links that match; it has no anchors.
func (p DiskPattern) LinkPattern() string {
	return strings.ReplaceAll(regexp.QuoteMeta(string(p)), `\*`, "[^/-]*")
}

// Matches reports whether a link of a disk matches.
func (p DiskPattern) Matches(link string) bool {
	matched, err := regexp.MatchString("^"+p.LinkPattern()+"$", link)
	return err == nil && matched
}

// With is a link that matches, with the same text in the place of each "*".
func (p DiskPattern) With(text string) string { return strings.ReplaceAll(string(p), "*", text) }
