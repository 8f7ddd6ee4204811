package secretstore

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// mounted is the first release of Connect's chart that mounts the credentials as a file
// (https://github.com/1Password/connect-helm-charts/pull/196). Earlier releases put the
// Secret's value into the environment, where Connect takes nothing but base64. The value
// is then encoded twice, as every value of a Secret is encoded once
// (https://github.com/1Password/connect/issues/62).
const mounted = spec.Version("2.3.0")

// credentials is 1password-credentials.json in the form that the chart hands on to
// Connect. The given file is as 1Password gives it out, or encoded in base64, as many
// guides say. Any other text is an error, which does not repeat it.
func credentials(file string, chart spec.Version) (string, error) {
	file = strings.TrimSpace(file)
	if raw, err := base64.StdEncoding.DecodeString(file); err == nil && json.Valid(raw) {
		file = string(raw)
	}
	if !strings.HasPrefix(file, "{") || !json.Valid([]byte(file)) {
		return "", errors.New("secrets.onePassword.credentialsRef: is not a 1password-credentials.json (https://developer.1password.com/docs/connect/get-started/)")
	}
	if chart.Minor() == "" {
		return "", fmt.Errorf("versions.onePasswordConnect: %q is no version", chart)
	}
	if !chart.Reaches(mounted) {
		return base64.StdEncoding.EncodeToString([]byte(file)), nil
	}
	return file, nil
}
