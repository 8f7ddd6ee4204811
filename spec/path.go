package spec

import (
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// nodePath leads to a node by its place in the stack.
func nodePath(i int) *field.Path { return field.NewPath("nodes").Index(i) }

// entry leads to an entry of a map: labels.rack, or labels["a.b/c"] where the key is no plain word. [field.Path.Key]
// alone would leave the quotes out, and the key's own dots and slashes would read as steps of the path.
func entry(path *field.Path, key string) *field.Path {
	if plainKey(key) {
		return path.Child(key)
	}
	return path.Key(strconv.Quote(key))
}

func plainKey(key string) bool {
	for _, r := range key {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return key != ""
}

// textOf is a path as people read and write it. The top of the stack file has no path, and its text is empty.
func textOf(path *field.Path) string {
	if path == nil {
		return ""
	}
	return path.String()
}
