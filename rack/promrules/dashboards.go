package promrules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// dashboard is one of Grafana's (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/),
// with the keys that those of the tree have. Grafana says nothing about a key that it does not know.
type dashboard struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Editable      bool     `json:"editable"`
	Timezone      string   `json:"timezone"`
	Refresh       string   `json:"refresh"`
	Time          struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"time"`
	Links []struct {
		Type        string   `json:"type"`
		Title       string   `json:"title"`
		URL         string   `json:"url"`
		Tags        []string `json:"tags"`
		AsDropdown  bool     `json:"asDropdown"`
		KeepTime    bool     `json:"keepTime"`
		Icon        string   `json:"icon"`
		TargetBlank bool     `json:"targetBlank"`
	} `json:"links"`
	Panels []panel `json:"panels"`
}

// panel is one picture of a dashboard, and what it asks for.
type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		X int `json:"x"`
		Y int `json:"y"`
		W int `json:"w"`
		H int `json:"h"`
	} `json:"gridPos"`
	Datasource struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	} `json:"datasource"`
	Targets     []query `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit       string            `json:"unit"`
			Decimals   int               `json:"decimals"`
			Min        *float64          `json:"min"`
			Max        *float64          `json:"max"`
			NoValue    string            `json:"noValue"`
			Color      map[string]string `json:"color"`
			Mappings   []mapping         `json:"mappings"`
			Thresholds struct {
				Mode  string `json:"mode"`
				Steps []step `json:"steps"`
			} `json:"thresholds"`
		} `json:"defaults"`
		Overrides []struct{} `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		CellHeight    string            `json:"cellHeight"`
		ColorMode     string            `json:"colorMode"`
		DisplayMode   string            `json:"displayMode"`
		GraphMode     string            `json:"graphMode"`
		MergeValues   bool              `json:"mergeValues"`
		Orientation   string            `json:"orientation"`
		RowHeight     float64           `json:"rowHeight"`
		ShowValue     string            `json:"showValue"`
		TextMode      string            `json:"textMode"`
		ValueMode     string            `json:"valueMode"`
		Tooltip       map[string]string `json:"tooltip"`
		ReduceOptions struct {
			Calcs []string `json:"calcs"`
		} `json:"reduceOptions"`
		Legend struct {
			DisplayMode string `json:"displayMode"`
			Placement   string `json:"placement"`
			ShowLegend  bool   `json:"showLegend"`
		} `json:"legend"`
	} `json:"options"`
	Transformations []struct {
		ID      string `json:"id"`
		Options struct {
			ExcludeByName map[string]bool   `json:"excludeByName"`
			IndexByName   map[string]int    `json:"indexByName"`
			RenameByName  map[string]string `json:"renameByName"`
		} `json:"options"`
	} `json:"transformations"`
}

// query is a question to Prometheus.
type query struct {
	RefID        string `json:"refId"`
	Expr         string `json:"expr"`
	Instant      bool   `json:"instant"`
	Range        bool   `json:"range"`
	Format       string `json:"format"`
	LegendFormat string `json:"legendFormat"`
}

// step is the colour from a value on. The first has no value: it is for everything below the others, and for no value.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// mapping gives values words.
type mapping struct {
	Type    string                       `json:"type"`
	Options map[string]map[string]string `json:"options"`
}

const (
	// datasourceUID is what the chart calls its Prometheus in Grafana.
	datasourceUID = "prometheus"
	// homeTag is borne by the parts of "Is my home well?", which link to each other by it.
	homeTag = "home"
	// columns is how wide Grafana's grid is.
	columns = 24
	// tile is the kind of panel that is one number and its colour.
	tile = "stat"
	well = "green"
)

// kinds are the kinds of panels that Grafana has by itself, as far as ours are of them.
var kinds = []string{tile, "bargauge", "state-timeline", "table", "timeseries"}

// readDashboards reads those of the tree, by their path there.
func readDashboards(tree fs.FS) (map[string]*dashboard, error) {
	all := map[string]*dashboard{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		all[name] = &dashboard{}
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(all[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return all, err
}

// check says what is wrong with a dashboard by itself.
func (d *dashboard) check(metrics map[string]series) error {
	var errs []error
	report := func(format string, values ...any) { errs = append(errs, fmt.Errorf(format, values...)) }
	if d.UID == "" || d.Title == "" || d.Description == "" || len(d.Panels) == 0 {
		report("uid, title, description or panels are missing")
	}
	if !slices.Contains(d.Tags, homeTag) {
		report("the tag %s is missing, by which the parts are linked", homeTag)
	}
	ids, titles := map[int]bool{}, map[string]bool{}
	for i, p := range d.Panels {
		if ids[p.ID] || titles[p.Title] {
			report("%s: another panel has its id or title", p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		for _, other := range d.Panels[:i] {
			a, b := p.GridPos, other.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				report("%s: it lies on %s", p.Title, other.Title)
			}
		}
		if err := p.check(metrics); err != nil {
			report("%s: %w", p.Title, err)
		}
	}
	return errors.Join(errs...)
}

func (p *panel) check(metrics map[string]series) error {
	var errs []error
	report := func(format string, values ...any) { errs = append(errs, fmt.Errorf(format, values...)) }
	if !slices.Contains(kinds, p.Type) {
		report("its kind is %q; take one of %v", p.Type, kinds)
	}
	if p.Description == "" || p.FieldConfig.Defaults.NoValue == "" {
		report("what it shows, or what it says without data, is missing")
	}
	if p.Datasource.UID != datasourceUID || p.Datasource.Type != "prometheus" {
		report("it asks %q; the chart's Prometheus is %s", p.Datasource.UID, datasourceUID)
	}
	if g := p.GridPos; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
		report("it lies beyond the %d columns", columns)
	}
	steps := p.FieldConfig.Defaults.Thresholds.Steps
	for i, s := range steps {
		if (s.Value == nil) != (i == 0) || i > 1 && *s.Value <= *steps[i-1].Value {
			report("the first threshold has a value, another one none, or they do not rise")
		}
	}
	if p.Type == tile && (len(steps) < 2 || steps[0].Color == well || len(p.Targets) != 1) {
		report("without data it would be well, or it asks more than one question: the first threshold of a tile is for no data")
	}
	for _, m := range p.FieldConfig.Defaults.Mappings {
		for value, of := range m.Options {
			if m.Type != "value" || of["text"] == "" || len(of) != 1 {
				report("the mapping of %s is more than a text; thresholds alone give colours", value)
			}
		}
	}
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if q.RefID == "" || refs[q.RefID] || q.Instant == q.Range {
			report("refId is missing or twice, or the query is not either instant or range")
		}
		refs[q.RefID] = true
		if err := q.check(p, metrics); err != nil {
			report("%w", err)
		}
	}
	if len(refs) == 0 {
		report("it asks for nothing")
	}
	return errors.Join(errs...)
}

// check says what a query names that nobody exposes, and which labels the panel wants to show that its answer has not.
func (q *query) check(p *panel, metrics map[string]series) error {
	known, err := checkExpr(q.Expr, metrics)
	if err != nil {
		return err
	}
	var errs []error
	for _, label := range named(q.Expr) {
		if !slices.Contains(known, label) {
			errs = append(errs, fmt.Errorf("%s: the metrics have no label %s; they have %v", q.Expr, label, known))
		}
	}
	answer := grouping(q.Expr, known)
	for _, match := range legendLabel.FindAllStringSubmatch(q.LegendFormat, -1) {
		if !slices.Contains(answer, match[1]) {
			errs = append(errs, fmt.Errorf("%s: the legend names label %s, and the answer has %v", q.Expr, match[1], answer))
		}
	}
	for _, t := range p.Transformations {
		if t.ID != "organize" {
			errs = append(errs, fmt.Errorf("its transformation is %q; take organize", t.ID))
		}
		for label := range t.Options.IndexByName {
			if !slices.Contains(answer, label) {
				errs = append(errs, fmt.Errorf("%s: a column is label %s, and the answer has %v", q.Expr, label, answer))
			}
		}
		for label := range t.Options.RenameByName {
			if _, ok := t.Options.IndexByName[label]; !ok && label != "Value" {
				errs = append(errs, fmt.Errorf("%s: column %s has a name and no place", q.Expr, label))
			}
		}
	}
	return errors.Join(errs...)
}

// grouping are the labels that an expression's first aggregation leaves; without one, those of its metrics. What only
// chooses among series, as topk does, leaves all.
func grouping(expr string, all []string) []string {
	parsed, err := promql.ParseExpr(expr)
	if err != nil {
		return nil
	}
	labels, found := all, false
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		a, ok := node.(*parser.AggregateExpr)
		if ok && !found && a.Op != parser.TOPK && a.Op != parser.BOTTOMK {
			labels, found = a.Grouping, true
		}
		return nil
	})
	return labels
}

// named are the labels that an expression groups or joins by.
func named(expr string) []string {
	parsed, err := promql.ParseExpr(expr)
	if err != nil {
		return nil
	}
	var all []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			all = append(all, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				all = append(append(all, n.VectorMatching.MatchingLabels...), n.VectorMatching.Include...)
			}
		}
		return nil
	})
	return all
}

// colour is what a tile is of with a value, or without one.
func (p *panel) colour(value *float64) string {
	colour := ""
	for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
		if s.Value == nil || value != nil && *value >= *s.Value {
			colour = s.Color
		}
	}
	return colour
}

// tiles are the panels that are one number and its colour.
func (d *dashboard) tiles() []*panel {
	var all []*panel
	for i := range d.Panels {
		if d.Panels[i].Type == tile {
			all = append(all, &d.Panels[i])
		}
	}
	return all
}

// tile is the one with a title, or nil.
func (d *dashboard) tile(title string) *panel {
	for _, p := range d.tiles() {
		if p.Title == title {
			return p
		}
	}
	return nil
}

func readYAML(tree fs.FS, name string, into any) error {
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// listedBy says whether the kustomization.yaml beside a dashboard makes a ConfigMap of it that Grafana's sidecar finds.
func listedBy(tree fs.FS, file, label, value string) error {
	var beside struct {
		ConfigMapGenerator []struct {
			Files   []string `yaml:"files"`
			Options struct {
				Labels map[string]string `yaml:"labels"`
			} `yaml:"options"`
		} `yaml:"configMapGenerator"`
	}
	name := path.Join(path.Dir(file), "kustomization.yaml")
	if err := readYAML(tree, name, &beside); err != nil {
		return err
	}
	for _, g := range beside.ConfigMapGenerator {
		if slices.Contains(g.Files, path.Base(file)) && g.Options.Labels[label] == value {
			return nil
		}
	}
	return fmt.Errorf("%s: no configMapGenerator of %s has it with the label %s: %q, by which Grafana finds it",
		file, name, label, value)
}
