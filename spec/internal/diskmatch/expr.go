package diskmatch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	machinerycel "github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel/celenv"
)

// expr is a compiled expression, and the constants that it compares the properties of a disk with.
type expr struct {
	program cel.Program
	atoms   atoms
}

// Check compiles an expression as Talos does. The error is one line.
func Check(text string) error {
	_, err := machinerycel.ParseBooleanExpression(text, celenv.DiskLocator())
	return oneLine(err)
}

func compile(text string) (*expr, error) {
	env := celenv.DiskLocator()
	if err := Check(text); err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, oneLine(err)
	}
	program, err := env.Program(checked)
	if err != nil {
		return nil, oneLine(err)
	}
	return &expr{program: program, atoms: collect(checked.NativeRep().Expr())}, nil
}

// matches evaluates the expression. One that fails on a disk does not choose it.
func (e *expr) matches(d *disk) bool {
	out, _, err := e.program.Eval(map[string]any{"disk": d.spec(), "system_disk": d.system})
	if err != nil {
		return false
	}
	chosen, ok := out.Value().(bool)
	return ok && chosen
}

// oneLine keeps of the compiler's answer what is said, without the drawing below it.
func oneLine(err error) error {
	if err == nil {
		return nil
	}
	var told []string
	for line := range strings.Lines(err.Error()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "ERROR: <input>:"); ok {
			// LINE:COLUMN: what is wrong.
			parts := strings.SplitN(text, ":", 3)
			if len(parts) == 3 {
				told = append(told, fmt.Sprintf("at character %s: %s", parts[1], strings.TrimSpace(parts[2])))
			}
		}
	}
	if len(told) == 0 {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return errors.New(first)
	}
	return errors.New(told[0])
}
