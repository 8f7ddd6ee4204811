package firststack_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mac(t *testing.T, s string) spec.MAC {
	t.Helper()
	m, err := spec.ParseMAC(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func block(t *testing.T, s string) spec.Range {
	t.Helper()
	r, err := spec.ParseRange(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func node(t *testing.T, name string, role spec.Role, last string) firststack.Node {
	return firststack.Node{
		Name: name, Role: role, Address: addr("10.0.50." + last), MAC: mac(t, "52:54:00:12:34:"+last),
		InstallDisk: spec.DiskSelector{Serial: "OS" + last},
	}
}

// plans are the shapes that homeops init writes.
func plans(t *testing.T) map[string]firststack.Plan {
	basic := firststack.Plan{
		Stack: "home", Domain: "example.com", TalosVersion: firststack.TalosVersion, KubernetesVersion: firststack.KubernetesVersion,
		NodeCIDRs:  []netip.Prefix{netip.MustParsePrefix("10.0.50.0/24")},
		Nodes:      []firststack.Node{node(t, "cp-1", spec.RoleControlPlane, "11")},
		Repository: "https://github.com/me/home-ops.git",
	}
	full := basic
	full.Gateways = []netip.Addr{addr("10.0.50.254")}
	full.DHCPRanges = []spec.Range{block(t, "10.0.50.200-10.0.50.220"), block(t, "10.0.50.13")}
	full.VIP = addr("10.0.50.50")
	full.Pool = []spec.Range{block(t, "10.0.50.100-10.0.50.149")}
	full.Edge = firststack.Gateways{DNS: []netip.Addr{addr("10.0.50.100")}, Internal: []netip.Addr{addr("10.0.50.101")}, External: []netip.Addr{addr("10.0.50.102")}}
	full.CloudflareAccount, full.Email = "0123456789abcdef0123456789abcdef", "me@example.com"
	full.Salt, full.Sealed = "v1:c2FsdA==:v1:bm9uY2U=:c2VhbGVk", map[string]string{"sopsAgeKey": "v1:bm9uY2U=:c2VhbGVk"}
	full.AgeRecipient = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
	full.BreakGlass = &spec.BreakGlass{
		Recipients: []string{"age1ckk4xn7pws9s0jgahwk8aauy0pl5karqlmv2tq7mg8c092d7seesgkgj4n"}, Place: "/media/break-glass",
	}
	full.Nodes = nil
	for _, last := range []string{"11", "12", "13"} {
		full.Nodes = append(full.Nodes, node(t, "cp-"+last[1:], spec.RoleControlPlane, last))
	}
	for _, last := range []string{"21", "22", "23"} {
		n := node(t, "worker-"+last[1:], spec.RoleWorker, last)
		n.CephDisks = []spec.DiskSelector{{WWID: "eui." + last}}
		n.Note = "Some  Board, 4 cores"
		full.Nodes = append(full.Nodes, n)
	}
	full.Nodes[3].Arch = spec.ArchARM64
	full.Nodes[5].MAC, full.Nodes[5].Interface = spec.MAC{}, "enp1s0"

	six := basic
	six.NodeCIDRs = []netip.Prefix{netip.MustParsePrefix("fd00:50::/64")}
	six.Gateways = []netip.Addr{addr("fe80::1")}
	six.Nodes = []firststack.Node{{
		Name: "pi", Role: spec.RoleControlPlane, Address: addr("fd00:50::11"), MAC: mac(t, "52:54:00:12:34:11"),
		Arch: spec.ArchARM64, InstallDisk: spec.DiskSelector{Path: "/dev/mmcblk0"},
	}}
	vault := basic
	vault.OnePasswordVault = "home"
	return map[string]firststack.Plan{"basic": basic, "full": full, "ipv6": six, "onepassword": vault}
}

func TestRender_WritesWhatTheGoldensShow(t *testing.T) {
	for name, plan := range plans(t) {
		got, err := plan.Render()
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name+".yaml")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestPlans_PassTheirOwnCheck(t *testing.T) {
	for name, plan := range plans(t) {
		_, problems := plan.Check()
		for _, p := range problems.Errors() {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestPlans_NameReleasesThatGoTogether(t *testing.T) {
	for name, plan := range plans(t) {
		_, problems := plan.Check()
		var paths []string
		for _, p := range problems {
			if strings.HasPrefix(p.Path, "versions.") {
				paths = append(paths, p.Path)
			}
		}
		if len(paths) > 0 {
			t.Errorf("%s: the tables do not allow %v", name, paths)
		}
	}
}

// Whatever is typed comes back out of the loader as it was typed.
func TestRender_QuotesWhatYAMLWouldMisread(t *testing.T) {
	plan := plans(t)["basic"]
	plan.Nodes[0].InstallDisk = spec.DiskSelector{Serial: "1e5"}
	plan.Nodes[0].Note = "a # b: {"
	plan.Repository = "https://example.com/a: b #c.git"
	text, err := plan.Render()
	if err != nil {
		t.Fatal(err)
	}
	s, problems := spec.Load("home", text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Nodes[0].InstallDisk.Serial != "1e5" || s.Flux.Repository != plan.Repository {
		t.Errorf("got %q and %q", s.Nodes[0].InstallDisk.Serial, s.Flux.Repository)
	}
	if !strings.HasPrefix(string(text), "# yaml-language-server: $schema=spec/schema/stack.schema.json\n") {
		t.Error("the first line does not name the schema")
	}
}

func TestTalosFor_FollowsTheOldestBootMedia(t *testing.T) {
	for want, media := range map[spec.Version][][]spec.Version{
		firststack.TalosVersion: {nil, {"v1.10.4"}, {"v1.14.0", "v1.14.1"}, {"v1.14.1", ""}, {"v9.0.0"}, {"v1.14.1", "v9.0.0"}, {"v1.11.1", "v9.0.0"}},
		"v1.11.0":               {{"v1.11.0"}, {"v1.14.1", "v1.11.0"}},
		"v1.12.3":               {{"v1.14.1", "v1.12.3", "v1.13.0"}},
	} {
		for _, versions := range media {
			if got := firststack.TalosFor(versions); got != want {
				t.Errorf("%v: %s, want %s", versions, got, want)
			}
		}
	}
}

func TestKubernetesFor_IsWhatTheTalosRuns(t *testing.T) {
	for talos, want := range map[spec.Version]spec.Version{
		firststack.TalosVersion: firststack.KubernetesVersion, "v1.12.3": "v1.35.4", "v1.11.1": "v1.34.1", "v1.99.0": firststack.KubernetesVersion,
	} {
		if got := firststack.KubernetesFor(talos); got != want {
			t.Errorf("Talos %s: %s, want %s", talos, got, want)
		}
	}
}

// A stack that begins with Ceph begins without a warning.
func TestKubernetesForCeph_IsWhatTheTestedRookSupports(t *testing.T) {
	for limit, want := range map[spec.Version]spec.Version{"v1.37.1": "v1.36.4", "v1.36.4": "v1.36.4", "v1.34.1": "v1.34.1", "v1.33.4": "v1.33.4"} {
		if got := firststack.KubernetesForCeph(limit); got != want {
			t.Errorf("up to %s: %s, want %s", limit, got, want)
		}
	}
}
