package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/cmd/homeops/picture"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// words are all texts of a picture, its text alternatives among them, with single blanks.
func words(t *testing.T, svg []byte) string {
	t.Helper()
	var out strings.Builder
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(strings.Fields(out.String()), " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			out.Write(text)
			out.WriteByte(' ')
		}
	}
}

func serial(d spec.DiskSelector) string { return d.Serial }

func TestAll_ShowsEveryNodeDiskPoolAndAddress(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		drawings := drawn(t, stack)
		machines, addresses := words(t, drawings[picture.Machines]), words(t, drawings[picture.Addresses])
		requests := words(t, drawings[picture.Requests])
		wants := func(where, text, what string) {
			t.Helper()
			if what != "" && !strings.Contains(text, what) {
				t.Errorf("%s: %s does not show %s", stack.Name, where, what)
			}
		}
		for _, n := range stack.Nodes {
			wants(picture.Machines, machines, n.Name)
			wants(picture.Machines, machines, n.MAC.String())
			wants(picture.Machines, machines, serial(n.InstallDisk))
			wants(picture.Machines, machines, n.InstallDisk.Model)
			for _, a := range n.Addresses() {
				wants(picture.Machines, machines, a.String())
				wants(picture.Addresses, addresses, n.Name+" "+a.String())
			}
			for _, v := range n.UserVolumes {
				wants(picture.Machines, machines, v.Name)
				wants(picture.Machines, machines, v.Match)
			}
		}
		for _, p := range stack.Cilium.Pools {
			for _, b := range p.Blocks {
				wants(picture.Addresses, addresses, "pool "+p.Name+" "+b.String())
			}
		}
		for _, r := range stack.Network.DHCPRanges {
			wants(picture.Addresses, addresses, "DHCP "+r.String())
		}
		wants(picture.Addresses, addresses, "API (VIP) "+stack.Network.VIP.String())
		for _, p := range slices.Concat(stack.Network.NodeCIDRs, stack.Network.PodCIDRs, stack.Network.ServiceCIDRs) {
			wants(picture.Addresses, addresses, p.String())
		}
		for gateway, all := range map[string]string{"internal gateway": stack.Edge.Gateways.Internal[0].String(), "external gateway": stack.Edge.Gateways.External[0].String()} {
			wants(picture.Addresses, addresses, gateway+" "+all)
			wants(picture.Requests, requests, all)
		}
		if ceph := stack.Storage.RookCeph; ceph != nil {
			for _, n := range ceph.Nodes {
				for _, d := range n.Disks {
					wants(picture.Machines, machines, n.Name+": Ceph, serial "+serial(d))
				}
			}
		}
		if zfs := stack.Storage.ZFS; zfs != nil {
			for _, p := range zfs.Pools {
				for _, d := range p.Disks {
					wants(picture.Machines, machines, p.Node+": ZFS pool "+p.Name+" "+string(p.Layout)+", serial "+serial(d))
				}
			}
		}
	}
}

func TestAll_ShowsWhatWaitsForWhat(t *testing.T) {
	owners := words(t, drawn(t, spectest.Home(t))[picture.Owners])
	order := []string{"TalosCluster", "CiliumNetworking", "EdgeAccess", "FluxBootstrap", "access · system · echo", "snapshot-controller after system", "volsync after snapshot-controller"}
	at := -1
	for _, next := range order {
		i := strings.Index(owners, next)
		if i <= at {
			t.Errorf("%s is at %d, and what comes before it at %d: %s", next, i, at, owners)
		}
		at = i
	}
	if want := "Waits for CiliumNetworking, EdgeAccess, SecretStore."; !strings.Contains(owners, want) {
		t.Errorf("no %q", want)
	}
}

func TestAll_RefusesAnOrderThatNeverEnds(t *testing.T) {
	circle := tree()
	circle.Kustomizations[2].Spec.DependsOn = append(circle.Kustomizations[2].Spec.DependsOn, circle.Kustomizations[3].Spec.DependsOn...)
	_, err := picture.All(spectest.Home(t), nil, circle)
	want := "owners.svg: these wait for each other: flux-system/system, flux-system/volsync, flux-system/snapshot-controller"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAll_KnowsWhoBringsAboutEachCondition(t *testing.T) {
	for _, condition := range plan.Conditions() {
		parts := plan.Parts{{Component: "rook", Steps: plan.Steps{{Name: "a", Needs: []plan.Condition{condition}}}}}
		if _, err := picture.All(spectest.Home(t), parts, tree()); err != nil {
			t.Error(err)
		}
	}
	parts := plan.Parts{{Component: "rook", Steps: plan.Steps{{Name: "a", Needs: []plan.Condition{"luck"}}}}}
	if _, err := picture.All(spectest.Home(t), parts, tree()); err == nil || err.Error() != `owners.svg: nobody is known who brings about "luck"` {
		t.Errorf("error %v", err)
	}
}

func TestAll_SaysTheWayThatThereIs(t *testing.T) {
	change := func(edit func(*spec.Stack)) string {
		stack := spectest.Home(t)
		edit(stack)
		return words(t, drawn(t, stack)[picture.Requests])
	}
	for name, test := range map[string]struct {
		edit func(*spec.Stack)
		want string
	}{
		"a tunnel":         {func(*spec.Stack) {}, "two pods that opened the tunnel from inside"},
		"a forwarded port": {func(s *spec.Stack) { s.Edge.Exposure = spec.ExposureDirect }, "port 443"},
		"no way in":        {func(s *spec.Stack) { s.Edge.Exposure = spec.ExposureNone }, "no way leads in"},
		"layer 2":          {func(*spec.Stack) {}, "One node answers for 10.0.50.101"},
		"nobody":           {func(s *spec.Stack) { s.Cilium.L2.Enabled = false }, "Nobody announces 10.0.50.101"},
		"no gateways":      {func(s *spec.Stack) { s.Edge = spec.Edge{} }, "The stack has no gateways"},
	} {
		if got := change(test.edit); !strings.Contains(got, test.want) {
			t.Errorf("%s: no %q in %s", name, test.want, got)
		}
	}
	if got := words(t, drawn(t, spectest.Lab(t))[picture.Requests]); !strings.Contains(got, "by BGP from 3 nodes") {
		t.Error(got)
	}
}

// A name that breaks out of its text would break the picture.
func TestAll_EscapesWhatAStackFileSays(t *testing.T) {
	stack := spectest.Home(t)
	stack.Nodes[0].Name = `<a & "b">`
	if got := words(t, drawn(t, stack)[picture.Machines]); !strings.Contains(got, `<a & "b">`) {
		t.Error(got)
	}
}

func TestAll_HasATitleAndADescription(t *testing.T) {
	for name, svg := range drawn(t, spectest.Home(t)) {
		for _, want := range []string{`role="img"`, `aria-labelledby="title desc"`, `<title id="title">`, `<desc id="desc">`, "prefers-color-scheme:dark"} {
			if !bytes.Contains(svg, []byte(want)) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

// Raising a version changes no picture, so that no pull request that does has to draw.
func TestAll_HasNoVersionInIt(t *testing.T) {
	stack := spectest.Home(t)
	before := drawn(t, stack)
	stack.Cluster.TalosVersion, stack.Versions.Cilium = "v9.9.9", "9.9.9"
	if !maps.EqualFunc(before, drawn(t, stack), bytes.Equal) {
		t.Error("another version gives another picture")
	}
}

var (
	variable = regexp.MustCompile(`--([a-z]+):(#[0-9a-f]{6});`)
	fontSize = regexp.MustCompile(`font(?:-size)?:(\d+)px`)
)

// https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
func TestAll_CanBeReadOnLightAndDarkPages(t *testing.T) {
	svg := drawn(t, spectest.Home(t))[picture.Machines]
	sheets := bytes.SplitN(svg, []byte("@media"), 2)
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, m := range variable.FindAllSubmatch(bytes.SplitN(sheets[i], []byte("}"), 2)[0], -1) {
			colours[string(m[1])] = string(m[2])
		}
		if len(colours) < 10 {
			t.Fatalf("%s: only %d colours", scheme, len(colours))
		}
		for name, c := range colours {
			least := 3.0
			switch name {
			case "page", "panel":
				continue
			case "ink", "dim":
				least = 4.5
			}
			for _, surface := range []string{"page", "panel"} {
				if got := contrast(t, c, colours[surface]); got < least {
					t.Errorf("%s: %s on %s is %.2f, want %.1f", scheme, name, surface, got, least)
				}
			}
		}
	}
	for _, m := range fontSize.FindAllSubmatch(svg, -1) {
		if size, _ := strconv.Atoi(string(m[1])); size < 12 {
			t.Errorf("a text of %d is too small for a telephone", size)
		}
	}
}
