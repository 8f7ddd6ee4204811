package secretstore

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestCredentials_HaveTheFormThatTheChartHandsOn(t *testing.T) {
	const file = `{"verifier":{"salt":"s"},"uniqueKey":{"kty":"oct"}}`
	encoded := base64.StdEncoding.EncodeToString([]byte(file))
	for name, c := range map[string]struct {
		given string
		chart spec.Version
		want  string
	}{
		"a chart that mounts a file":                      {file, "2.4.1", file},
		"the first chart that does":                       {file, "2.3.0", file},
		"a chart that fills the environment":              {file, "2.2.1", encoded},
		"encoded already, for a file":                     {encoded + "\n", "2.4.1", file},
		"encoded already, for the environment":            {encoded, "2.0.5", encoded},
		"with the newline of pulumi config set's < stdin": {file + "\n", "2.4.1", file},
	} {
		if got, err := credentials(c.given, c.chart); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestCredentials_RefuseWhatConnectCouldNotRead(t *testing.T) {
	for _, bad := range []string{"", "eyJhbGciOi.a-token.x", `{"cut`, `"text"`} {
		_, err := credentials(bad, "2.4.1")
		if err == nil || !strings.HasPrefix(err.Error(), "secrets.onePassword.credentialsRef: is not a 1password-credentials.json") {
			t.Errorf("%q: %v", bad, err)
		}
		if err != nil && bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("repeats the secret: %v", err)
		}
	}
}
