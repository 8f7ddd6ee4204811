package diff

import (
	"path"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/render"
)

// outside compares the texts for routers and Cloudflare, and the addresses of what is downloaded.
func outside(before, after render.Files) []File {
	var all []File
	for _, file := range changed(before, after) {
		if path.Base(path.Dir(file)) == "frr" || path.Base(file) == "tunnel.yaml" || path.Base(file) == "downloads.yaml" {
			all = append(all, File{File: file, Lines: lines(before[file], after[file])})
		}
	}
	return all
}

// lines are the lines that go, with a minus, and those that come, with a plus, in their
// order. Configurations are too short for more.
func lines(before, after []byte) []string {
	split := func(text []byte) []string {
		return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	}
	old, now := split(before), split(after)
	// The longest common subsequence, by the lengths of those of the rests.
	length := make([][]int, len(old)+1)
	for i := range length {
		length[i] = make([]int, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			if old[i] == now[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			i, j = i+1, j+1
		case j == len(now) || i < len(old) && length[i+1][j] >= length[i][j+1]:
			out = append(out, "- "+old[i])
			i++
		default:
			out = append(out, "+ "+now[j])
			j++
		}
	}
	return out
}
