package onepassword

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestPluginFile_NamesThePluginThatIsAskedFor(t *testing.T) {
	raw, err := os.ReadFile("pulumi-plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Name, Version, Server string }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if file.Name != "onepassword" || file.Version != Version || file.Server != PluginDownloadURL {
		t.Errorf("%+v, want version %s from %s", file, Version, PluginDownloadURL)
	}
}

func TestSecretsPage_InstallsThePluginThatIsAskedFor(t *testing.T) {
	page, err := os.ReadFile("../../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "pulumi plugin install resource onepassword " + Version + " --server " + PluginDownloadURL
	if !strings.Contains(string(page), want) {
		t.Errorf("docs/secrets.md does not have %s", want)
	}
}

func TestNewProvider_WantsOneWayTo1Password(t *testing.T) {
	text := pulumi.String("x")
	for name, args := range map[string]*ProviderArgs{
		"nothing":            nil,
		"no way":             {},
		"a server, no token": {Url: text},
		"both ways":          {Url: text, Token: text, ServiceAccountToken: text},
	} {
		_, err := NewProvider(nil, "onepassword", args)
		if want := "onepassword: give either Url and Token of a Connect server, or ServiceAccountToken"; err == nil || err.Error() != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
