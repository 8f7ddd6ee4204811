package spec_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestLoad_SaysWhatIsNoStackFile(t *testing.T) {
	for name, tt := range map[string]struct{ data, want string }{
		"empty":           {"", "error: the file is empty; `make init` writes a first one"},
		"only a comment":  {"# nothing\n", "error: the file is empty; `make init` writes a first one"},
		"a list":          {"- a\n", "error: the file is a list; it wants the key config"},
		"no config":       {"encryptionsalt: v1:x\n", "error: the file has no config; its keys begin with home-ops:"},
		"config is words": {"config: nothing\n", "error: config is the text \"nothing\"; it wants keys that begin with home-ops:"},
		"two documents":   {"config: {}\n---\nconfig: {}\n", "error: the file has a second document (---), which Pulumi does not read"},
		"a tab":           {"config:\n\thome-ops:cluster: {}\n", "error: is not YAML: line 2 is indented with a tab; YAML wants blanks (the parser: found character that cannot start any token)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := spec.Load("broken", []byte(tt.data))
			if got := lines(problems); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLoadFile_SaysThatThereIsNoFile(t *testing.T) {
	s, problems := spec.LoadFile("testdata/Pulumi.nowhere.yaml")
	if s.Name != "nowhere" || len(problems) != 1 || problems[0].Message != "there is no such file" {
		t.Errorf("got %q %v", s.Name, problems)
	}
}

func TestLoad_PointsAtTheValue(t *testing.T) {
	const data = `config:
  home-ops:network:
    nodeCIDRs:
      - 10.0.0.0/16
      - 10.0.0/16
  home-ops:nodes:
    - name: k1
      adress: 10.0.50.11
      installDisk: { serial: 1 }
`
	_, problems := spec.Load("places", []byte(data))
	want := map[string][2]int{
		"network.nodeCIDRs[1]":        {5, 9},
		"nodes[0].adress":             {8, 7},
		"nodes[0].installDisk.serial": {9, 30},
	}
	for _, p := range problems {
		if place, ok := want[p.Path]; !ok || place != [2]int{p.Line, p.Column} {
			t.Errorf("%s at %d:%d, want %v", p, p.Line, p.Column, place)
		}
		delete(want, p.Path)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}

func TestLoad_PointsAtTheDefaultsThatAMachineTakesOver(t *testing.T) {
	data := strings.Replace(string(plan(3)), "extensions: [siderolabs/i915, siderolabs/intel-ucode]", "extensions: [i915]", 1)
	s, _ := spec.Load("inherited", []byte(data))
	problems := s.Validate()
	if len(problems) != 1 || problems[0].Path != "nodeDefaults.extensions[0]" || problems[0].Line == 0 {
		t.Errorf("three machines with one wrong default gave %v", lines(problems))
	}
}

func TestLoad_SurvivesAliasesThatHoldThemselves(t *testing.T) {
	for name, data := range map[string]string{
		"in a patch":     "config:\n  home-ops:nodeDefaults:\n    patches: [&a { b: *a }]\n",
		"in a merge key": "config:\n  home-ops:nodeDefaults: &a\n    <<: *a\n    <<: [*a, *a]\n    mtu: 1500\n",
		"many times over": "config:\n  home-ops:nodeDefaults:\n    patches:\n      - a: &a [1,2,3,4,5,6,7,8,9]\n        b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" +
			"        c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n        d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n        e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n" +
			"        f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n        g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, problems := spec.Load("bomb", []byte(data))
			if !append(problems, s.Validate()...).HasErrors() {
				t.Error("accepted")
			}
			if len(problems) > 100 {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}

func TestFromConfig_ReadsNumbersAsTheEngineWritesThem(t *testing.T) {
	config := map[string]string{
		"cilium":  `{"bgp":{"localASN":4.200000001e+09,"peers":[{"name":"a","address":"10.0.0.1","asn":65000}]}}`,
		"cluster": `{"name":"caf\u00e9 \ud83d\ude00"}`,
		"flux":    `not json`,
	}
	s, problems := spec.FromConfig("engine", func(key string) (string, bool) {
		raw, ok := config[key]
		return raw, ok
	})
	if s.Cilium.BGP == nil || s.Cilium.BGP.LocalASN != 4200000001 {
		t.Errorf("localASN was read as %+v", s.Cilium.BGP)
	}
	if s.Cluster.Name != "café 😀" {
		t.Errorf("the name was read as %q", s.Cluster.Name)
	}
	if len(problems) != 1 || problems[0].Path != "flux" || !strings.HasPrefix(problems[0].Message, "is not an object of keys and values: ") {
		t.Errorf("got %v", problems)
	}
}

func TestNodeDefaults_AreReplacedWholeAndMapsMerged(t *testing.T) {
	data := strings.Replace(string(plan(3)), "      role: controlPlane\n", "      role: controlPlane\n      labels: { example.com/floor: attic }\n      extensions: []\n", 1)
	s, problems := spec.Load("merged", []byte(data))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	first, second := s.Nodes[0], s.Nodes[1]
	if len(first.Labels) != 2 || len(second.Labels) != 1 {
		t.Errorf("labels %v and %v", first.Labels, second.Labels)
	}
	if len(first.Extensions) != 0 || len(second.Extensions) != 2 {
		t.Errorf("extensions %v and %v", first.Extensions, second.Extensions)
	}
}
