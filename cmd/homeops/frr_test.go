package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

// frrOf runs the command and returns its exit code and both streams.
func frrOf(t *testing.T, words ...string) (int, string, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), terminal{out: &out, err: &errOut}, append([]string{"frr"}, words...))
	return code, out.String(), errOut.String()
}

func TestFRR_WritesTheOnlyRoutersConfiguration(t *testing.T) {
	code, out, errOut := frrOf(t, spectest.LabFile(t))
	want, err := os.ReadFile("../../components/cilium/frr/testdata/lab-unifi.conf")
	if err != nil {
		t.Fatal(err)
	}
	if code != exitOK || out != string(want) || errOut != "" {
		t.Errorf("exit %d, %q\n%s", code, errOut, out)
	}
}

func TestFRR_SaysWhatIsMissing(t *testing.T) {
	lab, err := os.ReadFile(spectest.LabFile(t))
	if err != nil {
		t.Fatal(err)
	}
	two := filepath.Join(t.TempDir(), "Pulumi.lab.yaml")
	changed := strings.Replace(string(lab), "asn: 4200000001", "asn: 4200000002", 1)
	if err := os.WriteFile(two, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		words []string
		want  string
	}{
		"no stack":            {nil, "homeops: frr: name one stack or stack file\n"},
		"a stack without BGP": {[]string{spectest.HomeFile(t)}, "homeops: frr: stack home has no cilium.bgp\n"},
		"two routers":         {[]string{two}, "homeops: frr: name one router with -router: unifi, unifi-v6\n"},
		"an unknown router": {
			[]string{"-router", "x", spectest.LabFile(t)},
			"homeops: frr: name one router with -router: unifi\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := frrOf(t, test.words...)
			if code != exitUsage || out != "" || errOut != test.want {
				t.Errorf("exit %d, %q, %q, want %q", code, out, errOut, test.want)
			}
		})
	}
}
