package stacks

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/spec"
)

// outputsOf are what an update of the stack leaves behind.
func outputsOf(t *testing.T, name, identifier string) resource.PropertyMap {
	t.Helper()
	stack, problems := spec.LoadFile(stackFileOf(t, name))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	record, err := stack.Record()
	if err != nil {
		t.Fatal(err)
	}
	return resource.PropertyMap{
		appliedOutput: resource.NewProperty(record), identifierOutput: resource.NewProperty(identifier),
		"kubeconfig": resource.MakeSecret(resource.NewProperty("secret")),
	}
}

// States that a former version of the program wrote have the record as a secret.
func TestCluster_JudgesAgainstARecordThatIsSecretToo(t *testing.T) {
	rec := engine(t, "home", replace("home-ops:cluster", `"talosVersion":"v1.11.1"`, `"talosVersion":"v1.13.0"`))
	rec.LastOutputs = outputsOf(t, "home", "home")
	for key, value := range rec.LastOutputs {
		rec.LastOutputs[key] = resource.MakeSecret(value)
	}
	if err := rec.Preview(program, "home"); err == nil || !strings.Contains(err.Error(), "cannot be made: 1 error(s)") {
		t.Errorf("error %v", err)
	}
}

func replace(key, old, with string) func(map[string]string) {
	return func(config map[string]string) { config[key] = strings.Replace(config[key], old, with, 1) }
}

func TestCluster_RefusesAStepThatARunningClusterCannotTake(t *testing.T) {
	rec := engine(t, "home", replace("home-ops:cluster", `"talosVersion":"v1.11.1"`, `"talosVersion":"v1.13.0"`))
	rec.LastOutputs = outputsOf(t, "home", "home")
	err := rec.Preview(program, "home")
	if want := "this change of Pulumi.home.yaml cannot be made: 1 error(s), listed above; nothing was touched"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if messages := strings.Join(rec.Messages(), "\n"); !strings.Contains(messages, "error: cluster.talosVersion: Talos goes up by one minor at a time") {
		t.Errorf("messages %s", messages)
	}
	if names := rec.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
	if exports := rec.Exports(); exports != nil {
		t.Errorf("the former outputs were replaced by %v", exports)
	}
}

func TestCluster_AnnouncesWhatAStepRolls(t *testing.T) {
	rec := engine(t, "home", replace("home-ops:cluster", `"talosVersion":"v1.11.1"`, `"talosVersion":"v1.11.2"`))
	rec.LastOutputs = outputsOf(t, "home", "home")
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err)
	}
	if messages := strings.Join(rec.Messages(), "\n"); !strings.Contains(messages, "warning: cluster.talosVersion: v1.11.2 instead of v1.11.1 is installed on 5 machines") ||
		!strings.Contains(messages, "info: roll, one machine at a time: cp-1, cp-2, worker-1, worker-2, worker-3, ") {
		t.Errorf("messages %s", messages)
	}
}

func TestCluster_KeepsTheIdentifierOfItsObjects(t *testing.T) {
	for identifier, want := range map[string]string{"": "home", "first-name": "first-name"} {
		rec := engine(t, "home")
		if identifier != "" {
			rec.LastOutputs = outputsOf(t, "home", identifier)
		}
		if err := rec.Preview(program, "home"); err != nil {
			t.Fatal(err)
		}
		for _, provider := range rec.OfType("pulumi:providers:kubernetes") {
			if got, _ := provider.Value("clusterIdentifier"); got.StringValue() != want {
				t.Errorf("after %q: %s is bound to %v, want %s", identifier, provider.Name, got, want)
			}
		}
	}
}

func TestHistory_LeavesBehindWhatTheNextRunReads(t *testing.T) {
	stack, problems := spec.LoadFile(stackFileOf(t, "home"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	rec := engine(t, "home")
	err := rec.Run(func(ctx *pulumi.Context) error {
		return history{identifier: "first-name"}.export(ctx, stack, pulumi.ToSecret(pulumi.String("")).(pulumi.StringOutput))
	}, "home")
	if err != nil {
		t.Fatal(err)
	}
	// What every machine's config waits for is secret; a preview shows the record, and policies can read it.
	for key, value := range rec.Exports() {
		if value.ContainsSecrets() {
			t.Errorf("%s is a secret", key)
		}
	}
	// The next run finds it, and has nothing to judge.
	rec.LastOutputs = rec.Exports()
	err = rec.Run(func(ctx *pulumi.Context) error {
		before, err := lastApplied(ctx)
		if err != nil {
			return err
		}
		if before.identifier != "first-name" {
			t.Errorf("identifier %q", before.identifier)
		}
		if problems := spec.JudgeChange(before.applied, stack); len(problems) > 0 {
			t.Errorf("the same stack is judged: %v", problems)
		}
		return nil
	}, "home")
	if err != nil {
		t.Fatal(err)
	}
}
