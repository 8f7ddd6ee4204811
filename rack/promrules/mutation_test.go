package promrules

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// mutant is a rule with one mistake.
type mutant struct {
	name string
	rule rulefmt.Rule
}

// mutants are the mistakes that a person makes: a threshold a quarter too high or too low, a comparison the wrong way
// round, half or twice the time.
func mutants(t *testing.T, rule rulefmt.Rule) []mutant {
	t.Helper()
	var all []mutant
	for _, expr := range exprMutants(t, rule.Expr) {
		changed := rule
		changed.Expr = expr
		all = append(all, mutant{name: expr, rule: changed})
	}
	if rule.For > 0 {
		for name, by := range map[string]float64{"half the time": 0.5, "twice the time": 2} {
			changed := rule
			changed.For = model.Duration(float64(rule.For) * by)
			all = append(all, mutant{name: name, rule: changed})
		}
	}
	return all
}

// exprMutants are an expression with one of its comparisons turned round, or one of its thresholds shifted.
func exprMutants(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	mutate := func(change func(of []*parser.BinaryExpr)) {
		expr, err := promql.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		change(comparisons(expr))
		all = append(all, expr.String())
	}
	expr, err := promql.ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range comparisons(expr) {
		mutate(func(of []*parser.BinaryExpr) { of[i].Op = opposite[c.Op] })
		if c.RHS.Type() != parser.ValueTypeScalar {
			continue
		}
		for _, shift := range shifts(c) {
			mutate(func(of []*parser.BinaryExpr) {
				of[i].RHS = &parser.ParenExpr{Expr: &parser.BinaryExpr{Op: shift.op, LHS: &parser.ParenExpr{Expr: of[i].RHS}, RHS: shift.by}}
			})
		}
	}
	return all
}

var opposite = map[parser.ItemType]parser.ItemType{
	parser.LSS: parser.GTE, parser.GTE: parser.LSS, parser.GTR: parser.LTE, parser.LTE: parser.GTR,
	parser.EQLC: parser.NEQ, parser.NEQ: parser.EQLC,
}

type shift struct {
	op parser.ItemType
	by *parser.NumberLiteral
}

// shifts are those of a threshold: of a state, which is a number, to the next one. A sign has none.
func shifts(c *parser.BinaryExpr) []shift {
	switch {
	case c.Op == parser.EQLC || c.Op == parser.NEQ:
		return []shift{{parser.ADD, &parser.NumberLiteral{Val: 1}}}
	case c.RHS.String() == "0":
		return nil
	}
	return []shift{{parser.MUL, &parser.NumberLiteral{Val: 1.25}}, {parser.MUL, &parser.NumberLiteral{Val: 0.75}}}
}

// comparisons are those of an expression, in a fixed order.
func comparisons(expr parser.Expr) []*parser.BinaryExpr {
	var all []*parser.BinaryExpr
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if b, ok := node.(*parser.BinaryExpr); ok && opposite[b.Op] != 0 {
			all = append(all, b)
		}
		return nil
	})
	return all
}

func TestAlerts_AMistakeInAnyOfThemTurnsItsTestRed(t *testing.T) {
	all, suites := tree(t)
	for _, s := range suites {
		for _, file := range s.RuleFiles {
			for g := range all[file].Groups {
				for i, rule := range all[file].Groups[g].Rules {
					for _, m := range mutants(t, rule) {
						t.Run(rule.Alert+"/"+m.name, func(t *testing.T) {
							t.Parallel()
							if err := s.run(t.Context(), replaced(all, file, g, i, m.rule)); err == nil {
								t.Error("the tests of the rule are still green")
							}
						})
					}
				}
			}
		}
	}
}

// replaced is the rules with another one in the place of one.
func replaced(all rules, file string, group, i int, rule rulefmt.Rule) rules {
	groups := &rulefmt.RuleGroups{Groups: slices.Clone(all[file].Groups)}
	groups.Groups[group].Rules = slices.Clone(groups.Groups[group].Rules)
	groups.Groups[group].Rules[i] = rule
	return rules{file: groups}
}

func TestCheckNames_RefusesWhatNobodyExposes(t *testing.T) {
	metrics := map[string]series{"up": {labels: []string{"instance", "job"}}}
	for expr, want := range map[string]string{
		`upp == 0`:          "Down: no recorded program exposes upp; is it right? then record it in rack/promrules/metrics",
		`up{jbo="a"} == 0`:  "Down: up has no label jbo; it has [instance job]",
		`{__name__=~"u.*"}`: `Down: no recorded program exposes {__name__=~"u.*"}; is it right? then record it in rack/promrules/metrics`,
	} {
		if err := checkNames(&rulefmt.Rule{Alert: "Down", Expr: expr}, metrics); fmt.Sprint(err) != want {
			t.Errorf("%s:\ngot  %v\nwant %s", expr, err, want)
		}
	}
	rule := rulefmt.Rule{Alert: "Down", Expr: "up == 0", Annotations: map[string]string{"summary": "{{ $labels.node }} is down."}}
	const want = "Down: annotation summary names label node, and the metrics have [instance job]"
	if err := checkNames(&rule, metrics); fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
