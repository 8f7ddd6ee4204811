package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/runbook"
)

const firstHour = "docs/first-hour.md"

// hour is how each command in the blocks of the first hour is typed by its test, word for word as the page has it.
var hour = map[string]func(p *person, line string){
	"git clone https://github.com/me/house.git": typed,
	"cd house":                                  (*person).enters,
	answered:                                    (*person).answers,
	"go run ./cmd/homeops validate house":       typed,
	"go run ./cmd/homeops render house":         typed,
	"go run ./cmd/homeops endpoint house":       typed,
	"make validate STACK=house":                 typed,
	"make rehearse STACK=house":                 (*person).rehearses,
	"git add -A":                                typed,
	`git commit -m "feat: my house"`:            typed,
	`git commit -m "feat: an app"`:              typed,
	"git push":                                  (*person).pushes,
	`pulumi login "file://$HOME?metadata=skip"`: logsIn,
	"export PULUMI_CONFIG_PASSPHRASE_FILE=~/.config/home-ops/house.passphrase": (*person).exports,
	"make up STACK=house": inTheRack("unchanged"),
	"make up STACK=house AT=worker-1=192.168.7.187,192.168.7.190":                  upWithAddresses,
	"make kubeconfig STACK=house":                                                  inTheRack("export KUBECONFIG=/"),
	"make talosconfig STACK=house":                                                 inTheRack("export TALOSCONFIG=/"),
	"make status STACK=house":                                                      status,
	"cp -r kubernetes/apps/echo kubernetes/apps/hello":                             typed,
	"mv kubernetes/apps/hello/echo kubernetes/apps/hello/hello":                    typed,
	`grep -rl echo kubernetes/apps/hello | xargs sed -i '/image:/!s/echo/hello/g'`: typed,
	"go run ./cmd/homeops tree -show house > out/list && mv out/list kubernetes/clusters/house/kustomization.yaml": typed,
	"make diff BASE=HEAD": comparesTheApp,
}

// answered is the way to a stack file without questions; the test types it with the answers of its own homes.
const answered = "go run ./cmd/homeops init house --yes --offline --domain=house.example.org --control-planes=192.168.7.11 " +
	"--cards=52:54:00:12:34:11 --disks=serial=S64DNE0R500211K --vip=none --pool=192.168.7.50-192.168.7.69 " +
	"--repository=https://github.com/me/house.git"

func typed(p *person, line string) { p.types(line) }

// logsIn uses the pulumi that the rehearsal has built, in place of one that the person has installed.
func logsIn(p *person, line string) {
	p.t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+filepath.Join(p.dir, "out", "bin"))
	p.types(line)
}

// inTheRack wants a line there to say something.
func inTheRack(want string) func(*person, string) {
	return func(p *person, line string) {
		if said := p.inTheRack(line); !strings.Contains(said, want) {
			p.t.Errorf("%s does not say %q:\n%s", line, want, said)
		}
	}
}

// upWithAddresses names the machines of the home; all of them have their configs by then, and nothing must be sent.
func upWithAddresses(p *person, line string) {
	line = strings.NewReplacer("worker-1", "cp-3", "192.168.7.187", "10.9.0.13", "192.168.7.190", "10.9.0.12").Replace(line)
	inTheRack("unchanged")(p, line)
}

// status has five lines, all of them well.
func status(p *person, line string) {
	if said := p.inTheRack(line); strings.Count(said, "\nok ")+1 < 5 || strings.Contains(said, "BAD") {
		p.t.Errorf("%s:\n%s", line, said)
	}
}

func comparesTheApp(p *person, line string) {
	if said := p.types(line); !strings.Contains(said, "Deployment hello/hello") || !strings.Contains(said, "HTTPRoute hello/hello-internal") {
		p.t.Errorf("%s has no word of the app, or of its page:\n%s", line, said)
	}
}

// elsewhereRun is a test that runs a command: its file in the project, and what stands there.
type elsewhereRun struct{ file, words string }

const (
	makeTest  = "cmd/homeops/runbooks_test.go"
	makeWords = "func TestRunbooks_MakeDoesWhatThePagesTellItTo("
)

// elsewhere are commands of the first pages that other tests run, word for word.
var elsewhere = map[string]elsewhereRun{
	// Make comes to the command; its questions are asked and answered there, and machines are read in the rack.
	"make init NAME=house": {"cmd/homeops/init_test.go", "func TestInit_AsksAndWritesAStackThatValidates("},
	readsMachines:          {"rack/inittest/init_test.go", `runbook.Page(`},
	describesMachines:      {"cmd/homeops/docs_test.go", `"docs/first-stack.md"`},
	"go test -C rack ./e2e -run FirstHour -day2 -record testdata":   {"rack/e2e/firsthour_test.go", "func TestFirstHour_"},
	"pulumi config set --stack house --secret home-ops:githubToken": {"rack/pulumi/cli.go", `"config", "set", "--stack", c.Stack, "--secret", key`},
	"pulumi config set --stack house --secret home-ops:gitToken":    {"rack/pulumi/cli.go", `"config", "set", "--stack", c.Stack, "--secret", key`},
	"pulumi config set --stack house --secret home-ops:KEY":         {"rack/pulumi/cli.go", `"config", "set", "--stack", c.Stack, "--secret", key`},
	"pulumi config set --secret":                                    {"cmd/homeops/init_next_test.go", `pulumi config set --stack home --secret home-ops:cloudflareApiToken`},
	"pulumi stack init house --secrets-provider passphrase":         {"rack/pulumi/cli.go", `"stack", "init", c.Stack, "--secrets-provider", "passphrase"`},
	"rm -r ~/.pulumi/logs; touch ~/.pulumi/logs":                    {"rack/pulumi/cli.go", `filepath.Join(home, "logs"), nil`},
	"go run ./cmd/homeops doctor house":                             {"cmd/homeops/doctor_test.go", `"doctor"`},
	"go run ./cmd/homeops init -h":                                  {"cmd/homeops/runbooks_test.go", `"-help"`},
	"homeops init -h":                                               {"cmd/homeops/runbooks_test.go", `"-help"`},
	"homeops tree -show STACK":                                      {"cmd/homeops/another_name_test.go", `{"tree", "-show", "home"}`},
	"homeops init":                                                  {"cmd/homeops/init_test.go", "func TestInit_"},
	"homeops validate":                                              {"cmd/homeops/validate_test.go", "func TestValidate_"},
}

const (
	readsMachines = "go run ./cmd/homeops init house --yes --domain=example.com --control-planes=10.0.50.11,10.0.50.12,10.0.50.13 " +
		"--vip=10.0.50.50 --pool=10.0.50.100-10.0.50.149 --repository=https://github.com/me/house.git"
	describesMachines = "go run ./cmd/homeops init house --yes --domain=example.com --offline " +
		"--control-planes=10.0.50.11,10.0.50.12,10.0.50.13 --vip=10.0.50.50 --cards=52:54:00:12:34:11,52:54:00:12:34:12,52:54:00:12:34:13 " +
		"--disks=serial=S5GXNF0R100011A,serial=S5GXNF0R100012A,serial=S5GXNF0R100013A --pool=10.0.50.100-10.0.50.149 " +
		"--repository=https://github.com/me/house.git"
)

// nobody are the commands of the first pages that no test runs, word for word, and why.
var nobody = map[string]string{
	"pulumi new https://github.com/home-ops/home-ops --generate-only --name house --dir house": "it fetches this project from GitHub; tests begin with what it leaves behind (init_next_test.go, another_name_test.go)",
	"KUBECONFIG=~/.kube/config:out/kubeconfig/house kubectl config view --flatten":             "it merges files of the person's own by kubectl's means",
	"kubectl -n kube-system get pods": "the pages of the alerts have it, and the rack runs those",
	"talosctl dmesg":                  "no talosctl is among what the rack is built from",
}

// A changed command of the first pages turns this red: whoever changes one says who runs it.
func TestFirstPages_EachCommandIsRunByATest(t *testing.T) {
	used := map[string]bool{}
	for _, page := range runbook.First {
		commands, err := runbook.Page(os.DirFS(project), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commands {
			switch {
			case elsewhere[c.Text] != (elsewhereRun{}), nobody[c.Text] != "":
			case hour[c.Text] != nil && (page == firstHour || c.Inline):
			case c.Named() && c.Program() == "pulumi":
				// It names a command of pulumi, and does not say what to type.
			case c.Inline && c.Program() == "make":
				// What a sentence names is asked of make itself.
				holds(t, c, elsewhereRun{makeTest, makeWords})
			default:
				t.Errorf("%s: nobody runs it. Let the first hour's test type it (`hour`), name another test (`elsewhere`), or say in `nobody` why that cannot be", c)
			}
			used[c.Text] = true
			if run := elsewhere[c.Text]; run != (elsewhereRun{}) {
				holds(t, c, run)
			}
		}
	}
	for text := range hour {
		stands(t, used, text)
	}
	for text := range elsewhere {
		stands(t, used, text)
	}
	for text := range nobody {
		stands(t, used, text)
	}
}

func stands(t *testing.T, used map[string]bool, text string) {
	t.Helper()
	if !used[text] {
		t.Errorf("no page has %q", text)
	}
}

// holds looks whether the other test is still there.
func holds(t *testing.T, c runbook.Command, run elsewhereRun) {
	t.Helper()
	if text, err := os.ReadFile(filepath.Join(project, filepath.FromSlash(run.file))); err != nil || !strings.Contains(string(text), run.words) {
		t.Errorf("%s: %s has no %q, %v", c, run.file, run.words, err)
	}
}
