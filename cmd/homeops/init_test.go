package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec"
)

// rackOf answers for machines as if they were in maintenance mode.
func rackOf(t *testing.T) reader {
	return func(_ context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
		var out []discover.Machine
		for _, a := range addresses {
			last := a.AsSlice()[3]
			out = append(out, discover.Machine{
				Address: a, TalosVersion: "v1.11.0", Arch: spec.ArchAMD64, Product: "Beelink EQ12", Cores: 4, Memory: 16 << 30,
				Gateways: []netip.Addr{netip.MustParseAddr("10.0.50.254")},
				Links: []discover.Link{
					{Name: "enp1s0", MAC: spec.MAC{0x52, 0x54, 0, 0x12, 0x34, last}, Up: true, SpeedMbit: 2500, Addresses: []netip.Prefix{netip.PrefixFrom(a, 24)}},
					{Name: "enp2s0", MAC: spec.MAC{0x52, 0x54, 0, 0x12, 0x35, last}},
				},
				Disks: []discover.Disk{
					{Path: "/dev/nvme0n1", Size: 500107862016, Model: "KINGSTON SNV2S", Serial: "OS-" + a.String(), Type: spec.DiskNVMe, Transport: "nvme", Fixed: true},
					{Path: "/dev/sda", Size: 2000398934016, Model: "CT2000MX500", Serial: "DATA-" + a.String(), Type: spec.DiskSSD, Transport: "sata", Fixed: true},
					{Path: "/dev/sdb", Size: 31004295168, Model: "Ultra Fit", Type: spec.DiskSSD, Transport: "usb"},
				},
			})
		}
		return out, nil
	}
}

// typist types a line at a time, and what is typed shows, as at a terminal.
type typist struct {
	rest string
	echo *bytes.Buffer
}

func (ty *typist) Read(p []byte) (int, error) {
	if ty.rest == "" {
		return 0, io.EOF
	}
	line, rest, _ := strings.Cut(ty.rest, "\n")
	n := copy(p, line+"\n")
	ty.rest = rest
	ty.echo.Write(p[:n])
	return n, nil
}

// pulumiSays puts a pulumi on PATH that is no more than a script.
func pulumiSays(t *testing.T, script string) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "pulumi"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// begin runs init with machines that answer, where somebody is logged in to a backend of Pulumi.
func begin(t *testing.T, read reader, input string, args ...string) outcome {
	t.Helper()
	pulumiSays(t, `echo '{"url": "file://~"}'`)
	return converse(t, read, input, args...)
}

func converse(t *testing.T, read reader, input string, args ...string) outcome {
	t.Helper()
	var out, errOut bytes.Buffer
	c := initCommand
	c.run = initWith(read)
	tty := terminal{in: &typist{input, &out}, out: &out, err: &errOut}
	return outcome{report(&errOut, c.run(context.Background(), call{terminal: tty, command: c, words: args})), out.String(), errOut.String()}
}

// files lists what is in a directory.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// The goldens show the whole conversation, and the file.
func TestInit_AsksAndWritesAStackThatValidates(t *testing.T) {
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	project(t, nil)
	answers := strings.Join([]string{
		"example.com",                        // domain
		"10.0.50.11, 10.0.50.12, 10.0.50.13", // control planes
		"none",                               // workers
		"",                                   // disks: the proposed ones
		"y",                                  // Ceph
		"",                                   // network: the discovered one
		"",                                   // router: the discovered one
		"10.0.50.200-10.0.50.250",            // DHCP
		"10.0.50.300",                        // VIP: mistyped
		"10.0.50.50",                         // VIP
		"10.0.50.100-10.0.50.149",            // pool
		"none",                               // Cloudflare
		"https://github.com/me/home-ops.git", // repository
		"none",                               // secrets
	}, "\n") + "\n"
	got := begin(t, rackOf(t), answers)
	if got.code != exitOK || got.err != "" {
		t.Fatalf("got %+v", got)
	}
	golden.File(t, filepath.Join(testdata, "conversation.txt"), []byte(got.out))
	content, err := os.ReadFile("Pulumi.home.yaml")
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, filepath.Join(testdata, "Pulumi.discovered.yaml"), content)
	if verdict := homeops(t, "", "validate"); verdict.code != exitOK || verdict.out != "" {
		t.Errorf("the stack does not validate: %+v", verdict)
	}
	if info, err := os.Stat("Pulumi.home.yaml"); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v", info.Mode())
	}
}

// Who boots today's image gets a stack of today's Talos.
func TestInit_TakesTheTalosOfNewerBootMedia(t *testing.T) {
	project(t, nil)
	newer := func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error) {
		machines, err := rackOf(t)(ctx, addresses)
		for i := range machines {
			machines[i].TalosVersion = "v1.14.1"
		}
		return machines, err
	}
	if got := begin(t, newer, "", given()...); got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	content, err := os.ReadFile("Pulumi.home.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"talosVersion: v1.14.1\n", "talosContract: v1.14\n"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("no %q in\n%s", want, content)
		}
	}
	if verdict := homeops(t, "", "validate"); verdict.code != exitOK {
		t.Errorf("the stack does not validate: %+v", verdict)
	}
}

// given are flags that answer everything.
func given(changes ...string) []string {
	args := []string{
		"home", "--yes", "--domain=example.com", "--control-planes=10.0.50.11,10.0.50.12,10.0.50.13",
		"--vip=10.0.50.50", "--pool=10.0.50.100-10.0.50.149", "--repository=https://github.com/me/home-ops.git",
		"--secrets=none",
	}
	return append(args, changes...)
}

func TestInit_TakesFlagsInsteadOfAnswers(t *testing.T) {
	project(t, nil)
	got := begin(t, rackOf(t), "", given("--workers=10.0.50.21", "--disks=/dev/sda")...)
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	s, problems := spec.LoadFile("Pulumi.home.yaml")
	if len(problems) > 0 || len(s.Nodes) != 4 || s.Nodes[3].Role != spec.RoleWorker {
		t.Fatalf("problems %v, nodes %v", problems, s.Nodes)
	}
	for _, n := range s.Nodes {
		if n.InstallDisk.Serial != "DATA-"+n.Address.String() {
			t.Errorf("%s is installed on %+v", n.Name, n.InstallDisk)
		}
	}
	if s.Storage.RookCeph != nil {
		t.Error("Ceph took disks that nobody gave it")
	}
}

func TestInit_DescribesMachinesByHand(t *testing.T) {
	project(t, nil)
	got := begin(t, nil, "", given("--offline", "--cards=52:54:00:12:34:11,52:54:00:12:34:12,enp3s0", "--disks=serial=A,wwid=eui.2,/dev/disk/by-id/x", "--arch=arm64")...)
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	s, _ := spec.LoadFile("Pulumi.home.yaml")
	if s.Nodes[0].InstallDisk.Serial != "A" || s.Nodes[1].InstallDisk.WWID != "eui.2" || s.Nodes[2].InstallDisk.Path != "/dev/disk/by-id/x" ||
		s.Nodes[1].MAC.String() != "52:54:00:12:34:12" || s.Nodes[2].Interface != "enp3s0" || s.Nodes[0].Arch != spec.ArchARM64 {
		t.Errorf("got %+v", s.Nodes)
	}
}

func TestInit_GivesCephTheDisksThatAreDescribedByHand(t *testing.T) {
	project(t, nil)
	byHand := []string{"--offline", "--cards=52:54:00:12:34:11,52:54:00:12:34:12,52:54:00:12:34:13", "--disks=serial=A,serial=B,serial=C"}
	got := begin(t, nil, "", given(append(byHand, "--ceph=serial=D,wwid=eui.2,serial=F")...)...)
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	s, _ := spec.LoadFile("Pulumi.home.yaml")
	if s.Storage.RookCeph == nil || len(s.Storage.RookCeph.Nodes) != 3 {
		t.Fatalf("got %+v", s.Storage.RookCeph)
	}
	for n, want := range []string{"D", "eui.2", "F"} {
		disks := s.Storage.RookCeph.Nodes[n].Disks
		if len(disks) != 1 || disks[0].Serial+disks[0].WWID != want {
			t.Errorf("machine %d has %+v, not %s", n, disks, want)
		}
	}
	// Whoever asks for Ceph gets it, or is told why not.
	for ceph, want := range map[string]string{
		"--ceph=yes":                        "the machines are not read: name the disks, serial=NUMBER or wwid=ID for each of cp-1, cp-2, cp-3",
		"--ceph=serial=D,serial=E":          "2 disks for the 3 machines cp-1, cp-2, cp-3",
		"--ceph=/dev/sdb,/dev/sdb,/dev/sdb": "a path may be another disk's after the next boot: say serial=NUMBER or wwid=ID",
	} {
		dir := project(t, nil)
		got := begin(t, nil, "", given(append(byHand, ceph)...)...)
		if got.code != exitUsage || got.err != "homeops: init: --ceph: "+want+"\n" || files(t, dir) != "Pulumi.yaml" {
			t.Errorf("%s: got %d %q, files %s", ceph, got.code, got.err, files(t, dir))
		}
	}
}

func TestInit_RefusesCephThatCannotBeHad(t *testing.T) {
	const cannot = "homeops: init: --ceph: Ceph wants "
	for name, args := range map[string][]string{
		"one machine that is described": {"--control-planes=10.0.50.11", "--vip=none", "--offline", "--cards=enp3s0", "--disks=serial=A", "--ceph=yes"},
		"one machine that is read":      {"--control-planes=10.0.50.11", "--vip=none", "--ceph=yes"},
	} {
		dir := project(t, nil)
		got := begin(t, rackOf(t), "", given(args...)...)
		if got.code != exitUsage || !strings.HasPrefix(got.err, cannot) || files(t, dir) != "Pulumi.yaml" {
			t.Errorf("%s: got %d %q, files %s", name, got.code, got.err, files(t, dir))
		}
	}
}

func TestInit_NeverOverwrites(t *testing.T) {
	dir := project(t, map[string]string{"home": "mine\n"})
	got := begin(t, rackOf(t), "", given()...)
	if got.code != exitProblem || got.err != "homeops: Pulumi.home.yaml exists, and is not overwritten: edit it, or name another stack\n" {
		t.Errorf("got %+v", got)
	}
	if content, _ := os.ReadFile("Pulumi.home.yaml"); string(content) != "mine\n" || files(t, dir) != "Pulumi.home.yaml Pulumi.yaml" {
		t.Errorf("the file became %q, the directory %s", content, files(t, dir))
	}
	// Nor when it appears while the questions are asked.
	if err := writeNew("Pulumi.home.yaml", []byte("other")); err == nil || err.Error() != "Pulumi.home.yaml exists, and is not overwritten" {
		t.Errorf("got %v", err)
	}
	if files(t, dir) != "Pulumi.home.yaml Pulumi.yaml" {
		t.Errorf("left behind: %s", files(t, dir))
	}
}

func TestInit_WritesNothingWhenThePlanCannotWork(t *testing.T) {
	dir := project(t, nil)
	got := begin(t, rackOf(t), "", given("--pool=10.0.50.40-10.0.50.60")...)
	if got.code != exitProblem || !strings.Contains(got.out, "\nerror cilium.pools[0].blocks[0]: ") {
		t.Errorf("got %+v", got)
	}
	_, again, found := strings.Cut(got.err, "nothing was written. Correct what is wrong in\n  homeops init ")
	if !found || files(t, dir) != "Pulumi.yaml" {
		t.Fatalf("got %+v, files %s", got, files(t, dir))
	}
	// The command line that it prints gives every answer again.
	corrected := strings.Replace(strings.TrimSpace(again), "10.0.50.40-10.0.50.60", "10.0.50.100-10.0.50.110", 1)
	if got := begin(t, rackOf(t), "", strings.Fields(corrected)...); got.code != exitOK {
		t.Errorf("%s: %+v", corrected, got)
	}
}

func TestInit_LooksAtTheProjectsOtherStacks(t *testing.T) {
	project(t, map[string]string{"lab": other(t, ours, "https://github.com/me/lab.git")})
	got := begin(t, rackOf(t), "", given("--vip=10.0.60.50", "--networks=10.0.0.0/16", "--gateways=10.0.0.1")...)
	if got.code != exitProblem || !strings.Contains(got.out, "stack lab") && !strings.Contains(got.out, "stack home") {
		t.Errorf("got %+v", got)
	}
}

func TestInit_SaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		args  []string
		code  int
		want  string
	}{
		"the input ends":       {"", nil, exitUsage, "homeops: init: no answer to \"Domain of the cluster's host names\": give --domain, or --yes to take the defaults\n"},
		"a flag is unreadable": {"", []string{"--domain=Example"}, exitUsage, "homeops: init: --domain: \"Example\" is not a domain such as example.com, in lower case\n"},
		"no default":           {"", []string{"--yes"}, exitUsage, "homeops: init: --domain: \"\" is not a domain such as example.com, in lower case\n"},
		"two names":            {"", []string{"a", "b"}, exitUsage, "homeops: init: give one stack name of small letters, digits and dashes, got \"a b\"\n"},
		"a wrong count":        {"", given("--disks=/dev/sda,/dev/sdb"), exitUsage, "homeops: init: --disks: there are 3 machines: give 3 values or one, not 2\n"},
		"a disk that is none":  {"", given("--disks=/dev/sdz"), exitUsage, "homeops: init: --disks: 10.0.50.11 has no disk /dev/sdz\n"},
		"the stick":            {"", given("--disks=/dev/sdb"), exitUsage, "homeops: init: --disks: /dev/sdb of 10.0.50.11 cannot be installed on: it is read-only or on USB\n"},
	} {
		dir := project(t, nil)
		got := begin(t, rackOf(t), c.input, c.args...)
		if got.code != c.code || got.err != c.want || files(t, dir) != "Pulumi.yaml" {
			t.Errorf("%s: got %d %q, files %s", name, got.code, got.err, files(t, dir))
		}
	}
}

func TestInit_PassesOnWhatTheMachinesSay(t *testing.T) {
	project(t, nil)
	silent := func(context.Context, []netip.Addr) ([]discover.Machine, error) {
		return nil, errors.New("10.0.50.11: no Talos answers")
	}
	if got := begin(t, silent, "", given()...); got.code != exitProblem || got.err != "homeops: 10.0.50.11: no Talos answers\n" {
		t.Errorf("got %+v", got)
	}
}

func TestInit_MakesAnAgeKeyForSOPSAndSealsIt(t *testing.T) {
	dir := project(t, nil)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	key := filepath.Join(dir, "key.txt")
	got := begin(t, rackOf(t), "", given("--secrets=sops="+key)...)
	if got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	phrase := filepath.Join(dir, "config", "home-ops", "home.passphrase")
	for _, want := range []string{"Made an age key in " + key + " (age1", "Made the passphrase in " + phrase, "  export PULUMI_CONFIG_PASSPHRASE_FILE=" + phrase + "\n"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	private, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile("Pulumi.home.yaml")
	if strings.Contains(got.out+string(content), "AGE-SECRET-KEY-") || !strings.Contains(string(private), "AGE-SECRET-KEY-") {
		t.Error("the private key is where it does not belong, or nowhere")
	}
	if rules, err := os.ReadFile(".sops.yaml"); err != nil || !strings.Contains(string(rules), "age: age1") {
		t.Errorf(".sops.yaml: %v\n%s", err, rules)
	}
	// Nothing is left to be set, and what was sealed opens with the passphrase.
	if left := homeops(t, "", "validate"); left.code != exitOK || left.out != "" {
		t.Errorf("got %s", left.out)
	}
	if opened := opened(t, content, phrase); opened != string(private) {
		t.Error("the sealed key is not the key")
	}
}

// opened is the age key that a stack file has sealed.
func opened(t *testing.T, content []byte, phraseFile string) string {
	t.Helper()
	var file struct {
		Salt   string `yaml:"encryptionsalt"`
		Config struct {
			Key struct{ Secure string } `yaml:"home-ops:sopsAgeKey"`
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	phrase, _, err := passphrase.Ensure(phraseFile)
	if err != nil {
		t.Fatal(err)
	}
	seal := passphrase.Open(t.Context(), file.Salt, phrase)
	if seal == nil {
		t.Fatal("the passphrase does not open the file")
	}
	secret, err := seal.Secret(t.Context(), file.Config.Key.Secure)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}
