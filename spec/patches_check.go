package spec

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/home-ops/home-ops/spec/internal/talospatch"
)

// patchKeys are the top-level keys of Talos's main document.
var patchKeys = []string{"machine", "cluster", "version", "debug", "persist"}

// patches reads raw patches as Talos does, and judges what they say together with the fields.
func (c *checker) patches() {
	for node := range c.s.Nodes {
		n, at := &c.s.Nodes[node], nodePath(node)
		links := c.nodeLinks(at, n)
		for i, tree := range n.Patches {
			told := len(c.problems)
			p := &patch{c: c, node: node, n: n, at: at, tree: tree, root: part{at.Child("patches").Index(i), tree}}
			switch {
			case len(tree) == 0:
				c.errorf(p.root.path, "is empty")
			case ownedKinds[p.kind()] != "" && p.root.get("apiVersion").exists():
				c.errorf(p.root.path, "is set from %s; change it there", ownedKinds[p.kind()])
			case !p.readable():
			case p.kind() != "":
				p.document()
			default:
				p.owned()
				p.maps()
				p.features()
				p.files()
				p.mounts()
				p.environment()
				p.disks()
				p.links(links)
			}
			if len(c.problems) == told {
				p.validate()
			}
		}
		c.filesOnce(at, n)
	}
}

// patch is one raw patch of one node.
type patch struct {
	c    *checker
	node int
	n    *Node
	at   *field.Path
	tree map[string]any
	root part
}

// kind is the kind of a document of its own, or "" for a part of the main one.
func (p *patch) kind() string { return p.root.get("kind").text() }

// readable reports whether Talos takes the patch, and tells what it would say if not.
func (p *patch) readable() bool {
	if (p.kind() != "") != p.root.get("apiVersion").exists() {
		p.c.errorf(p.root.path, "a document of its own has both apiVersion and kind")
		return false
	}
	if p.kind() == "" {
		good := true
		for _, key := range slices.Sorted(maps.Keys(p.tree)) {
			if !slices.Contains(patchKeys, key) {
				near := nearest(key, patchKeys)
				if near == "" {
					near = "machine"
				}
				p.c.errorf(entry(p.root.path, key), "unknown key %q; did you mean %q?", key, near)
				good = false
			}
		}
		if !good {
			return false
		}
	}
	err := p.c.readPatch(p.tree)
	if err == nil {
		return true
	}
	at := p.root.path
	var unknown *talospatch.UnknownKeyError
	if errors.As(err, &unknown) {
		for _, step := range unknown.Path {
			if index, ok := strings.CutPrefix(step, "["); ok {
				at = at.Key(strings.TrimSuffix(index, "]"))
			} else {
				at = entry(at, step)
			}
		}
		p.c.errorf(at, "is no key of Talos's: it refuses the whole configuration")
		return false
	}
	p.c.errorf(at, "Talos does not take it: %s", err)
	return false
}

// validate asks Talos's own validation, for what no rule has told already.
func (p *patch) validate() {
	if err := p.c.judgePatch(p.tree, "valid ", talospatch.Validate); err != nil {
		p.c.errorf(p.root.path, "Talos refuses it: %s", err)
	}
}

// readPatch asks Talos once about patches that many nodes have.
func (c *checker) readPatch(tree map[string]any) error {
	return c.judgePatch(tree, "read ", talospatch.Check)
}

func (c *checker) judgePatch(tree map[string]any, question string, ask func(map[string]any) error) error {
	raw, err := yaml.Marshal(tree)
	if err != nil {
		return err
	}
	key := question + string(raw)
	if known, ok := c.patchesRead[key]; ok {
		return known
	}
	err = ask(tree)
	c.patchesRead[key] = err
	return err
}
