package flows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// Report is what came of asking.
type Report struct {
	// Cilium is the version of the engine, with its leading v.
	Cilium string
	// Asked is how many flows were put to the engine, and Refused how many of them it refuses.
	Asked   int
	Refused int
	// Wrong are those that it decides otherwise than wanted, each with the policies that decide.
	Wrong []Finding
	// Nowhere are leads that end nowhere, of which nothing was asked ([Cluster.Nowhere]).
	Nowhere []string
}

// Finding is a flow that is decided wrongly.
type Finding struct {
	Flow
	// Policies decide it; none where no policy chooses the end.
	Policies []string
	// At is the end whose policies decide: "source" or "target".
	At string
}

// String is the finding as a sentence.
func (f Finding) String() string {
	by := "no policy chooses it"
	if len(f.Policies) > 0 {
		by = names(f.Policies)
	}
	if f.Wanted {
		return fmt.Sprintf("%s is refused at the %s by %s; %s", f.Flow, f.At, by, f.Why)
	}
	return fmt.Sprintf("%s passes (%s); %s", f.Flow, by, f.Why)
}

// Judge puts every flow that the cluster needs, and each that it must refuse, to the engine, which is the program built
// from engine/.
func Judge(ctx context.Context, engine string, c *Cluster) (*Report, error) {
	needs := c.needs()
	if len(needs.all) == 0 {
		return nil, errors.New("flows: the cluster needs none, so something is missing")
	}
	report, err := c.ask(ctx, engine, append(needs.all, c.Unwanted(needs.all)...))
	if err != nil {
		return nil, err
	}
	report.Nowhere = slices.Sorted(slices.Values(needs.nowhere))
	return report, nil
}

func (c *Cluster) ask(ctx context.Context, engine string, flows []Flow) (*Report, error) {
	input, err := json.Marshal(c.question(flows))
	if err != nil {
		return nil, fmt.Errorf("flows: %w", err)
	}
	cmd := exec.CommandContext(ctx, engine)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &complaints
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("flows: %s: %w: %s", engine, err, strings.TrimSpace(complaints.String()))
	}
	var answers struct {
		Cilium   string    `json:"cilium"`
		Verdicts []verdict `json:"verdicts"`
	}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		return nil, fmt.Errorf("flows: the engine's answer: %w", err)
	}
	if len(answers.Verdicts) != len(flows) {
		return nil, fmt.Errorf("flows: %d answers to %d questions", len(answers.Verdicts), len(flows))
	}
	report := &Report{Cilium: answers.Cilium, Asked: len(flows)}
	for i, a := range answers.Verdicts {
		finding, passes := a.read(flows[i])
		if !passes {
			report.Refused++
		}
		if passes != flows[i].Wanted {
			report.Wrong = append(report.Wrong, finding)
		}
	}
	return report, nil
}

// verdict is the engine's, as engine/question.go has it.
type verdict struct {
	Egress  half `json:"egress"`
	Ingress half `json:"ingress"`
}

type half struct {
	Allowed  bool     `json:"allowed"`
	Policies []string `json:"policies"`
}

// read takes the halves that count, and names what decides.
func (a verdict) read(f Flow) (Finding, bool) {
	finding := Finding{Flow: f, At: "source", Policies: a.Egress.Policies}
	if f.From.policed() && !a.Egress.Allowed {
		return finding, false
	}
	if !f.SourceAsks && f.To.policed() {
		finding.At = "target"
		if !a.Ingress.Allowed {
			finding.Policies = a.Ingress.Policies
			return finding, false
		}
		finding.Policies = append(append([]string{}, a.Egress.Policies...), a.Ingress.Policies...)
	}
	return finding, true
}
