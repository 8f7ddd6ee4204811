package rehearsal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const rulesPath = "/apis/monitoring.coreos.com/v1/prometheusrules"

// pages is a cluster with one alert, and a kubectl that writes down its words and does not know Longhorn.
func pages(b *broken) (words string) {
	b.config.Project = "../.."
	words = filepath.Join(b.t.TempDir(), "words")
	b.config.Kube = b.program("kubectl", `echo "$*" >> `+words+`
case "$*" in
*longhorn*) echo "error: the server doesn't have a resource type" >&2; exit 1 ;;
esac`)
	rules(b, "NodeDown", "FluxAbsent", "EtcdBackupTooOld")
	b.pulumi("", summary(""))
	b.cli.Path = b.program("pulumi", `case "$*" in
state\ nope*) echo "  pulumi state [command]" ;;
*--nope*) echo "error: unknown flag: --nope" >&2; exit 1 ;;
esac`)
	return words
}

func rules(b *broken, alerts ...string) {
	var all []string
	for _, alert := range alerts {
		all = append(all, "{alert: "+alert+"}")
	}
	b.list(rulesPath, "{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: r, namespace: monitoring}, spec: {groups: [{name: g, rules: ["+
		strings.Join(all, ", ")+"]}]}}")
}

// page puts one page in the place of the project's.
func page(b *broken, command string) { written(b, "```sh\n"+command+"\n```\n") }

// sentence puts one page in the place of the project's that has a command in a sentence, beside one that can be run.
func sentence(b *broken, command string) {
	written(b, "Try `"+command+"`.\n\n```sh\nkubectl get pods\n```\n")
}

func written(b *broken, text string) {
	b.config.Project = b.t.TempDir()
	dir := filepath.Join(b.config.Project, "docs", "runbooks", "alerts")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "NodeDown.md"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

var redPages = []red{
	{
		line: "kubectl and pulumi take the commands of the runbooks", fault: "the cluster has no such kind",
		whole: func(b *broken) { pages(b) }, damage: func(b *broken) { rules(b, "LonghornVolumeDegraded") },
		want: "docs/runbooks/alerts/LonghornVolumeDegraded.md:12: kubectl -n longhorn-system get volumes.longhorn.io,replicas.longhorn.io -o wide: " +
			"exit status 1: error: the server doesn't have a resource type",
	},
	{
		line: "kubectl and pulumi take the commands of the runbooks", fault: "an option is misspelt",
		whole: func(b *broken) { pages(b) }, damage: func(b *broken) { page(b, "kubectl --namespaces NAMESPACE describe job JOB") },
		want: "NodeDown.md:2: kubectl --namespaces NAMESPACE describe job JOB: unknown flag: --namespaces",
	},
	{
		line: "kubectl and pulumi take the commands of the runbooks", fault: "a sentence names a command that pulumi does not have",
		whole: func(b *broken) { pages(b) }, damage: func(b *broken) { sentence(b, "pulumi state nope") },
		want: "NodeDown.md:1: pulumi state nope: pulumi wants another word",
	},
	{
		line: "kubectl and pulumi take the commands of the runbooks", fault: "a sentence has an option that pulumi does not have",
		whole: func(b *broken) { pages(b) }, damage: func(b *broken) { sentence(b, "pulumi up --nope") },
		want: "NodeDown.md:1: pulumi up --nope: pulumi up: exit status 1: error: unknown flag: --nope",
	},
	{
		line: "kubectl and pulumi take the commands of the runbooks", fault: "there is nothing that could be run",
		whole: func(b *broken) { pages(b) }, damage: func(b *broken) { page(b, "kubectl logs job/JOB") }, want: "no page has a command that can be run",
	},
}

func TestPages_AreAskedOfTheClusterOrOfKubectlAlone(t *testing.T) {
	b := newBroken(t)
	words := pages(b)
	detail, err := b.checkPages(t.Context(), b.cluster)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(words)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-n etcd-backup get cronjob,job,pod",
		"-n etcd-backup get secret",
		"-n flux-system get fluxinstance,pods",
		"-n flux-system describe fluxinstance flux",
		"-n monitoring get servicemonitor,podmonitor",
		"describe node cp-1",
		"-n kube-system get pods -o wide",
	}
	if got := strings.Split(strings.TrimSpace(string(raw)), "\n"); !slices.Equal(got, want) {
		t.Errorf("asked\n%s", raw)
	}
	if !strings.HasPrefix(detail, "7 commands were run, of ") || !strings.HasSuffix(detail, " more the options were read, for 3 alerts") {
		t.Errorf("got %s", detail)
	}
}

func TestKnownToKubectl_ReadsTheWordsOfACommand(t *testing.T) {
	for words, want := range map[string]string{
		"kubectl -n rook-ceph exec deploy/x -- ceph -c /x --nope": "",
		"kubectl create job --from=cronjob/x by-hand":             "",
		"kubectl create -f x.yaml":                                "",
		"kubectl nope":                                            `unknown command "nope"`,
		"kubectl -n x rollout nope":                               "kubectl rollout knows no nope",
		"kubectl get pods --nope":                                 "unknown flag: --nope",
		"kubectl wait pod x --for":                                "flag needs an argument: --for",
	} {
		err := knownToKubectl(strings.Fields(words))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

// What several pages say is asked once, and said of each of them.
func TestPages_AskOnceWhatSeveralSay(t *testing.T) {
	b := newBroken(t)
	pages(b)
	written(b, "Try `pulumi up`, then `pulumi up --nope`.\n\nTry `pulumi up`, then `pulumi up --nope`.\n\n```sh\nkubectl get pods\nkubectl get pods\n```\n")
	words := filepath.Join(t.TempDir(), "words")
	say := "echo \"$*\" >> " + words
	b.config.Kube = b.program("kubectl", say)
	b.cli.Path = b.program("pulumi", say+`; case "$*" in *--nope*) exit 1 ;; esac`)
	detail, err := b.checkPages(t.Context(), b.cluster)
	if err == nil || strings.Count(err.Error(), "pulumi up --nope: pulumi up: exit status 1") != 2 {
		t.Errorf("got %v, want both places of what pulumi refuses", err)
	}
	if want := "2 commands were run, of 4 more the options were read, for 3 alerts"; detail != want {
		t.Errorf("got %q, want %q", detail, want)
	}
	raw, err := os.ReadFile(words)
	if err != nil {
		t.Fatal(err)
	}
	if want := "up --help --non-interactive\nup --nope --help --non-interactive\nget pods\n"; string(raw) != want {
		t.Errorf("asked\n%s\nwant\n%s", raw, want)
	}
}

func TestPages_AreAskedOfAClusterWithoutMonitoring(t *testing.T) {
	b := newBroken(t)
	pages(b)
	delete(b.api, rulesPath)
	detail, err := b.checkPages(t.Context(), b.cluster)
	if err != nil || !strings.HasPrefix(detail, "0 commands were run, of ") || !strings.HasSuffix(detail, " for 0 alerts") {
		t.Errorf("%s, %v", detail, err)
	}
}

func TestAsWritten_RunsWhatThePageSays(t *testing.T) {
	b := newBroken(t)
	b.config.Project = "../.."
	b.pulumi("", summary(""))
	words := filepath.Join(t.TempDir(), "words")
	b.config.Homeops = b.program("homeops", `echo "$*" > `+words)
	if err := b.asWritten(t.Context(), putBack, "", map[string]string{"key.txt": "/room/identity.txt"}); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(words); err != nil || string(raw) != "breakglass put home -identity /room/identity.txt\n" {
		t.Errorf("%q, %v", raw, err)
	}
	if err := b.upAsWritten(t.Context(), upAfterReset); err != nil {
		t.Error(err)
	}
	// A page that has changed is followed, or nothing is run.
	page(b, "homeops reset STACK")
	if err := b.asWritten(t.Context(), resetCluster, "", nil); err == nil || !strings.Contains(err.Error(), `docs/runbooks/reset.md has no command "homeops reset STACK" any more`) {
		t.Errorf("got %v", err)
	}
}
