package genuine

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestParts_EveryProgramIsPinnedAndResolves(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads modules")
	}
	parts, built, err := Parts(t.Context(), "..", t.TempDir(), Names()...)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != len(Names()) || len(built.Versions) != len(Names()) {
		t.Fatalf("%d parts, versions %v", len(parts), built.Versions)
	}
	for _, part := range parts {
		// With -deps every import of every package is resolved, and go.sum must know each.
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", part.Tags, part.Package)
		cmd.Dir = part.Module
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", part.Name, err, text)
		}
		if strings.HasPrefix(part.Name, ExternalSecrets) {
			checkProviders(t, string(text))
		}
		for _, cloud := range []string{"github.com/aws/aws-sdk-go-v2/", "github.com/Azure/azure-sdk-for-go/", "github.com/aliyun/"} {
			if strings.HasPrefix(part.Name, CiliumOperator) && strings.Contains(string(text), cloud) {
				t.Errorf("%s is compiled with %s", part.Name, cloud)
			}
		}
	}
}

// checkProviders wants the one provider, and no generator.
func checkProviders(t *testing.T, packages string) {
	t.Helper()
	var got []string
	for pkg := range strings.Lines(packages) {
		name := strings.TrimPrefix(strings.TrimSpace(pkg), externalSecretsModule+"/pkg/")
		if strings.HasPrefix(name, "provider/") || strings.HasPrefix(name, "generator/") {
			got = append(got, name)
		}
	}
	want := []string{"generator/register", "generator/statemanager", "provider/onepassword", "provider/register", "provider/util/locks"}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("External Secrets is compiled with %v, want %v", got, want)
	}
}

func TestParts_RefuseANameThatIsNone(t *testing.T) {
	t.Parallel()
	const want = "there is no genuine external-dog; there are [cilium-operator external-dns external-secrets]"
	if _, _, err := Parts(t.Context(), "..", t.TempDir(), "external-dog"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
