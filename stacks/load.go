package stacks

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/spec"
)

// load reads the stack file as the engine gives it and shows every problem with
// it at once. An error is returned when any of them stops the program.
func load(ctx *pulumi.Context) (*spec.Stack, error) {
	stack, problems := spec.FromConfig(ctx.Stack(), func(key string) (string, bool) {
		return ctx.GetConfig(configKey(key))
	})
	problems = append(problems, readingProblems(ctx.Stack(), problems)...)
	if !problems.HasErrors() {
		problems = append(problems, stack.Validate()...)
	}

	for _, problem := range problems {
		show := ctx.Log.Error
		if problem.Severity == spec.Warning {
			show = ctx.Log.Warn
		}
		if err := show(problem.String(), nil); err != nil {
			return nil, err
		}
	}
	if errs := problems.Errors(); len(errs) > 0 {
		return nil, fmt.Errorf("%s cannot work: %d error(s), listed above; nothing was touched",
			stackFile(ctx.Stack()), len(errs))
	}
	return stack, nil
}

// readingProblems are those that only the file itself shows, because the engine
// hands on no key that is not asked for: a misspelt one, above all. A stack's
// configuration need not come from the file.
func readingProblems(stack string, known spec.Problems) spec.Problems {
	file := stackFile(stack)
	if _, err := os.Stat(file); err != nil || known.HasErrors() {
		return nil
	}
	_, problems := spec.LoadFile(file)
	return problems.Errors()
}

func stackFile(stack string) string { return "Pulumi." + stack + ".yaml" }

func configKey(key string) string { return spec.Namespace + ":" + key }
