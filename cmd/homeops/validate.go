package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/home-ops/home-ops/spec"
)

var validateCommand = command{
	name:    "validate",
	args:    "[STACK | FILE ...]",
	summary: "Report every problem of stack files, of what they share, and of the Flux tree beside them",
	run:     validate,
}

// validate checks the named stacks, or all of the project. A stack of the project is also compared with the
// project's other stacks; a file elsewhere is judged alone.
func validate(ctx context.Context, c call) error {
	fs := newFlags("validate")
	asJSON := fs.Bool("json", false, "print one JSON object instead of a line for each problem")
	all := fs.Bool("all", false, "check every stack of the project (the default when none is named)")
	from := fs.String("from", "", "also judge the step from this stack `FILE`, or from the stack files of this commit")
	names, err := c.parse(fs)
	if err != nil {
		return err
	}
	if *all && len(names) > 0 {
		return usagef("validate: give --all or %s, not both", names[0])
	}
	files, err := targets(names)
	if err != nil {
		return err
	}
	v := check(files)
	if err := v.judgeTree(files); err != nil {
		return err
	}
	v.judgeSeals(ctx, files)
	v.judgePictures(files)
	if *from != "" {
		if err := v.judgeFrom(ctx, *from, files); err != nil {
			return err
		}
	}
	if *asJSON {
		err = v.printJSON(c.out)
	} else {
		err = v.printText(c.terminal)
	}
	if err != nil {
		return err
	}
	if v.Problems.HasErrors() {
		return errRefused
	}
	return nil
}

// targets are the files to judge.
func targets(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		file, err := stackFile(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	if len(names) > 0 {
		return files, nil
	}
	dir, err := projectDir()
	if err != nil {
		return nil, err
	}
	if files, err = stackFiles(dir); err == nil && len(files) == 0 {
		err = usagef("there is no Pulumi.STACK.yaml in %s; `%s` writes a first one", dir, toType("init"))
	}
	return files, err
}

// verdict is what validate found.
type verdict struct {
	OK       bool          `json:"ok"`
	Stacks   []string      `json:"stacks"`
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Problems spec.Problems `json:"problems"`

	// trees are those that were read, by the stack's file.
	trees map[string]*readTree
}

func check(files []string) verdict {
	v := verdict{Stacks: []string{}, Problems: spec.Problems{}, trees: map[string]*readTree{}}
	var judged, others []*spec.Stack
	for _, file := range files {
		s, problems := spec.LoadFile(file)
		v.Stacks = append(v.Stacks, s.Name)
		v.Problems = append(v.Problems, problems...)
		// A file that cannot be read as a whole has no plan to judge.
		if !slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Path == "" }) {
			judged = append(judged, s)
			v.Problems = append(v.Problems, s.Validate()...)
		}
	}
	for _, file := range neighbours(files) {
		s, _ := spec.LoadFile(file)
		others = append(others, s)
	}
	v.Problems = append(v.Problems, spec.ValidateProject(judged)...)
	// A clash is reported whichever of the two files it points at; problems of the other files alone are not.
	for _, s := range judged {
		for _, o := range others {
			v.Problems = append(v.Problems, spec.ValidateProject([]*spec.Stack{s, o})...)
		}
	}
	v.conclude()
	return v
}

// conclude sorts the problems and sums them up.
func (v *verdict) conclude() {
	v.Problems = append(spec.Problems{}, spec.Merge(v.Problems)...) // never null in JSON
	v.Errors, v.Warnings = len(v.Problems.Errors()), len(v.Problems.Warnings())
	v.OK = v.Errors == 0
}

// neighbours are the other stacks of the project that files belong to, when they belong to one.
func neighbours(files []string) []string {
	dir, err := projectDir()
	if err != nil {
		return nil
	}
	all, _ := stackFiles(dir)
	ours := func(file string) bool {
		return slices.ContainsFunc(all, func(f string) bool { return samePath(f, file) })
	}
	if !slices.ContainsFunc(files, ours) {
		return nil
	}
	return slices.DeleteFunc(all, func(f string) bool {
		return slices.ContainsFunc(files, func(file string) bool { return samePath(f, file) })
	})
}

func samePath(a, b string) bool {
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}

func (v verdict) printJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printText writes one problem a line, "error|warning PATH: text (FILE:LINE:COLUMN)", and the sum to the
// error stream, where it does not disturb programs that read the lines.
func (v verdict) printText(t terminal) error {
	for _, p := range v.Problems {
		if _, err := fmt.Fprintln(t.out, line(p)); err != nil {
			return err
		}
	}
	word := "stacks"
	if len(v.Stacks) == 1 {
		word = "stack"
	}
	fmt.Fprintf(t.err, "%d %s checked: %d errors, %d warnings\n", len(v.Stacks), word, v.Errors, v.Warnings)
	return nil
}

// line is the one-line form of a problem. A problem of the whole file has the file's name as its path.
func line(p spec.Problem) string {
	if p.Path == "" {
		at := p.Location()
		if p.Line == 0 {
			at = ""
		}
		p.Path = filepath.Base(p.File)
		return p.String() + place(at)
	}
	return p.String() + place(p.Location())
}

func place(at string) string {
	if at == "" {
		return ""
	}
	return " (" + at + ")"
}
