package spec_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// plan writes a stack file with many nodes of which each has its own disks, links and labels.
func plan(nodes int) []byte {
	var b bytes.Buffer
	b.WriteString(`config:
  home-ops:cluster: { domain: example.com, talosVersion: v1.11.1, talosContract: v1.11, kubernetesVersion: v1.34.1 }
  home-ops:network: { nodeCIDRs: [10.0.0.0/16, fd00:50::/64], vip: 10.0.250.250, dhcpRanges: [10.0.240.0-10.0.249.255] }
  home-ops:nodeDefaults: { extensions: [siderolabs/i915, siderolabs/intel-ucode], labels: { example.com/rack: a } }
  home-ops:flux: { repository: https://github.com/example/home.git }
  home-ops:cilium:
    pools: [{ name: default, blocks: [10.0.251.0-10.0.251.255, fd00:50::ffff:0/112] }]
  home-ops:nodes:
`)
	for i := range nodes {
		role := "worker"
		if i < 3 {
			role = "controlPlane"
		}
		hi, lo := 1+i/200, 10+i%200
		fmt.Fprintf(&b, `    - name: node-%d
      role: %s
      address: 10.0.%d.%d
      secondaryAddresses: [fd00:50::%x:%x]
      mac: 52:54:00:00:%02x:%02x
      installDisk: { serial: SYSTEM%06d }
      extraLinks: [{ mac: 52:54:01:00:%02x:%02x, mtu: 9000, addresses: [10.9.%d.%d/16] }]
      userVolumes: [{ name: scratch, disk: { serial: SCRATCH%06d }, minSize: 100GiB }]
`, i, role, hi, lo, hi, lo, i/256, i%256, i, i/256, i%256, hi, lo, i)
	}
	if nodes > 5 {
		b.WriteString("  home-ops:storage:\n    rookCeph:\n      nodes:\n")
	}
	for i := 3; nodes > 5 && i < nodes; i++ {
		fmt.Fprintf(&b, "        - { name: node-%d, disks: [{ serial: CEPH%06dA }, { serial: CEPH%06dB }] }\n", i, i, i)
	}
	return b.Bytes()
}

// describedPlan is a plan whose disks are described, whose links are named, and whose nodes have patches: each pair of
// uses is a question to Talos's evaluator, and each patch one to its loader.
func describedPlan(nodes int) []byte {
	text := string(plan(nodes))
	text = strings.Replace(text, "home-ops:nodeDefaults: { ", "home-ops:nodeDefaults: { "+
		`patches: [{ machine: { sysctls: { net.ipv4.tcp_fastopen: "3" } } }], `, 1)
	for i := range nodes {
		text = strings.Replace(text, fmt.Sprintf("disk: { serial: SCRATCH%06d }, minSize: 100GiB", i),
			`match: "disk.rotational && disk.size > 1u * TB && !system_disk", minSize: 100GiB`, 1)
		text = strings.Replace(text, fmt.Sprintf("{ serial: CEPH%06dA }", i),
			fmt.Sprintf("{ path: /dev/disk/by-id/nvme-Samsung_SSD_990_PRO_1TB_S6Z1NJ0W%06dA }", i), 1)
		text = strings.Replace(text, fmt.Sprintf("{ serial: CEPH%06dB }", i), fmt.Sprintf("{ wwid: eui.00253%06d }", i), 1)
	}
	return []byte(text)
}

func TestValidate_JudgesDescribedDisksAndPatchesOf250NodesInASecond(t *testing.T) {
	data, shortest := describedPlan(250), time.Hour
	for range 3 {
		start := processorTime(t)
		check(t, data)
		shortest = min(shortest, processorTime(t)-start)
	}
	if shortest > time.Second {
		t.Errorf("250 nodes take %s", shortest)
	}
	t.Logf("250 nodes take %s", shortest)
}

// check loads and validates a plan, as a preview does.
func check(tb testing.TB, data []byte) {
	s, problems := spec.Load("large", data)
	if problems = append(problems, s.Validate()...); len(problems) > 0 {
		tb.Fatalf("%d problems, first %s", len(problems), problems[0])
	}
}

func BenchmarkLoadAndValidate(b *testing.B) {
	for _, nodes := range []int{10, 50, 250} {
		data := plan(nodes)
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			for b.Loop() {
				check(b, data)
			}
		})
	}
}

// processorTime is what the test has used so far: unlike the wall clock it does not count other programs.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestValidate_GrowsAboutLinearlyWithTheNodes(t *testing.T) {
	best := func(nodes int) time.Duration {
		data := plan(nodes)
		shortest := time.Hour
		for range 5 {
			start := processorTime(t)
			check(t, data)
			shortest = min(shortest, processorTime(t)-start)
		}
		return shortest
	}
	small, large := best(50), best(250)
	if large > time.Second {
		t.Errorf("250 nodes take %s", large)
	}
	// Five times the nodes; twice that leaves room for a busy machine, and none for a square.
	if large > 10*small {
		t.Errorf("250 nodes take %s, 50 take %s", large, small)
	}
	t.Logf("50 nodes take %s, 250 take %s", small, large)
}
