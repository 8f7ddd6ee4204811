package machineconfig_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// stackFiles are those of the tests.
func stackFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../../spec/spectest/testdata/Pulumi.*.yaml", "testdata/Pulumi.*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 3 {
		t.Fatalf("only %v", files)
	}
	return files
}

func loadStack(t *testing.T, file string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(file)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

func TestBuild_GivesTheGoldenConfigOfEveryNode(t *testing.T) {
	for _, file := range stackFiles(t) {
		stack := loadStack(t, file)
		dir := filepath.Join("testdata", "golden", stack.Name)
		if golden.Updating() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, node := range stack.Nodes {
			t.Run(stack.Name+"/"+node.Name, func(t *testing.T) {
				got, err := machineconfig.Build(stack, node, machineconfig.Placeholder(stack))
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, node.Name+".yaml")
				if golden.Updating() {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("differs from %s; look at `git diff` after `go test -update`", file)
				}
			})
		}
	}
}

// metal is written down here again so that the test does not trust the check
// that it is about.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

// serious tells a warning of a mistake from one of a form that newer contracts have elsewhere.
func serious(warning string) bool { return !strings.Contains(warning, "is deprecated") }

func TestBuild_IsAcceptedByTalosWithoutAWarning(t *testing.T) {
	goldens, err := filepath.Glob("testdata/golden/*/*.yaml")
	if err != nil || len(goldens) == 0 {
		t.Fatal(goldens, err)
	}
	for _, golden := range goldens {
		if strings.Contains(golden, "-1-14/") || strings.Contains(golden, "/lab/") {
			continue // Talos parses its secrets; see TestBuild_IsAcceptedWithRealSecretsUnderEveryContract
		}
		raw, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := configloader.NewFromBytes(raw)
		if err != nil {
			t.Errorf("%s: %v", golden, err)
			continue
		}
		if warnings, err := parsed.ValidateAsClient(metal{}, validation.WithLocal()); err != nil || slices.ContainsFunc(warnings, serious) {
			t.Errorf("%s: %v %v", golden, warnings, err)
		}
	}
}

func TestBuild_IsAcceptedWithRealSecretsUnderEveryContract(t *testing.T) {
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersion1_14)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"testdata/Pulumi.dual-stack-1-14.yaml", "../../../spec/spectest/testdata/Pulumi.lab.yaml"} {
		stack := loadStack(t, file)
		with := machineconfig.Placeholder(stack)
		with.Bundle = bundle
		for _, contract := range []spec.Version{"v1.11", "v1.12", "v1.13", "v1.14"} {
			stack.Cluster.TalosContract = contract
			for _, node := range stack.Nodes {
				raw, err := machineconfig.Build(stack, node, with)
				if err != nil {
					t.Errorf("%s, %s: %v", file, contract, err)
					continue
				}
				parsed, err := configloader.NewFromBytes(raw)
				if err != nil {
					t.Fatal(err)
				}
				if warnings, err := parsed.ValidateAsClient(metal{}, validation.WithLocal()); err != nil || slices.ContainsFunc(warnings, serious) {
					t.Errorf("%s, %s: %v %v", contract, node.Name, warnings, err)
				}
			}
		}
	}
}
