package frr_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/spec"
)

func TestConfigs_CallNodesThatListen(t *testing.T) {
	stack, problems := spec.LoadFile("../testdata/Pulumi.dual.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[int][2]string{0: {" passive\n", " port "}, 1790: {" port 1790\n", " passive\n"}} {
		stack.Cilium.BGP.LocalPort = port
		configs, err := frr.Configs(stack)
		if err != nil || len(configs) == 0 {
			t.Fatal(configs, err)
		}
		for name, conf := range configs {
			if !strings.Contains(string(conf), want[0]) || strings.Contains(string(conf), want[1]) {
				t.Errorf("port %d: %s\n%s", port, name, conf)
			}
		}
	}
}
