package derive_test

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/derive"
	"github.com/home-ops/home-ops/internal/recorder"
)

const seed = "a seed as long as key material is"

// The values were computed with another implementation. One that changes here changes
// every tunnel and webhook that is in use.
func TestBytes_NeverChange(t *testing.T) {
	for label, want := range map[string]string{
		"tunnel":  "+4/wTAPr90LA5cFTxe/puM59DVY20k9xeRehO6ylTI4=",
		"webhook": "BDuXC6+rAjy5DyklCP992jJOQ/6QLScr49XtEIpmnPM=",
	} {
		got, err := derive.Bytes(seed, label)
		if err != nil {
			t.Fatal(err)
		}
		if got := base64.StdEncoding.EncodeToString(got); got != want {
			t.Errorf("%s is %s, want %s", label, got, want)
		}
	}
}

func TestBytes_RefuseWhatIsNoKeyMaterial(t *testing.T) {
	for name, test := range map[string]struct{ seed, label, want string }{
		"no label":   {seed, "", "derive: the label is empty"},
		"no seed":    {"", "tunnel", "derive tunnel: the seed is too short to be key material"},
		"short seed": {"0123456789abcde", "tunnel", "derive tunnel: the seed is too short to be key material"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := derive.Bytes(test.seed, test.label); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestSecret_IsSecretThoughItsSeedIsNot(t *testing.T) {
	raw, err := derive.Bytes(seed, "tunnel")
	if err != nil {
		t.Fatal(err)
	}
	want := base64.StdEncoding.EncodeToString(raw)
	rec := &recorder.Recorder{}
	if err := rec.Run(func(ctx *pulumi.Context) error {
		ctx.Export("secret", derive.Secret(pulumi.String(seed), "tunnel"))
		return nil
	}, "home"); err != nil {
		t.Fatal(err)
	}
	got := rec.Exports()["secret"]
	if !got.IsSecret() || got.SecretValue().Element.StringValue() != want {
		t.Errorf("exports %v, want a secret %s", got, want)
	}
}
