package genuine

import "github.com/home-ops/home-ops/rack/build"

const externalSecretsModule = "github.com/external-secrets/external-secrets"

// externalSecretsCopy is what the program of External Secrets is compiled from. Its own registers of providers and generators
// import some forty clouds' libraries, which is most of what there is to compile; the project has one provider and no generator.
func externalSecretsCopy(pins, version string) build.Copied {
	return build.Copied{
		Module: externalSecretsModule, Version: version, Pins: pins,
		Parts: []string{"apis", "cmd", "pkg", "main.go", "go.mod"},
		Replaces: map[string]string{
			"pkg/provider/register/register.go":  "package register\n\nimport _ \"" + externalSecretsModule + "/pkg/provider/onepassword\"\n",
			"pkg/generator/register/register.go": "package register\n",
		},
	}
}
