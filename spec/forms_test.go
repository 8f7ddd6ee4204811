package spec_test

import (
	"encoding"
	"testing"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// form is a type with a written form.
type form interface {
	encoding.TextUnmarshaler
	encoding.TextMarshaler
}

func TestWrittenForms_AreReadAndPrinted(t *testing.T) {
	for _, tt := range []struct {
		value    form
		in, want string
	}{
		{new(spec.MAC), "52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef"},
		{new(spec.Size), "1.5TB", "1500GB"},
		{new(spec.Size), "1024MiB", "1GiB"},
		{new(spec.Size), "100 GB", "100GB"},
		{new(spec.Duration), "90m", "1h30m"},
		{new(spec.Duration), "60s", "1m"},
		{new(spec.Range), "10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9"},
		{new(spec.Range), "10.0.0.5/24", "10.0.0.5/24"},
		{new(spec.Range), "fd00::1", "fd00::1"},
	} {
		if err := tt.value.UnmarshalText([]byte(tt.in)); err != nil {
			t.Error(err)
			continue
		}
		if got, _ := tt.value.MarshalText(); string(got) != tt.want {
			t.Errorf("%q prints as %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestWrittenForms_RefuseNonsense(t *testing.T) {
	for want, tt := range map[string]struct {
		value form
		in    string
	}{
		`"00:11:22" is not a MAC address of six bytes, such as 52:54:00:12:34:56`:                                                                  {new(spec.MAC), "00:11:22"},
		`"02:00:5e:10:00:00:00:01" is not a MAC address of six bytes, such as 52:54:00:12:34:56`:                                                   {new(spec.MAC), "02:00:5e:10:00:00:00:01"},
		`"100G" is not a size with a unit, such as 100GiB or 2TB`:                                                                                  {new(spec.Size), "100G"},
		`"99999999TiB" is larger than any disk`:                                                                                                    {new(spec.Size), "99999999TiB"},
		`"soon" is not a duration such as 30s, 5m or 1h`:                                                                                           {new(spec.Duration), "soon"},
		`"10.0.0.9-10.0.0.1" ends before it begins: swap the two addresses`:                                                                        {new(spec.Range), "10.0.0.9-10.0.0.1"},
		`"10.0.0.0/40" is not a block of addresses: write a prefix (10.0.60.0/24), a range (10.0.50.100-10.0.50.120) or one address`:               {new(spec.Range), "10.0.0.0/40"},
		`"fe80::1%eth0-fe80::9%eth0" is not a block of addresses: write a prefix (10.0.60.0/24), a range (10.0.50.100-10.0.50.120) or one address`: {new(spec.Range), "fe80::1%eth0-fe80::9%eth0"},
	} {
		if err := tt.value.UnmarshalText([]byte(tt.in)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDuration_CountsSeconds(t *testing.T) {
	if d := spec.Duration(2 * time.Minute); d.Seconds() != 120 || d.Of() != 2*time.Minute {
		t.Errorf("%d seconds, %s", d.Seconds(), d.Of())
	}
}

func TestSecretRef_IsTakenApart(t *testing.T) {
	vault, item, field, ok := spec.SecretRef("op://home/github/api/token").OnePassword()
	if !ok || vault != "home" || item != "github" || field != "api/token" {
		t.Errorf("got %q %q %q %v", vault, item, field, ok)
	}
	for _, bad := range []spec.SecretRef{"op://home/github", "op://home//token", "config:key", "token"} {
		if _, _, _, ok := bad.OnePassword(); ok {
			t.Errorf("%q is taken for a 1Password reference", bad)
		}
	}
	if key, ok := spec.SecretRef("config:githubToken").ConfigKey(); !ok || key != "githubToken" {
		t.Errorf("got %q %v", key, ok)
	}
}

func TestVersion_MinorAndBare(t *testing.T) {
	for v, want := range map[spec.Version][2]string{
		"v1.34.1": {"v1.34", "1.34.1"}, "1.18.2": {"v1.18", "1.18.2"}, "v1.12.0-rc.1": {"v1.12", "1.12.0-rc.1"}, "latest": {"", "latest"},
	} {
		if got := [2]string{v.Minor(), v.Bare()}; got != want {
			t.Errorf("%s: got %q, want %q", v, got, want)
		}
	}
}
