package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/cmd/homeops/render"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// renderAll makes every part of an accepted plan that needs no repository. The machine configurations among them are
// held against Talos's own library.
func renderAll(stack *spec.Stack) error {
	_, err := render.Program(stack)
	return err
}

func TestRender_MakesEveryGeneratedPlan(t *testing.T) {
	refs := 0
	for seed := range uint64(1000) {
		data := spectest.File(spectest.Plan(seed))
		stack, problems := spec.Load("generated", data)
		if problems = append(problems, stack.Validate()...); problems.HasErrors() {
			t.Fatalf("seed %d: %s", seed, problems.Err())
		}
		files, err := render.Program(stack)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, data)
		}
		refs += noReference(t, stack, files)
	}
	if refs < 500 {
		t.Errorf("the plans have %d references: too few to tell", refs)
	}
}

// noReference holds the machine configurations against the stack's references: what stands for a secret must never reach
// a machine in its place. It returns how many there are.
func noReference(t *testing.T, stack *spec.Stack, files render.Files) int {
	t.Helper()
	refs := stack.SecretRefs()
	for _, node := range stack.Nodes {
		config := string(files[filepath.Join("talos", node.Name+".yaml")])
		for _, ref := range refs {
			if strings.Contains(config, string(ref.Ref)) {
				t.Errorf("%s has the reference %s (%s) in its configuration", node.Name, ref.Ref, ref.Path)
			}
		}
	}
	return len(refs)
}

func TestRender_MakesEveryPlanThatValidationAcceptsThoughItWasChanged(t *testing.T) {
	accepted, refused := 0, 0
	for seed := range uint64(600) {
		switch err := renderChanged(seed, seed); {
		case errors.Is(err, errRefused):
			refused++
		case err != nil:
			t.Fatal(err)
		default:
			accepted++
		}
	}
	t.Logf("%d changes refused, %d rendered", refused, accepted)
	if accepted < 60 || refused < 60 {
		t.Errorf("%d changes were refused, %d rendered: one of the two is hardly tried", refused, accepted)
	}
}

// renderChanged renders a plan of which one value was exchanged, unless validation refuses it.
func renderChanged(seed, change uint64) error {
	plan := spectest.Plan(seed)
	what := spectest.Change(plan, rand.New(rand.NewPCG(change, 23)))
	data := spectest.File(plan)
	stack, problems := spec.Load("changed", data)
	if problems = append(problems, stack.Validate()...); problems.HasErrors() {
		for _, p := range problems.Errors() {
			if p.Message == "" {
				return fmt.Errorf("seed %d, %s: an empty message at %s", seed, what, p.Path)
			}
		}
		return errRefused
	}
	if err := renderAll(stack); err != nil {
		return fmt.Errorf("seed %d, %s is accepted and cannot be rendered: %w\n%s", seed, what, err, data)
	}
	return nil
}

// FuzzRender looks for plans that validation accepts and the program then refuses:
// go test -run XXX -fuzz FuzzRender ./cmd/homeops/
func FuzzRender(f *testing.F) {
	f.Add(uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, seed, change uint64) {
		if err := renderChanged(seed, change); err != nil && !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
	})
}
