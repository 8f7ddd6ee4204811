package node

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/blang/semver/v4"
)

// image is what an installer image's reference says about what it installs.
type image struct {
	Ref string
	// Version is the Talos version, with its leading v.
	Version string
	// Schematic is the image factory's id; empty for an image that is not the factory's.
	Schematic string
}

// schematicID is the image factory's: a sha256 in hex (https://github.com/siderolabs/image-factory).
var schematicID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseImage reads an installer image's reference. A reference that names no version cannot be simulated: what a
// real machine would learn by pulling the image is not known here.
func parseImage(ref string) (image, error) {
	name, _, _ := strings.Cut(ref, "@")
	repository, tag, tagged := cutLast(name, ":")
	if !tagged || strings.Contains(tag, "/") {
		return image{}, fmt.Errorf("installer image %q: no tag, so no Talos version to install; write IMAGE:vX.Y.Z", ref)
	}
	if err := checkVersion(tag); err != nil {
		return image{}, fmt.Errorf("installer image %q: tag: %w", ref, err)
	}
	dir, base, ok := cutLast(repository, "/")
	if !ok {
		return image{}, fmt.Errorf("installer image %q: no registry and repository", ref)
	}
	img := image{Ref: ref, Version: tag}
	if schematicID.MatchString(base) {
		img.Schematic = base
		_, base, _ = cutLast("/"+dir, "/")
	}
	// Every installer image, of Talos's own registry or the factory's, has "installer" in its name:
	// installer, installer-secureboot, metal-installer, metal-installer-secureboot.
	if !strings.Contains(base, "installer") {
		return image{}, fmt.Errorf("installer image %q: %q is not an installer", ref, base)
	}
	return img, nil
}

func checkVersion(tag string) error {
	if !strings.HasPrefix(tag, "v") {
		return fmt.Errorf("%q is not a version: it must begin with v", tag)
	}
	if _, err := semver.Parse(tag[1:]); err != nil {
		return fmt.Errorf("%q is not a version: %w", tag, err)
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
