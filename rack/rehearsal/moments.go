package rehearsal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// moment is a point of a run of pulumi, as the engine tells it: the begin or the end of what it does to a kind of resource.
type moment struct {
	op   apitype.OpType
	kind string
	end  bool
}

func (m moment) String() string {
	at := "as it begins to"
	if m.end {
		at = "when it has done:"
	}
	return fmt.Sprintf("%s %s %s", at, m.op, m.kind)
}

// momentOf is the moment of an event, if it is one. What changes nothing, and components, which are nothing outside the
// state, are none.
func momentOf(e apitype.EngineEvent) (moment, bool) {
	var m apitype.StepEventMetadata
	end := false
	switch {
	case e.ResourcePreEvent != nil:
		m = e.ResourcePreEvent.Metadata
	case e.ResOutputsEvent != nil:
		m, end = e.ResOutputsEvent.Metadata, true
	default:
		return moment{}, false
	}
	still := []apitype.OpType{apitype.OpSame, apitype.OpRead, apitype.OpRefresh}
	if slices.Contains(still, m.Op) || strings.HasPrefix(m.Type, "homeops:") || m.Type == "pulumi:pulumi:Stack" {
		return moment{}, false
	}
	return moment{m.Op, m.Type, end}, true
}

// moments collects the moments of a run, each once, in the order in which they come. A preview tells what would be done and
// not that it was, so the end of each begin is added.
func moments(into *[]moment) func(apitype.EngineEvent) {
	return func(e apitype.EngineEvent) {
		m, ok := momentOf(e)
		if !ok {
			return
		}
		for _, end := range []bool{false, true} {
			m.end = end
			if !slices.Contains(*into, m) {
				*into = append(*into, m)
			}
		}
	}
}

// sampled is how many of the moments that the engine's events tell the scenario interrupted tries.
const sampled = 8

// sample is sampled of the moments, from the first to the last.
func sample(all []moment) []moment {
	if len(all) <= sampled {
		return all
	}
	var chosen []moment
	for i := range sampled {
		chosen = append(chosen, all[i*(len(all)-1)/(sampled-1)])
	}
	return chosen
}
