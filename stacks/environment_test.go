package stacks

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func shell(variables ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(variables); i += 2 {
			if variables[i] == name {
				return variables[i+1], true
			}
		}
		return "", false
	}
}

func TestCheckEnvironment_NamesWhatAProviderWouldTakeAllAtOnce(t *testing.T) {
	err := checkEnvironment(spectest.Home(t), shell("CLOUDFLARE_API_KEY", "key", "GITHUB_OWNER", "somebody", "GITHUB_TOKEN", "token"))
	want := "CLOUDFLARE_API_KEY is set in this shell: Cloudflare's provider refuses it beside edge.cloudflare.apiTokenRef\n" +
		"GITHUB_OWNER is set in this shell: GitHub's provider takes it for the owner of flux.repository\n" +
		"run `make up STACK=home`, which leaves them out, or `env -u CLOUDFLARE_API_KEY -u GITHUB_OWNER pulumi ...`; nothing was touched"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

func TestCheckEnvironment_RefusesWhatKubernetesProviderWouldTake(t *testing.T) {
	err := checkEnvironment(&spec.Stack{Name: "quiet"}, shell("PULUMI_K8S_DELETE_UNREACHABLE", "true"))
	want := "PULUMI_K8S_DELETE_UNREACHABLE is set in this shell: Kubernetes' provider would drop all objects from the state when the cluster does not answer\n" +
		"run `make up STACK=quiet`, which leaves them out, or `env -u PULUMI_K8S_DELETE_UNREACHABLE pulumi ...`; nothing was touched"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

func TestCheckEnvironment_LeavesAloneWhatReachesNobody(t *testing.T) {
	quiet := &spec.Stack{Name: "quiet"}
	quiet.Secrets.OnePassword = &spec.OnePassword{ServiceAccountTokenRef: "config:token"}
	for name, test := range map[string]struct {
		stack *spec.Stack
		env   func(string) (string, bool)
	}{
		"explicit arguments win":        {spectest.Home(t), shell("CLOUDFLARE_API_TOKEN", "x", "GITHUB_TOKEN", "x", "OP_SERVICE_ACCOUNT_TOKEN", "x")},
		"the owner is the stack's own":  {spectest.Home(t), shell("GITHUB_OWNER", "home-ops")},
		"an empty value is none":        {spectest.Home(t), shell("CLOUDFLARE_API_KEY", "")},
		"the stack has no such service": {quiet, shell("CLOUDFLARE_API_KEY", "x", "GITHUB_OWNER", "x")},
	} {
		if err := checkEnvironment(test.stack, test.env); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkEnvironment(quiet, shell("OP_CONNECT_HOST", "http://nas:8080")); err == nil {
		t.Error("a Connect server beside a service account is not refused")
	}
}

func TestMakefile_LeavesOutWhatProvidersWouldTake(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for line := range strings.Lines(string(text)) {
		if names, ok := strings.CutPrefix(line, "unexport "); ok {
			left = append(left, strings.Fields(names)...)
		}
	}
	for name := range foreign(withEveryService(t)) {
		if !strings.Contains(strings.Join(left, " ")+" ", name+" ") {
			t.Errorf("make hands %s on", name)
		}
	}
}

// withEveryService is a stack for which each provider is made.
func withEveryService(t *testing.T) *spec.Stack {
	t.Helper()
	stack := spectest.Home(t)
	stack.Secrets.OnePassword = &spec.OnePassword{ServiceAccountTokenRef: "config:token"}
	return stack
}

// harmless are variables that a provider may read: nothing that is made depends on them.
var harmless = map[string]string{
	"CLOUDFLARE_EMAIL":                         "is read beside CLOUDFLARE_API_KEY alone",
	"CLOUDFLARE_MAX_BACKOFF":                   "how patiently it asks again",
	"CLOUDFLARE_MIN_BACKOFF":                   "how patiently it asks again",
	"CLOUDFLARE_RETRIES":                       "how often it asks again",
	"CLOUDFLARE_RPS":                           "how fast it asks",
	"PULUMI_K8S_CLIENT_BURST":                  "how fast it asks",
	"PULUMI_K8S_CLIENT_QPS":                    "how fast it asks",
	"PULUMI_K8S_CLIENT_TIMEOUT":                "how long it waits for an answer; a call that takes longer fails",
	"PULUMI_K8S_HELM_PLUGINS_PATH":             "charts are named by their whole address, which needs no plugin",
	"PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH":     "whom a registry sees; the chart is the one of the version",
	"PULUMI_K8S_HELM_REPOSITORY_CACHE":         "where what was fetched is kept",
	"PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH":   "names for repositories, which the program does not use",
	"PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS": "what is said",
	"PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS":   "what is said",
}

var (
	variable = regexp.MustCompile(`\b(?:KUBECONFIG|(?:PULUMI_K8S|CLOUDFLARE|GITHUB|GH|OP|TALOS)_[A-Z0-9_]*[A-Z0-9])\b`)
	// asked is what a constructor, or a type of its arguments, reads.
	asked = regexp.MustCompile(`GetEnvOrDefault\(.*?((?:, )?"[^\n]*")\)`)
	// unset is what a constructor reads where an argument is not given.
	unset = regexp.MustCompile(`if args\.(\w+) == nil \{\s+if d := \w+\.GetEnvOrDefault\(([^\n]*)\); d`)
	// documented is an argument with its comment.
	documented = regexp.MustCompile(`((?:\t//[^\n]*\n)+)\t(\w+) +pulumi`)
	quoted     = regexp.MustCompile(`"([A-Z][A-Z0-9_]+)"`)
	given      = regexp.MustCompile(`(?s)\.ProviderArgs\{(.*?)\}`)
)

// read are the variables that the provider of an SDK reads, each with the argument that takes its place; none where there is no such
// argument. in is the file of the program that makes the provider.
func read(t *testing.T, module, folder, in string) (variables map[string]string, arguments string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	variables = map[string]string{}
	sdk := filepath.Join(strings.TrimSpace(string(out)), folder)
	constructor := textOf(t, filepath.Join(sdk, "provider.go"))
	if !strings.Contains(constructor, "func NewProvider(") {
		t.Fatalf("%s: there is no constructor any more", sdk)
	}
	types, _ := os.ReadFile(filepath.Join(sdk, "pulumiTypes.go")) // not every SDK has one
	for _, call := range asked.FindAllStringSubmatch(constructor+string(types), -1) {
		for _, name := range quoted.FindAllStringSubmatch(call[1], -1) {
			variables[name[1]] = ""
		}
	}
	for _, field := range unset.FindAllStringSubmatch(constructor, -1) {
		for _, name := range quoted.FindAllStringSubmatch(field[2], -1) {
			variables[name[1]] = field[1]
		}
	}
	for _, field := range documented.FindAllStringSubmatch(constructor, -1) {
		for _, name := range variable.FindAllString(field[1], -1) {
			if variables[name] == "" {
				variables[name] = field[2]
			}
		}
	}
	found := given.FindStringSubmatch(textOf(t, filepath.Join("..", in)))
	if found == nil {
		t.Fatalf("%s makes no provider of %s", in, module)
	}
	return variables, found[1]
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The SDK's constructor puts a variable into the place of an argument that the program leaves out, and a plugin does so by itself.
func TestProviders_ReadNoVariableThatIsNotExplicitForeignOrHarmless(t *testing.T) {
	all, explicit := map[string]bool{}, map[string]bool{}
	for _, sdk := range []struct{ module, folder, in string }{
		{"github.com/pulumi/pulumi-kubernetes/sdk/v4", "go/kubernetes", "components/talos/cluster.go"},
		{"github.com/pulumi/pulumi-cloudflare/sdk/v5", "go/cloudflare", "components/edge/cloudflare.go"},
		{"github.com/pulumi/pulumi-github/sdk/v6", "go/github", "components/flux/github.go"},
		{"github.com/pulumiverse/pulumi-talos/sdk", "go/talos", "components/talos/schematics.go"},
	} {
		variables, arguments := read(t, sdk.module, sdk.folder, sdk.in)
		for name, field := range variables {
			all[name] = true
			explicit[name] = explicit[name] || field != "" && regexp.MustCompile(`\b`+field+`:`).MatchString(arguments)
		}
	}
	// What is written here of 1Password's SDK gives the token, or in its place an empty value.
	explicit["OP_SERVICE_ACCOUNT_TOKEN"] = strings.Count(textOf(t, "../internal/onepassword/provider.go"), `props["serviceAccountToken"]`) == 2
	for _, folder := range []string{"../internal/onepassword", "../rack/plugin"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for _, name := range variable.FindAllString(textOf(t, path), -1) {
				all[name] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 30 || !explicit["KUBECONFIG"] || !explicit["GITHUB_TOKEN"] || !explicit["CLOUDFLARE_API_TOKEN"] {
		t.Fatalf("only %d variables were found, of which the program gives %v: %q", len(all), explicit, slices.Sorted(maps.Keys(all)))
	}
	refused, habits := foreign(withEveryService(t)), textOf(t, "../rack/rehearsal/plugins.go")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case explicit[name]:
			if !strings.Contains(habits, `"`+name+`=`) {
				t.Errorf("the program's own value must win over %s, and no rehearsal has it in its shell", name)
			}
		case refused[name] == "" && harmless[name] == "":
			t.Errorf("a provider reads %s: give its argument, refuse it in foreign, or say here why it is harmless", name)
		}
	}
	for name := range harmless {
		if !all[name] || refused[name] != "" {
			t.Errorf("%s is harmless, and no provider reads it, or it is refused", name)
		}
	}
}
