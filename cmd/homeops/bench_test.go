package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// large is a stack of one control plane and n-1 workers.
func large(b *testing.B, n int) string {
	b.Helper()
	var text strings.Builder
	text.WriteString(`config:
  home-ops:cluster: { domain: example.com, talosVersion: v1.11.1, talosContract: v1.11, kubernetesVersion: v1.34.1 }
  home-ops:network: { nodeCIDRs: [10.0.0.0/16] }
  home-ops:flux: { repository: "https://github.com/me/home-ops.git" }
  home-ops:nodes:
`)
	role := "controlPlane"
	for i := range n {
		fmt.Fprintf(&text, "    - { name: node-%d, role: %s, address: 10.0.%d.%d, mac: 52:54:00:12:%02x:%02x, installDisk: { serial: S%05d } }\n",
			i, role, 10+i/200, 1+i%200, i/256, i%256, i)
		role = "worker"
	}
	return text.String()
}

// built is the path of this program, compiled.
func built(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "homeops")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// BenchmarkValidate is what a person waits for after saving a file: it starts the built program.
func BenchmarkValidate(b *testing.B) {
	binary := built(b)
	for _, nodes := range []int{5, 50, 250} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			dir := b.TempDir()
			for file, content := range map[string]string{"Pulumi.yaml": "name: home-ops\n", "Pulumi.home.yaml": large(b, nodes)} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				cmd := exec.Command(binary, "validate")
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
		})
	}
}

// BenchmarkCheck is the part of it that is not the program's start.
func BenchmarkCheck(b *testing.B) {
	for _, nodes := range []int{5, 50, 250} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			dir := b.TempDir()
			b.Chdir(dir)
			if err := os.WriteFile("Pulumi.home.yaml", []byte(large(b, nodes)), 0o600); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var out bytes.Buffer
				if code := run(context.Background(), terminal{out: &out, err: &out}, []string{"validate", "Pulumi.home.yaml"}); code != exitOK {
					b.Fatal(out.String())
				}
			}
		})
	}
}

// BenchmarkDiff is what a person waits for before a pull request: it starts the built program, which reads the last
// commit and compares it with a working tree in which a sysctl of every node has changed.
func BenchmarkDiff(b *testing.B) {
	binary := built(b)
	for _, nodes := range []int{5, 50, 250} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			repository(b)
			write(b, stackHome, large(b, nodes))
			commit(b)
			edit(b, stackHome, "  home-ops:nodes:\n", "  home-ops:nodeDefaults: { sysctls: { net.core.somaxconn: \"4096\" } }\n  home-ops:nodes:\n")
			want := fmt.Sprintf("home: %d machines change while they run\n", nodes)
			var cpu time.Duration
			for b.Loop() {
				cmd := exec.Command(binary, "diff", "HEAD")
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.HasPrefix(string(out), want) {
					b.Fatalf("%v: no %q in\n%s", err, want, out)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			// Beside the time on the wall, this one says the same on a busy machine.
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// BenchmarkPictures is what a person waits for who draws a stack anew.
func BenchmarkPictures(b *testing.B) { benchmarkCommand(b, "pictures") }

// BenchmarkRender is what a person waits for to see what a stack would apply, all of it written to files.
func BenchmarkRender(b *testing.B) { benchmarkCommand(b, "render") }

// BenchmarkRenderMachines is the part of it that tools for Talos alone make.
func BenchmarkRenderMachines(b *testing.B) { benchmarkCommand(b, "render", "-machines") }

// benchmarkCommand starts the built program for a stack of a size.
func benchmarkCommand(b *testing.B, args ...string) {
	binary := built(b)
	for _, nodes := range []int{5, 50, 250} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			repository(b)
			write(b, stackHome, large(b, nodes))
			var cpu time.Duration
			for b.Loop() {
				cmd := exec.Command(binary, append(slices.Clone(args), "home")...)
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}
