package picture

import (
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// The inside of a panel: its border, and the width of a disk's bay, of which two are side by side.
const (
	pad = 12.0
	gap = 8.0
	bay = (inner - 2*pad - gap) / 2
)

// drawMachines is the rack: each machine with its cards and disks.
func drawMachines(stack *spec.Stack) *canvas {
	c := newCanvas("Machines of "+stack.Name, fmt.Sprintf(
		"%s. Of each machine: its network cards, and its disks by use. A disk that no line names is never touched.",
		roles(stack)))
	for _, n := range stack.Nodes {
		c.machine(stack, n)
	}
	c.legend([]entry{
		{"card", "", "network card"},
		{"system", "", "disk: system"},
		{"ceph", "", "disk: Ceph"},
		{"zfs", "", "disk: ZFS"},
		{"longhorn", "", "disk: Longhorn"},
		{"volume", "", "disk: another volume"},
		{"untouched", "", "disk: untouched"},
	})
	return c
}

// machine draws a front panel: name and role, a line for each card, a bay for each disk.
func (c *canvas) machine(stack *spec.Stack, n spec.Node) {
	disks, cards := disksOf(stack, n), cardsOf(stack, n)
	// What stands on the panel is measured by drawing it, and the panel goes below it.
	draft := &canvas{y: c.y + pad, used: c.used}
	draft.text(margin+pad, draft.y+12, "head", n.Name)
	draft.text(margin+inner-pad, draft.y+12, "dim end", role(stack, n))
	draft.y += 24
	for _, k := range cards {
		draft.port(k)
	}
	draft.y += 4
	all := append(disks, disk{"untouched", "any other disk", "untouched"})
	for i := 0; i < len(all); i += 2 {
		pair := all[i:min(i+2, len(all))]
		height := 0.0
		for _, d := range pair {
			height = max(height, bayHeight(d))
		}
		for j, d := range pair {
			draft.bay(box{margin + pad + float64(j)*(bay+gap), draft.y, bay, height}, d, n.Name)
		}
		draft.y += height + gap
	}
	bottom := draft.y - gap + pad
	c.rect(box{margin, c.y, inner, bottom - c.y}, 8, "panel", n.Name+", "+role(stack, n))
	c.rect(box{margin, c.y, inner, bottom - c.y}, 8, "edge", "")
	c.body.Write(draft.body.Bytes())
	c.y = bottom + 12
}

// roles counts the machines.
func roles(stack *spec.Stack) string {
	var words []string
	if n := len(stack.ControlPlanes()); n > 0 {
		words = append(words, plural(n, "control plane"))
	}
	if n := len(stack.Workers()); n > 0 {
		words = append(words, plural(n, "worker"))
	}
	return strings.Join(words, " and ")
}

// role is what a machine is for, and how its chip is called.
func role(stack *spec.Stack, n spec.Node) string {
	words := "worker"
	if n.IsControlPlane() {
		words = "control plane"
		if stack.Schedulable(n) {
			words = "control plane and worker"
		}
	}
	return words + ", " + string(n.Arch)
}

// port draws a network card and what is on its cable.
func (c *canvas) port(k card) {
	const x = margin + pad
	c.rect(box{x, c.y, 16, 14}, 2, "card", "network card "+k.is)
	c.rect(box{x + 4, c.y + 5, 8, 6}, 1, "panel", "")
	c.text(x+24, c.y+11, "mono", k.is)
	words := strings.Join(k.says, " · ")
	room := inner - 24 - 24 - textWidth(k.is, true) - 8
	if textWidth(words, false) <= room {
		c.text(x+24+textWidth(k.is, true)+8, c.y+11, "dim", words)
		c.y += 20
	} else {
		c.y += 14
		c.paragraph(x+24, inner-48, "dim", words)
		c.y += 4
	}
	for _, l := range k.links {
		c.text(x+24, c.y+9, "dim mono", "└ "+l)
		c.y += 16
	}
}

func bayHeight(d disk) float64 {
	const w = bay
	return 14 + 16*float64(len(wrap(d.use, w-28, false))+len(wrap(d.is, w-28, true)))
}

// bay draws a disk: a band of its use's colour, the use, and how the disk is found.
func (c *canvas) bay(b box, d disk, machine string) {
	outline := "ring on-" + d.mark
	if d.mark == "untouched" {
		outline += " dash"
	}
	c.rect(b, 5, outline, machine+": "+d.use+", "+d.is)
	c.rect(box{b.x + 5, b.y + 6, 6, b.h - 12}, 3, d.mark, "")
	y := b.y + 2
	for _, line := range wrap(d.use, b.w-28, false) {
		y += 16
		c.text(b.x+18, y, "", line)
	}
	for _, line := range wrap(d.is, b.w-28, true) {
		y += 16
		c.text(b.x+18, y, "dim mono", line)
	}
}

// legend lists the marks that the picture has, of those that there are.
func (c *canvas) legend(all []entry) {
	var list []entry
	for _, e := range all {
		if c.used[e.mark] {
			list = append(list, e)
		}
	}
	c.entries(list)
}
