package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

// mistaken is a conversation with one mistake after the other: a dead address, a disk that is none, a pool that holds
// the API's address.
var mistaken = strings.Join([]string{
	"example.com", "10.0.50.99", "none",
	"10.0.50.11", "", "", // the address once more; the workers as before; it waits there
	"/dev/sdz", "", // the disk; the proposed one
	"", "", "none", "none", // network, router, DHCP, VIP
	"10.0.50.5-10.0.50.15", "none", "https://github.com/me/home-ops.git", "none",
	// It cannot work: the pool holds the node. Everything else stays as it was.
	"", "", "", "", "", "", "", "",
	"10.0.50.100-10.0.50.120", "", "", "",
}, "\n") + "\n"

func TestInit_AsksAgainAfterAMistake(t *testing.T) {
	project(t, nil)
	machines := rackOf(t)
	read := func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
		if slices.Contains(addresses, netip.MustParseAddr("10.0.50.99")) {
			return nil, errors.New("10.0.50.99: no Talos answers on port 50000")
		}
		return machines(ctx, addresses)
	}
	got := begin(t, read, mistaken, "house")
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	for _, want := range []string{
		"  10.0.50.99: no Talos answers on port 50000\nAddresses of the control planes (three survive the loss of one) [10.0.50.99]: 10.0.50.11\n",
		"  10.0.50.11 has no disk /dev/sdz\n",
		"\nThis cannot work yet. Once more; Enter keeps an answer.\nDomain of the cluster's host names [example.com]: \n",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	if n := strings.Count(got.out, "Reading 1 machines"); n != 2 {
		t.Errorf("machines were read %d times, want once for each list of addresses", n)
	}
	s, problems := spec.LoadFile("Pulumi.house.yaml")
	if problems = spec.Merge(problems, s.Validate()); problems.HasErrors() {
		t.Error(problems)
	}
	if want := netip.MustParseAddr("10.0.50.101"); !slices.Contains(s.Edge.Gateways.Internal, want) {
		t.Errorf("the internal gateway is %v, not in the corrected pool", s.Edge.Gateways.Internal)
	}
	if _, err := os.Stat(answersFile(".", "house")); !os.IsNotExist(err) {
		t.Errorf("the answers are kept although the file is written: %v", err)
	}
}

func TestInit_OffersTheAnswersOfAConversationThatWasBrokenOff(t *testing.T) {
	project(t, nil)
	broken := begin(t, rackOf(t), "example.org\n10.0.50.11\n", "house")
	kept := answersFile(".", "house")
	if want := "homeops: your answers are kept in " + kept + ", and offered when you run init again\n"; broken.code != exitUsage || !strings.Contains(broken.err, want) {
		t.Fatalf("got %+v", broken)
	}
	again := begin(t, rackOf(t), "", "house")
	if !strings.HasPrefix(again.out, "Domain of the cluster's host names [example.org]: ") {
		t.Errorf("got %s", again.out)
	}
	// Without questions there is nobody to offer them to.
	if silent := begin(t, rackOf(t), "", "house", "--yes"); !strings.Contains(silent.err, `--domain: "" is not`) {
		t.Errorf("got %+v", silent)
	}
}

func TestInit_EndsAtCtrlC(t *testing.T) {
	dir := project(t, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	var out, errOut bytes.Buffer
	c := initCommand
	c.run = initWith(rackOf(t))
	// A terminal at which nobody types any more once the first answer is in.
	silence, _ := io.Pipe()
	in := io.MultiReader(strings.NewReader("example.com\n"), readerFunc(func(p []byte) (int, error) {
		interrupt()
		return silence.Read(p)
	}))
	code := report(&errOut, c.run(ctx, call{terminal: terminal{in: in, out: &out, err: &errOut}, command: c, words: []string{"house"}}))
	if code != exitProblem || !strings.HasSuffix(errOut.String(), "homeops: interrupted; nothing was written\n") {
		t.Errorf("got %d %s", code, errOut.String())
	}
	if files(t, dir) != "Pulumi.yaml out" {
		t.Errorf("left behind: %s", files(t, dir))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

const ours = "https://github.com/home-ops/home-ops.git"

func TestInit_PutsAStackInThePlaceOfASample(t *testing.T) {
	sample := good(t) // the example follows the project itself
	dir := project(t, map[string]string{"home": sample, "lab": other(t)})
	mkdir(t, "kubernetes/clusters/lab")
	if refused := begin(t, rackOf(t), "", given()...); refused.code != exitProblem || !strings.Contains(refused.err, "Pulumi.home.yaml exists, and is not overwritten") {
		t.Errorf("without being asked: %+v", refused)
	}
	got := begin(t, rackOf(t), "", given("--samples=yes")...)
	if got.code != exitOK || !strings.Contains(got.out, "Removed the sample Pulumi.home.yaml.\n") {
		t.Fatalf("got %+v", got)
	}
	if want := "These are still this project's samples:\n  git rm -r Pulumi.lab.yaml kubernetes/clusters/lab\n"; !strings.Contains(got.out, want) {
		t.Errorf("%q is missing in\n%s", want, got.out)
	}
	if s, _ := spec.LoadFile(filepath.Join(dir, "Pulumi.home.yaml")); isProjects(s.Flux.Repository) {
		t.Error("the sample is still there")
	}
}

// The samples have addresses that many homes have.
func TestInit_OffersToRemoveASampleThatClashes(t *testing.T) {
	project(t, map[string]string{"lab": good(t)})
	refused := begin(t, rackOf(t), "", given()...)
	if want := "homeops: Pulumi.lab.yaml is in the way: remove it, or choose other addresses\n"; refused.code != exitProblem || refused.err != want {
		t.Errorf("got %+v", refused)
	}
	got := begin(t, rackOf(t), "", given("--samples=yes")...)
	if got.code != exitOK || !strings.Contains(got.out, "Removed the sample Pulumi.lab.yaml.\n") {
		t.Errorf("got %+v", got)
	}
}

func TestInit_NeverProposesTheProjectsOwnRepository(t *testing.T) {
	for remote, want := range map[string]string{
		"git@github.com:me/house.git":           "https://github.com/me/house.git",
		"ssh://git@git.example.com:2222/me/h":   "https://git.example.com/me/h",
		"https://github.com/me/house.git":       "https://github.com/me/house.git",
		ours:                                    "",
		"git@github.com:home-ops/home-ops.git":  "",
		"https://github.com/Home-Ops/home-ops/": "",
		"/srv/git/house.git":                    "",
	} {
		project(t, nil)
		git(t, "init", "-q")
		git(t, "remote", "add", "origin", remote)
		if got := originURL(t.Context()); got != want {
			t.Errorf("%s: proposes %q, want %q", remote, got, want)
		}
	}
	project(t, nil)
	want := "homeops: init: --repository: " + ours + " is this project's own: your cluster would follow commits of others; make a repository of yours from it\n"
	if got := begin(t, rackOf(t), "", append(given(), "--repository="+ours)...); got.code != exitUsage || got.err != want {
		t.Errorf("got %+v", got)
	}
}

// The farewell's image is the one that the stack's machines install, for their processors.
func TestInit_PrintsTheImagesToStartFrom(t *testing.T) {
	project(t, nil)
	got := begin(t, nil, "", given("--offline", "--cards=enp1s0", "--disks=/dev/sda", "--arch=arm64")...)
	s, _ := spec.LoadFile("Pulumi.home.yaml")
	want := "  https://factory.talos.dev/image/" + s.Nodes[0].Schematic().ID() + "/" + string(s.Cluster.TalosVersion) + "/metal-arm64.iso\n"
	if got.code != exitOK || !strings.Contains(got.out, want) {
		t.Errorf("%q is missing in %+v", want, got)
	}
}

// In maintenance mode a machine has the address that DHCP gave it.
func TestInit_ReadsMachinesWhereTheyWait(t *testing.T) {
	machines := rackOf(t)
	var asked []netip.Addr
	elsewhere := func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
		asked = addresses
		if slices.Contains(addresses, netip.MustParseAddr("10.0.50.91")) {
			return nil, errors.New("10.0.50.91: no Talos answers on port 50000")
		}
		return machines(ctx, addresses)
	}
	for name, c := range map[string]struct {
		input string
		flags []string
	}{
		"as a flag says": {flags: []string{
			"house", "--yes", "--domain=example.com", "--control-planes=10.0.50.91", "--at=10.0.50.11", "--vip=none",
			"--pool=10.0.50.100-10.0.50.120", "--repository=https://github.com/me/home-ops.git",
		}},
		"as a person says who is asked": {
			input: strings.Join([]string{
				"example.com", "10.0.50.91", "none", // it is not there
				"", "", "10.0.50.11", // but here
				"", "", "", "none", "none", "10.0.50.100-10.0.50.120", "none", "https://github.com/me/home-ops.git", "none",
			}, "\n") + "\n",
			flags: []string{"house"},
		},
	} {
		project(t, nil)
		got := begin(t, elsewhere, c.input, c.flags...)
		if got.code != exitOK {
			t.Fatalf("%s: %+v", name, got)
		}
		s, problems := spec.LoadFile("Pulumi.house.yaml")
		if problems.HasErrors() || s.Nodes[0].Address.String() != "10.0.50.91" || s.Nodes[0].MAC.IsZero() || s.Nodes[0].InstallDisk.Serial == "" {
			t.Errorf("%s: %+v, %v", name, s.Nodes[0], problems)
		}
		if len(asked) != 1 || asked[0].String() != "10.0.50.11" {
			t.Errorf("%s: asked at %v", name, asked)
		}
	}
	project(t, nil)
	got := begin(t, elsewhere, "", "house", "--yes", "--domain=example.com", "--control-planes=10.0.50.91", "--at=10.0.50.11,10.0.50.12")
	if want := "init: --at: there are 1 machines: give an address for each, control planes first, not 2"; !strings.Contains(got.err, want) {
		t.Errorf("got %+v", got)
	}
}
