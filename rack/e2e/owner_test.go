package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Stack files are their owner's. One who renames the first sample, edits it as an owner or Renovate would, and removes the second, has
// every test of the program green all the same.
func TestOwner_EditsOfStackFilesTurnNoTestRed(t *testing.T) {
	onDayTwo(t)
	here, err := filepath.Abs(project)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Pulumi.home.yaml", "Pulumi.lab.yaml"} {
		if _, err := os.Stat(filepath.Join(here, name)); err != nil {
			t.Skipf("the samples are gone, and every other test shows what this one would: %v", err)
		}
	}
	dir := t.TempDir()
	p := &person{t: t, dir: dir, root: dir, began: time.Now()}
	p.types("git clone -q " + here + " casa")
	p.dir = filepath.Join(p.dir, "casa")
	for _, line := range []string{
		"git rm -rq Pulumi.lab.yaml kubernetes/clusters/lab",
		"git mv Pulumi.home.yaml Pulumi.casa.yaml",
		"git mv kubernetes/clusters/home kubernetes/clusters/casa",
		"sed -i s/Pulumi.home/Pulumi.casa/ kubernetes/clusters/casa/*.yaml",
		"sed -i s,clusters/home,clusters/casa, .sops.yaml Pulumi.casa.yaml",
		"sed -i 's/name: home$/name: casa/; s/domain: example.com/domain: casa.example.net/; s/10.0.50.199/10.0.50.220/' Pulumi.casa.yaml",
		"sed -i '/monitorVolume/d; /ephemeralVolume:/d; /userVolumes:/d; /name: ceph, match/d' Pulumi.casa.yaml",
		"sed -i 's/talosVersion: v1.11.1/talosVersion: v1.11.2/; s,home-ops/home-ops.git,me/casa.git,' Pulumi.casa.yaml",
		"go run ./cmd/homeops validate",
		"go test -timeout 30m ./...",
	} {
		p.types(line)
	}
}
