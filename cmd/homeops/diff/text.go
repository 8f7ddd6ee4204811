package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText writes a report for a person. Nodes with the same
// changes share one entry.
func (r Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	switch {
	case r.New:
		p.linef("%s: a new stack", r.Stack)
	case r.Gone:
		p.linef("%s: the stack is gone; its cluster is not touched before `pulumi destroy`", r.Stack)
	case r.Empty():
		p.linef("%s: no change", r.Stack)
	default:
		p.linef("%s: %s", r.Stack, r.summary())
	}
	if r.New || r.Gone {
		return p.err
	}
	if r.Contract != nil && !r.Contract.Offered {
		p.rewritten(r.Machines)
	} else {
		p.machines(r.Machines)
	}
	if r.Roll != nil {
		p.linef("  %s", r.Roll)
	}
	p.contract(r.Contract)
	for _, component := range r.Components {
		p.linef("  Pulumi, %s", component.Component)
		for _, release := range component.Releases {
			p.release(release)
		}
		p.objects("    ", component.Objects)
	}
	for _, kustomization := range r.Kustomizations {
		p.linef("  Flux, Kustomization %s", kustomization.Kustomization)
		p.objects("    ", kustomization.Objects)
	}
	for _, file := range r.Outside {
		p.linef("  %s", file.File)
		for _, line := range file.Lines {
			p.linef("    %s", line)
		}
	}
	for _, warning := range r.Warnings.New {
		p.linef("  + %s", warning)
	}
	for _, warning := range r.Warnings.Gone {
		p.linef("  - %s", warning)
	}
	for _, part := range r.Incomplete {
		p.linef("  not compared: %s", strings.ReplaceAll(part, "\n", "; "))
	}
	return p.err
}

// summary counts what changes.
func (r Report) summary() string {
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	for effect := range effects {
		n := 0
		for _, machine := range r.Machines {
			if machine.Effect == Effect(effect) {
				n++
			}
		}
		count(n, "machine "+verbs[effect][0], "machines "+verbs[effect][1])
	}
	releases, objects, warnings := 0, 0, len(r.Warnings.New)+len(r.Warnings.Gone)
	for _, component := range r.Components {
		releases, objects = releases+len(component.Releases), objects+len(component.Objects)
	}
	count(releases, "release changes", "releases change")
	count(objects, "object of Pulumi changes", "objects of Pulumi change")
	count(len(r.Kustomizations), "Kustomization changes", "Kustomizations change")
	count(len(r.Outside), "configuration outside changes", "configurations outside change")
	count(warnings, "warning comes or goes", "warnings come or go")
	count(len(r.Incomplete), "part is not compared", "parts are not compared")
	return strings.Join(parts, ", ")
}

// verbs are what machines do, by effect.
var verbs = [][2]string{
	Live:      {"changes while it runs", "change while they run"},
	Restart:   {"restarts a part of Kubernetes", "restart a part of Kubernetes"},
	Reboot:    {"reboots", "reboot"},
	Upgrade:   {"is upgraded and reboots", "are upgraded and reboot"},
	Reinstall: {"would have to be installed anew", "would have to be installed anew"},
	Anew:      {"is installed anew", "are installed anew"},
	Join:      {"joins", "join"},
	Leave:     {"leaves", "leave"},
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) linef(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) machines(all []Machine) {
	type group struct {
		nodes []string
		of    Machine
	}
	var groups []*group
	byText := map[string]*group{}
	for _, machine := range all {
		raw, err := json.Marshal(struct {
			Effect  Effect
			Changes []MachineChange
		}{machine.Effect, machine.Changes})
		if err != nil {
			p.err = err
			return
		}
		g := byText[string(raw)]
		if g == nil {
			g = &group{of: machine}
			byText[string(raw)] = g
			groups = append(groups, g)
		}
		g.nodes = append(g.nodes, machine.Node)
	}
	for _, g := range groups {
		verb := verbs[g.of.Effect][0]
		if len(g.nodes) > 1 {
			verb = verbs[g.of.Effect][1]
		}
		p.linef("  %s: %s", strings.Join(g.nodes, ", "), verb)
		for _, change := range g.of.Changes {
			where := change.Path
			if change.Document != "" {
				where = strings.TrimSuffix(change.Document+": "+change.Path, ": ")
			}
			note := ""
			if change.Effect > Live {
				note = " (" + change.Effect.String() + ")"
			}
			p.change("    ", where, change.Before, change.After, note)
		}
	}
}

func (p *printer) release(release Release) {
	p.linef("    %s release %s%s", marks[release.Action], release.Release, chartStep(release))
	for _, change := range release.Changes {
		p.change("      ", change.Path, change.Before, change.After, "")
	}
}

func chartStep(release Release) string {
	switch before, after := release.ChartBefore, release.ChartAfter; {
	case release.Action == Added:
		return ": " + after
	case release.Action == Removed || before == after:
		return ""
	default:
		return ": " + before + " -> " + after
	}
}

var marks = map[Action]string{Added: "+", Removed: "-", Changed: "~"}

func (p *printer) objects(indent string, objects []Object) {
	for _, object := range objects {
		p.linef("%s%s %s", indent, marks[object.Action], object.Object)
		for _, change := range object.Changes {
			p.change(indent+"  ", change.Path, change.Before, change.After, "")
		}
	}
}

func (p *printer) change(indent, path string, before, after any, note string) {
	switch {
	case before == nil:
		p.linef("%s+ %s: %s%s", indent, path, short(after), note)
	case after == nil:
		p.linef("%s- %s: %s%s", indent, path, short(before), note)
	default:
		p.linef("%s~ %s: %s -> %s%s", indent, path, short(before), short(after), note)
	}
}

// longest is how much of a value is shown; --json has all of it.
const longest = 160

func short(value any) string {
	if text, ok := value.(string); ok && !strings.ContainsAny(text, "\n") && text != "" {
		return clip(text)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return clip(string(raw))
}

func clip(text string) string {
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	return string(slices.Concat(runes[:longest], []rune("...")))
}
