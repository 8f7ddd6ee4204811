package picture

import (
	"fmt"
	"math/big"
	"net/netip"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// A page is drawn as rows of cells, with the last number of the row's first address before it.
const (
	cellsPerRow = 32
	rowLabel    = 34.0
	cell        = (inner - rowLabel) / cellsPerRow
)

// drawAddresses is the address plan.
func drawAddresses(stack *spec.Stack) *canvas {
	networks := addressPlan(stack)
	c := newCanvas("Addresses of "+stack.Name, fmt.Sprintf(
		"%s to scale: the bar is a whole network, the squares below it are 256 addresses each, left to right. What has no colour is free.",
		plural(len(networks)+len(stack.Network.PodCIDRs)+len(stack.Network.ServiceCIDRs), "network")))
	for _, n := range networks {
		c.network(n)
	}
	c.section("Inside the cluster, on no wire")
	nodes := len(stack.Nodes)
	for _, p := range stack.Network.PodCIDRs {
		bits := stack.Network.NodeCIDRMaskSize4
		if p.Addr().Is6() {
			bits = stack.Network.NodeCIDRMaskSize6
		}
		room := new(big.Int).Lsh(big.NewInt(1), uint(max(bits-p.Bits(), 0)))
		c.inside("pod", p, share(nodes, room),
			fmt.Sprintf("pods: each node takes a /%d; %d of %s are taken", bits, nodes, count(room)))
	}
	for _, p := range stack.Network.ServiceCIDRs {
		c.inside("service", p, 0, "services: "+count(size(spec.RangeOf(p)))+" addresses, given out by Kubernetes")
	}
	return c
}

// share is a part of a whole.
func share(part int, whole *big.Int) float64 {
	f, _ := new(big.Float).Quo(big.NewFloat(float64(part)), new(big.Float).SetInt(whole)).Float64()
	return min(f, 1)
}

// network draws one network: its bar, its pages, and who has what.
func (c *canvas) network(n network) {
	c.section(n.prefix.String() + "  " + n.name)
	c.paragraph(margin, inner, "dim", n.shares())
	c.y += 6
	pages := n.pages()
	if n.prefix.Bits() < n.prefix.Addr().BitLen()-8 {
		c.bar(n, pages)
	}
	named := map[string]bool{}
	for _, p := range pages {
		c.page(n, p)
		var list []entry
		for _, cl := range n.claims {
			if p.Overlaps(around(cl.block)) && p.Contains(cl.block.First) && p.Contains(cl.block.Last) {
				list = append(list, entry{cl.mark, short(p, cl.block), cl.what})
				named[cl.block.String()+cl.what] = true
			}
		}
		c.entries(list)
		c.y += 6
	}
	var wide []entry
	for _, cl := range n.claims {
		if !named[cl.block.String()+cl.what] {
			wide = append(wide, entry{cl.mark, cl.block.String(), cl.what})
		}
	}
	if len(wide) > 0 {
		c.entries(wide)
	}
}

// bar draws a network to scale. What is thinner than two units is drawn that thick: it would not be seen.
func (c *canvas) bar(n network, pages []page) {
	whole := spec.RangeOf(n.prefix)
	at := func(a netip.Addr) float64 {
		f, _ := new(big.Rat).SetFrac(offset(whole.First, a), size(whole)).Float64()
		return margin + f*inner
	}
	c.rect(box{margin, c.y, inner, 18}, 3, "edge", "")
	for _, cl := range n.claims {
		from, to := at(cl.block.First), at(cl.block.Last)
		if to-from < 2 && len(pages) > 0 && cl.single() {
			continue // the page's own mark stands for it
		}
		c.rect(box{from, c.y, min(max(to-from, 2), margin+inner-from), 18}, 0, cl.mark, cl.what+" "+cl.block.String())
	}
	for _, p := range pages {
		x := min(at(p.Addr()), margin+inner-2)
		c.rect(box{x, c.y - 3, 2, 24}, 0, "tip", p.String()+" is below")
	}
	c.y += 18 + 10
}

// page draws 256 addresses.
func (c *canvas) page(n network, p page) {
	c.text(margin, c.y+11, "mono", p.String())
	c.y += 17
	for row := range 256 / cellsPerRow {
		c.text(margin+rowLabel-6, c.y+float64(row)*cell+cell-2, "dim mono end", octet(p, row*cellsPerRow))
		c.row(n, p, row)
	}
	// One outline for all free squares: a rectangle each would be most of the file.
	c.grid(c.y, rowsOf(n))
	c.y += 256/cellsPerRow*cell + 8
}

// rowsOf is how many rows of a page the network has.
func rowsOf(n network) int {
	host := n.prefix.Addr().BitLen() - n.prefix.Bits()
	if host >= 8 {
		return 256 / cellsPerRow
	}
	return max(1, (1<<host)/cellsPerRow)
}

func (c *canvas) grid(y float64, rows int) {
	var d strings.Builder
	for row := range rows + 1 {
		fmt.Fprintf(&d, "M%s %sh%s", number(margin+rowLabel), number(y+float64(row)*cell), number(cellsPerRow*cell))
	}
	for column := range cellsPerRow + 1 {
		fmt.Fprintf(&d, "M%s %sv%s", number(margin+rowLabel+float64(column)*cell), number(y), number(float64(rows)*cell))
	}
	c.path("free", d.String())
}

// at is who has an address: the last of those that claim it, for a gateway has an address of a pool.
func (n network) at(a netip.Addr) (claim, bool) {
	found, taken := claim{}, false
	for _, cl := range n.claims {
		if cl.block.Contains(a) && (!taken || cl.single() || !found.single()) {
			found, taken = cl, true
		}
	}
	return found, taken
}

// octet is the end of a page's address: its last number, hexadecimal where the family writes it so.
func octet(p page, n int) string {
	if p.Addr().Is6() {
		return fmt.Sprintf("%02x", n)
	}
	return fmt.Sprintf(".%d", n)
}

// short is a block as the page's list names it.
func short(p page, r spec.Range) string {
	if p.Addr().Is6() {
		return r.String()
	}
	first, last := r.First.AsSlice(), r.Last.AsSlice()
	if r.First == r.Last {
		return octet(p, int(first[len(first)-1]))
	}
	return octet(p, int(first[len(first)-1])) + "–" + octet(p, int(last[len(last)-1]))
}

// inside draws a network that only the cluster knows.
func (c *canvas) inside(mark string, p netip.Prefix, taken float64, words string) {
	c.text(margin, c.y+12, "mono", p.String())
	c.y += 18
	c.rect(box{margin, c.y, inner, 12}, 3, "edge", words)
	if taken > 0 {
		c.rect(box{margin, c.y, max(2, taken*inner), 12}, 0, mark, words)
	} else {
		c.rect(box{margin, c.y, inner, 12}, 3, mark+" soft", words)
	}
	c.y += 14
	c.paragraph(margin, inner, "dim", words)
	c.y += 8
}

// plural is a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// row draws one row of a page: a square for an address that is somebody's own, and one bar for those of a block.
func (c *canvas) row(n network, p page, row int) {
	base := p.Addr().AsSlice()
	var block claim
	var from, cells int
	end := func() {
		if cells > 0 {
			c.rect(c.cells(row, from, cells), 2, block.mark+" soft", block.what+" "+block.block.String())
		}
		cells = 0
	}
	for column := range cellsPerRow {
		base[len(base)-1] = byte(row*cellsPerRow + column)
		a, _ := netip.AddrFromSlice(base)
		cl, taken := n.at(a)
		if !taken || cl.single() || cl != block {
			end()
		}
		switch {
		case !taken:
		case cl.single():
			c.rect(c.cells(row, column, 1), 2, cl.mark, cl.what+" "+a.String())
		case cells == 0:
			block, from, cells = cl, column, 1
		default:
			cells++
		}
	}
	end()
}

// cells is the place of some squares of a row, c.y being the top of the page.
func (c *canvas) cells(row, column, count int) box {
	return box{margin + rowLabel + float64(column)*cell + .75, c.y + float64(row)*cell + .75, float64(count)*cell - 1.5, cell - 1.5}
}
