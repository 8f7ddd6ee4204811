package gitops

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	// A released version: 1.2.3, v1.2.3, 1.2, 2025.9.1; no range, no word.
	release = regexp.MustCompile(`^v?\d+(\.\d+)*([-+.][0-9A-Za-z.-]+)?$`)
	digest  = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	// Files of a repository at what its branch happens to be.
	branch = regexp.MustCompile(`/(main|master|HEAD|latest)/`)
)

// CheckPins reports images, charts and downloaded files whose content may change under
// an unchanged tree.
func (c *Cluster) CheckPins() []error {
	var problems []error
	for _, o := range c.Objects {
		for _, what := range unpinned(o) {
			problems = append(problems, fmt.Errorf("%s: %s; give an exact version or a digest", o.Where(), what))
		}
	}
	return problems
}

func unpinned(o Object) []string {
	switch o.GetKind() {
	case "OCIRepository":
		return unpinnedSource(o)
	case "HelmRelease":
		return append(unpinnedChart(o), unpinnedIn("spec", o.Object["spec"])...)
	default:
		return unpinnedIn("spec", o.Object["spec"])
	}
}

func unpinnedSource(o Object) []string {
	ref := mapAt(o.Object, "spec", "ref")
	tag, _ := ref["tag"].(string)
	if _, ok := ref["digest"]; ok || release.MatchString(tag) {
		return nil
	}
	return []string{fmt.Sprintf("spec.ref %v names no one version", ref)}
}

func unpinnedChart(o Object) []string {
	chart := mapAt(o.Object, "spec", "chart", "spec")
	if chart == nil {
		return nil
	}
	if version, _ := chart["version"].(string); !release.MatchString(version) {
		return []string{fmt.Sprintf("spec.chart.spec.version %q names no one version", chart["version"])}
	}
	return nil
}

// unpinnedIn looks for images and addresses below a value, wherever they are: a chart's
// values are as good a place as a pod's container.
func unpinnedIn(path string, value any) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			text, isText := below.(string)
			switch {
			case key == "image" && isText && !pinnedImage(text):
				found = append(found, fmt.Sprintf("%s.image %q names no one version", path, text))
			case key == "url" && isText && branch.MatchString(text):
				found = append(found, fmt.Sprintf("%s.url %q follows a branch", path, text))
			default:
				found = append(found, unpinnedIn(path+"."+key, below)...)
			}
		}
	case []any:
		for i, below := range v {
			found = append(found, unpinnedIn(fmt.Sprintf("%s[%d]", path, i), below)...)
		}
	}
	return found
}

func pinnedImage(image string) bool {
	if digest.MatchString(image) {
		return true
	}
	_, tag, ok := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return ok && release.MatchString(tag)
}

// mapAt is the map below these keys, or nil.
func mapAt(in map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		in, _ = in[key].(map[string]any)
	}
	return in
}
