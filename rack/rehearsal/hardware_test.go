package rehearsal

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// TestHardwareOf_HasOneDiskForEachThatTheStackNames keeps the machines honest: what the stack file names is there once,
// and there is a disk that it does not name.
func TestHardwareOf_HasOneDiskForEachThatTheStackNames(t *testing.T) {
	files, err := filepath.Glob("../../spec/spectest/testdata/Pulumi.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stack files: %v", err)
	}
	for _, file := range files {
		stack, problems := spec.LoadFile(file)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for _, n := range stack.Nodes {
			h := hardwareOf(stack, n)
			selectors := append(storageDisks(stack, n.Name), n.InstallDisk)
			for _, s := range selectors {
				if s.IsZero() {
					continue
				}
				if got := matches(h, s); got != 1 {
					t.Errorf("%s: %s: %d disks match %+v, want 1", file, n.Name, got, s)
				}
			}
			if last := h.Disks[len(h.Disks)-1]; !strings.HasPrefix(last.Serial, "DECOY-") {
				t.Errorf("%s: %s: no decoy among %v", file, n.Name, h.Disks)
			}
			if len(h.Links) == 0 {
				t.Errorf("%s: %s: no link", file, n.Name)
			}
		}
	}
}

func matches(h node.Hardware, s spec.DiskSelector) int {
	count := 0
	for _, d := range h.Disks {
		same := (s.Serial == "" || s.Serial == d.Serial) && (s.WWID == "" || s.WWID == d.WWID) &&
			(s.Type == "" || string(s.Type) == string(d.Type)) && (s.Model == "" || concrete(s.Model) == d.Model) &&
			(s.MinSize == 0 || d.Size >= uint64(s.MinSize)) && (s.MaxSize == 0 || d.Size <= uint64(s.MaxSize))
		if s.Path != "" {
			same = d.Path == s.Path || (len(d.Symlinks) > 0 && d.Symlinks[0] == s.Path)
		}
		if same {
			count++
		}
	}
	return count
}

func TestUdevLinks_AreWhatCephsFiltersLookFor(t *testing.T) {
	for name, test := range map[string]struct {
		disk     node.Disk
		selector spec.DiskSelector
	}{
		"an NVMe disk by serial": {node.Disk{Type: node.DiskNVMe, Model: "Samsung SSD 990 PRO", Serial: "S73W"}, spec.DiskSelector{Serial: "S73W"}},
		"a SATA disk by serial":  {node.Disk{Type: node.DiskHDD, Model: "WDC WD40", Serial: "WD-W1"}, spec.DiskSelector{Serial: "WD-W1"}},
		"a SATA disk by wwid":    {node.Disk{Type: node.DiskHDD, Serial: "A", WWID: "naa.5000C5"}, spec.DiskSelector{WWID: "naa.5000c5"}},
		"an NVMe disk by wwid":   {node.Disk{Type: node.DiskNVMe, Serial: "A", WWID: "eui.0025"}, spec.DiskSelector{WWID: "eui.0025"}},
	} {
		pattern, err := test.selector.LinkPattern()
		if err != nil {
			t.Fatal(err)
		}
		expression := regexp.MustCompile("^" + pattern + "$")
		if links := udevLinks(test.disk); !slices.ContainsFunc(links, expression.MatchString) {
			t.Errorf("%s: %s matches none of %q", name, pattern, links)
		}
	}
}
