package discover

import (
	"strings"
	"testing"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
)

func TestInstalledOn_EvaluatesTheSelectorAsTalosDoes(t *testing.T) {
	st := state.WrapCore(namespaced.NewState(inmem.Build))
	disk := func(id, serial, link string) resource.Resource {
		d := block.NewDisk(block.NamespaceName, id)
		d.TypedSpec().DevPath, d.TypedSpec().Serial, d.TypedSpec().Symlinks = "/dev/"+id, serial, []string{link}
		d.TypedSpec().SetSize(500e9)
		d.TypedSpec().Transport = "sata"
		return d
	}
	system := block.NewSystemDisk(block.NamespaceName, block.SystemDiskID)
	system.TypedSpec().DiskID, system.TypedSpec().DevPath = "sda", "/dev/sda"
	for _, r := range []resource.Resource{system, disk("sda", "SYS1", "/dev/disk/by-id/ata-one"), disk("sdb", "DATA1", "/dev/disk/by-id/ata-two")} {
		if err := st.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	const main = "version: v1alpha1\nmachine:\n  type: worker\n  install: { %s }\n"
	for install, want := range map[string]bool{
		`disk: /dev/sda`:                                true,
		`disk: /dev/sdb`:                                false,
		`disk: /dev/disk/by-id/ata-one`:                 true,
		`disk: /dev/disk/by-id/ata-two`:                 false,
		`diskSelector: { serial: SYS1 }`:                true,
		`diskSelector: { serial: "DATA*" }`:             false,
		`diskSelector: { serial: NONE }`:                false,
		`diskSelector: { size: '>= 100GB', type: ssd }`: true,
		"": false,
	} {
		text := strings.Replace(main, "%s", install, 1)
		if install == "" {
			text = "version: v1alpha1\nmachine:\n  type: worker\n---\napiVersion: v1alpha1\nkind: UnattendedInstallConfig\ninstaller: { image: x }\nprovisioning: { diskSelector: { match: disk.serial == 'DATA1' } }\n"
		}
		cfg, err := configloader.NewFromBytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		path, selected, err := installedOn(t.Context(), st, cfg)
		if err != nil || path != "/dev/sda" || selected != want {
			t.Errorf("%q: %s, %t, %v", install, path, selected, err)
		}
	}
}
