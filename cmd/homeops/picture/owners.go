package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// titles are the components' names in Pulumi, and what of each lies outside of the cluster.
func titles(stack *spec.Stack) map[string][2]string {
	outside := func(has bool, words string) string {
		if !has {
			return ""
		}
		return words
	}
	return map[string][2]string{
		componentCilium:      {"CiliumNetworking", ""},
		componentRook:        {"RookCephStorage", ""},
		componentEdge:        {"EdgeAccess", outside(stack.Edge.Cloudflare != nil, "At Cloudflare: the tunnel, its record, the zone's settings.")},
		componentSecretStore: {"SecretStore", ""},
		componentFlux:        {"FluxBootstrap", outside(stack.Flux.GitHub != nil, "At GitHub: deploy key, webhook, rules of the branch.")},
	}
}

// drawOwners is who owns what, from the machines upwards, in the order in which it comes to be.
func drawOwners(stack *spec.Stack, parts plan.Parts, tree *gitops.Cluster) (*canvas, error) {
	byPulumi, err := stations(parts)
	if err != nil {
		return nil, err
	}
	byFlux, err := kustomizations(tree)
	if err != nil {
		return nil, err
	}
	c := newCanvas("Who owns what in "+stack.Name,
		"From top to bottom in the order of a first pulumi up. Each thing has one owner for ever; what stands beside one number comes at the same time.")
	line := &rail{c: c, next: 1}

	line.owner("talos", "Talos runs on each machine")
	line.stop("talos", "TalosCluster", []string{
		fmt.Sprintf("Pulumi hands %s their configuration, and rolls them one at a time when it changes.", plural(len(stack.Nodes), "machine")),
		"Talos's own: kernel, kubelet, etcd, the Kubernetes API and its controllers.",
	})
	line.owner("pulumi", "Pulumi: what everything else stands on")
	names := titles(stack)
	for _, wave := range byPulumi {
		for i, s := range wave {
			says := []string{says(s)}
			if outside := names[s.component][1]; outside != "" {
				says = append(says, outside)
			}
			if len(s.after) > 0 {
				var after []string
				for _, other := range s.after {
					after = append(after, cmp.Or(names[other][0], other))
				}
				says = append(says, "Waits for "+strings.Join(after, ", ")+".")
			}
			line.beside(i > 0, "pulumi", cmp.Or(names[s.component][0], s.component), says)
		}
	}
	line.owner("flux", "Flux: everything under kubernetes/")
	for _, wave := range byFlux {
		line.wave(wave)
	}
	return c, nil
}

// says is what a component puts into the cluster.
func says(s station) string {
	words := plural(s.objects, "object")
	if len(s.releases) > 0 {
		words += " and the charts " + strings.Join(s.releases, ", ")
		if len(s.releases) == 1 {
			words = strings.Replace(words, "charts", "chart", 1)
		}
	}
	return words + "."
}

// rail is the line from top to bottom, with a number for each stop.
type rail struct {
	c    *canvas
	next int
	// from is where the line's last piece ended.
	from float64
}

// The rail's column, and where its stops stand.
const (
	railAt  = margin + 11
	stopsAt = margin + 34.0
)

// owner begins the stops of one owner.
func (r *rail) owner(mark, words string) {
	r.c.y += 10
	r.c.rect(box{stopsAt, r.c.y, 10, 14}, 3, mark, "")
	r.c.text(stopsAt+16, r.c.y+12, "head", words)
	r.c.y += 24
}

// stop is one stop of its own.
func (r *rail) stop(mark, title string, says []string) { r.beside(false, mark, title, says) }

// beside is a stop, or a second one at the same number.
func (r *rail) beside(same bool, mark, title string, says []string) {
	top := r.c.y
	w := width - margin - stopsAt
	draft := &canvas{y: top + 8, used: r.c.used}
	draft.text(stopsAt+16, draft.y+13, "head", title)
	draft.y += 20
	for _, words := range says {
		draft.paragraph(stopsAt+16, w-28, "dim", words)
	}
	h := draft.y + 8 - top
	r.number(same, top+h/2, mark)
	r.c.rect(box{stopsAt, top, w, h}, 6, "panel", title)
	r.c.rect(box{stopsAt, top, 5, h}, 2, mark, "")
	r.c.body.Write(draft.body.Bytes())
	r.c.y = top + h + 8
}

// number draws the stop's number on the rail.
func (r *rail) number(same bool, y float64, mark string) {
	if same {
		r.c.path("wire", fmt.Sprintf("M%s %sH%s", number(railAt), number(y), number(stopsAt)))
		return
	}
	if r.from > 0 {
		r.c.path("wire", fmt.Sprintf("M%s %sV%s", number(railAt), number(r.from), number(y-11)))
	}
	r.c.rect(box{railAt - 11, y - 11, 22, 22}, 11, "ring on-"+mark, "")
	r.c.text(railAt, y+4, "middle", fmt.Sprint(r.next))
	r.next++
	r.from = y + 11
}

// wave draws Kustomizations that begin at the same time: those that wait for nothing as one list, the others with what they wait for.
func (r *rail) wave(wave []*gitops.Kustomization) {
	var alone, waiting []string
	for _, k := range wave {
		var after []string
		for _, d := range k.Dependencies() {
			after = append(after, d[strings.IndexByte(d, '/')+1:])
		}
		slices.Sort(after)
		if len(after) == 0 {
			alone = append(alone, k.Name)
		} else {
			waiting = append(waiting, k.Name+" after "+strings.Join(after, ", "))
		}
	}
	title := plural(len(wave), "Kustomization")
	says := waiting
	if len(alone) > 0 {
		says = append([]string{strings.Join(alone, " · ")}, waiting...)
	}
	r.stop("flux", title, says)
}
