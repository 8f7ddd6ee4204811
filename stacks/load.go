package stacks

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec"
)

// load reads the stack file as the engine gives it and shows every problem with
// it at once. An error is returned when any of them stops the program.
func load(ctx *pulumi.Context) (*spec.Stack, error) {
	stack, problems := spec.FromConfig(ctx.Stack(), func(key string) (string, bool) {
		return ctx.GetConfig(configKey(key))
	})
	if !problems.HasErrors() {
		problems = readingProblems(ctx.Stack())
	}
	problems = spec.Merge(problems, stack.Validate(), neighbourProblems(stack), sealProblems(ctx))

	if err := tell(ctx, problems); err != nil {
		return nil, err
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
func readingProblems(stack string) spec.Problems {
	file := stackFile(stack)
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	_, problems := spec.LoadFile(file)
	return problems
}

// sealProblems are those of an update whose state and secrets anybody could read: sealed with an empty passphrase, as
// the samples are.
func sealProblems(ctx *pulumi.Context) spec.Problems {
	if ctx.DryRun() || os.Getenv("PULUMI_CONFIG_PASSPHRASE") != "" || os.Getenv(passphrase.FileVar) != "" {
		return nil
	}
	content, err := os.ReadFile(stackFile(ctx.Stack()))
	if err != nil || !passphrase.Empty(ctx.Context(), content) {
		return nil
	}
	return spec.Problems{{
		Severity: spec.Error, Path: "encryptionsalt",
		Message: "the stack's secrets are sealed with an empty passphrase: choose one with `pulumi stack change-secrets-provider passphrase --stack " + ctx.Stack() + "`",
	}}
}

// neighbourProblems are what the stack may not share with the project's others.
func neighbourProblems(stack *spec.Stack) spec.Problems {
	others, _ := spec.LoadProject(".")
	var problems spec.Problems
	for _, other := range others {
		if other.Name != stack.Name {
			problems = append(problems, spec.ValidateProject([]*spec.Stack{stack, other})...)
		}
	}
	return problems
}

// tell shows problems in the engine's own display.
func tell(ctx *pulumi.Context, problems spec.Problems) error {
	for _, problem := range problems {
		show := ctx.Log.Error
		if problem.Severity == spec.Warning {
			show = ctx.Log.Warn
		}
		if err := show(text(problem), nil); err != nil {
			return err
		}
	}
	return nil
}

// text is a problem without its severity, which the engine shows itself.
func text(p spec.Problem) string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

func stackFile(stack string) string { return "Pulumi." + stack + ".yaml" }

func configKey(key string) string { return spec.Namespace + ":" + key }
