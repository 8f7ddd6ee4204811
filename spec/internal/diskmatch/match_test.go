package diskmatch_test

import (
	"testing"

	"github.com/home-ops/home-ops/spec/internal/diskmatch"
)

func TestOverlap_FindsADiskThatBothChoose(t *testing.T) {
	const nvmeLink = `"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_1TB_S73WNJ0W300521D" in disk.symlinks`
	for name, tt := range map[string]struct {
		a, b string
		want bool
	}{
		"kinds that exclude each other":        {`disk.transport == "nvme"`, `disk.rotational`, false},
		"kinds that go together":               {`disk.transport == "nvme"`, `!disk.rotational`, true},
		"a serial number and a description":    {`glob("AAA", disk.serial)`, `disk.transport == 'nvme' && !system_disk`, true},
		"a serial number that is excluded":     {`glob("AAA", disk.serial)`, `disk.serial != "AAA"`, false},
		"sizes that meet in one value":         {`disk.size <= 500u * GB`, `disk.size >= 500u * GB`, true},
		"sizes that do not meet":               {`disk.size < 500u * GB`, `disk.size > 500u * GB`, false},
		"the system disk and the others":       {`system_disk`, `!system_disk`, false},
		"models of two makers":                 {`glob("Samsung*", disk.model)`, `glob("WDC*", disk.model)`, false},
		"patterns with a model in common":      {`glob("Samsung*", disk.model)`, `glob("*1TB", disk.model)`, true},
		"a link of the model":                  {`glob("Samsung SSD 990*", disk.model)`, nvmeLink, true},
		"a link of another model":              {`glob("Samsung SSD 980*", disk.model)`, nvmeLink, false},
		"a link of another bus":                {`disk.transport == "sata"`, nvmeLink, false},
		"a link that carries the serial":       {`disk.serial == "S73WNJ0W300521D"`, nvmeLink, true},
		"a link that carries another":          {`disk.serial == "S73WNJ0W300999X"`, nvmeLink, false},
		"one identifier in two forms":          {`"/dev/disk/by-id/wwn-0x5000c500a1b2c3d4" in disk.symlinks`, `disk.wwid == "naa.5000c500a1b2c3d4"`, true},
		"two identifiers":                      {`"/dev/disk/by-id/wwn-0x5000c500a1b2c3d4" in disk.symlinks`, `disk.wwid == "naa.5000c500a1b2c3d5"`, false},
		"a rotating disk at an NVMe device":    {`disk.dev_path == "/dev/nvme0n1"`, `disk.rotational`, false},
		"any of several":                       {`disk.serial in ["A", "B"]`, `disk.serial == "B"`, true},
		"beginnings":                           {`disk.dev_path.startsWith("/dev/nvme")`, `disk.transport == "sata"`, false},
		"links by their beginning":             {`disk.symlinks.exists(s, s.startsWith("/dev/disk/by-id/ata-WDC"))`, `disk.transport == "nvme"`, false},
		"a regular expression":                 {`disk.model.matches("^WDC.*")`, `disk.model == "WDC WD40"`, true},
		"what does not compile matches no one": {`disk.modle == "x"`, `disk.rotational`, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := diskmatch.New()
			if got := m.Overlap(tt.a, tt.b, ""); got != tt.want {
				t.Errorf("%s and %s: %v", tt.a, tt.b, got)
			}
			if got := m.Overlap(tt.b, tt.a, ""); got != tt.want {
				t.Errorf("the other way round: %v", got)
			}
		})
	}
}

func TestOverlap_KnowsWhichIsTheSystemDisk(t *testing.T) {
	m := diskmatch.New()
	if m.Overlap(`system_disk`, `disk.transport == "nvme"`, `disk.rotational`) {
		t.Error("Talos is on a rotating disk, and an NVMe disk was taken for it")
	}
	if !m.Overlap(`system_disk`, `disk.transport == "nvme"`, `!disk.rotational`) {
		t.Error("the NVMe disk that Talos may be on was overlooked")
	}
}

func TestPossible_TellsContradictions(t *testing.T) {
	for text, want := range map[string]bool{
		`disk.transport == "nvme" && disk.rotational`:          false,
		`disk.size > 2u * TB && disk.size < 1u * TB`:           false,
		`disk.size > 1u * TB && disk.size < 2u * TB`:           true,
		`!(disk.transport in ["nvme", "sata"]) && !disk.cdrom`: true,
		`disk.model == "a" && disk.model == "b"`:               false,
	} {
		if got := diskmatch.New().Possible(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCheck_SaysWhatTalosWouldSay(t *testing.T) {
	for text, want := range map[string]string{
		`disk.modle == "x"`:  "at character 5: undefined field 'modle'",
		`disk.size > 100`:    "at character 11: found no matching overload for '_>_' applied to '(uint, int)'",
		`disk.model`:         "expression output type is string, expected bool",
		`disk.rotational &&`: "at character 19: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
		`disk.rotational`:    "",
	} {
		got := ""
		if err := diskmatch.Check(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
