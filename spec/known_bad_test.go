package spec

import "testing"

func TestKnownBad_ReadsItsOwnFile(t *testing.T) {
	entries, err := parseKnownBad(knownBadFile)
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
}

func TestKnownBad_TellsEverythingThatIsWrongWithAnEntry(t *testing.T) {
	_, err := parseKnownBad([]byte(`
- { id: a, link: http://x, severity: fatal, versions: { cillium: ">=1.0.0", talos: "around 1.12" }, with: moon, text: x }
- { id: a, link: https://x, severity: error, versions: { talos: "=v1.12.0" }, text: x }
`))
	const want = `known_bad.yaml:
a: wants id, link, versions and text
a: severity "fatal" is neither error nor warning
a: with "moon" is not a part of the stack file that entries can ask for
a: versions.cillium is no component
a: versions.talos: "around" is not a bound such as >=v1.19.0
a: is there twice`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

func TestKnownBad_HoldsOnlyWhereEveryRangeDoes(t *testing.T) {
	entry := knownBad{Versions: map[Component]string{CiliumChart: ">=1.18.0 <1.20.0", GatewayAPIKinds: ">=v1.5.0"}}
	for _, test := range []struct {
		name string
		set  VersionSet
		want bool
	}{
		{"both in range", VersionSet{CiliumChart: "1.19.4", GatewayAPIKinds: "v1.6.1"}, true},
		{"at the lower bound", VersionSet{CiliumChart: "1.18.0", GatewayAPIKinds: "v1.5.0"}, true},
		{"at the upper bound", VersionSet{CiliumChart: "1.20.0", GatewayAPIKinds: "v1.6.1"}, false},
		{"a pre-release of the upper bound", VersionSet{CiliumChart: "1.20.0-rc.1", GatewayAPIKinds: "v1.6.1"}, true},
		{"one out of range", VersionSet{CiliumChart: "1.19.4", GatewayAPIKinds: "v1.4.1"}, false},
		{"one that the stack lacks", VersionSet{CiliumChart: "1.19.4"}, false},
	} {
		if got := entry.holds(test.set); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// The table has no gap for the components that must run every minor release.
func TestReleases_HaveOneOfEachMinor(t *testing.T) {
	for _, facts := range components {
		list := releases[facts.Component]
		for i := 1; i < len(list) && facts.oneByOne; i++ {
			a, _ := list[i-1].parse()
			b, _ := list[i].parse()
			if facts.Component != CephImage && (b.major != a.major || b.minor != a.minor+1) {
				t.Errorf("%s: nothing between %s and %s", facts.title, list[i-1], list[i])
			}
		}
	}
}
