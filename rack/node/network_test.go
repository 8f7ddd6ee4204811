package node

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

//go:embed testdata/networks.yaml
var networks []byte

// document returns the config of one case, each a document of the file that begins with its name as a comment.
func document(t *testing.T, file []byte, name string) config.Provider {
	t.Helper()
	for _, doc := range bytes.Split(file, []byte("# case: ")) {
		if rest, ok := bytes.CutPrefix(doc, []byte(name+"\n")); ok {
			cfg, err := configloader.NewFromBytes(rest)
			if err != nil {
				t.Fatal(err)
			}
			return cfg
		}
	}
	t.Fatalf("no case %s", name)
	return nil
}

func TestNetwork_IsWhatTheConfigMakesOfTheLinks(t *testing.T) {
	t.Parallel()
	opts := Options{Dir: "x", Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.9.9/16")}}
	opts.Hardware.Links = []Link{
		{Name: "eno1", MAC: "AA:BB:CC:00:00:01", Driver: "igc", BusPath: "0000:01:00.0"},
		{Name: "eno2", MAC: "aa:bb:cc:00:00:02", Driver: "igc", BusPath: "0000:02:00.0"},
	}
	opts.setDefaults()
	for name, want := range map[string]struct {
		addresses []string
		warnings  []string
	}{
		"no device is left to DHCP":              {addresses: []string{"eno1 10.0.9.9/16"}},
		"another link leaves the first to DHCP":  {addresses: []string{"eno2 10.9.0.1/24", "eno1 10.0.9.9/16"}},
		"an address by link name":                {addresses: []string{"eno1 10.0.50.11/16", "eno1 fd00::11/64"}},
		"an address by hardware address":         {addresses: []string{"eno1 10.0.50.11/16"}},
		"an address beside DHCP":                 {addresses: []string{"eno1 10.0.50.11/16", "eno1 10.0.9.9/16"}},
		"an address on a bond":                   {addresses: []string{"bond0 10.0.50.11/16"}},
		"an address on a bond of selected links": {addresses: []string{"bond0 10.0.50.11/16"}},
		"an address on a VLAN":                   {addresses: []string{"eno1.50 10.0.50.11/16"}},
		"a link that is ignored":                 {},
		"a link that is not there": {
			addresses: []string{"eno1 10.0.9.9/16"},
			warnings:  []string{"network device enp9s0: no link of this machine matches, so it gets no address"},
		},
		"a hardware address in upper case": {
			addresses: []string{"eno1 10.0.9.9/16"},
			warnings:  []string{"network device hardwareAddr=AA:BB:CC:00:00:01: no link of this machine matches, so it gets no address"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, warnings := networkOf(opts, "id", document(t, networks, name))
			var got []string
			for _, a := range n.addresses {
				got = append(got, fmt.Sprint(a.link, " ", a.prefix))
			}
			if !slices.Equal(got, want.addresses) || !slices.Equal(warnings, want.warnings) {
				t.Errorf("got %q, %q\nwant %q, %q", got, warnings, want.addresses, want.warnings)
			}
		})
	}
}

func TestNetwork_SplitsTheHostname(t *testing.T) {
	t.Parallel()
	opts := Options{Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.9.9/16")}}
	opts.setDefaults()
	n, _ := networkOf(opts, "id", document(t, networks, "a hostname with a domain"))
	if n.hostname != "cp-1" || n.domain != "home.arpa" || n.fqdn() != "cp-1.home.arpa" {
		t.Errorf("got %+v", n)
	}
	n, _ = networkOf(opts, "id", document(t, networks, "no device is left to DHCP"))
	if want := stableHostname("id"); n.fqdn() != want {
		t.Errorf("got %s, want %s", n.fqdn(), want)
	}
}
