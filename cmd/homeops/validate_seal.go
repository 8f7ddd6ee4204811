package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// judgeSeals warns of stack files whose secrets anybody can read, and of those among them that are still the samples'
// words. A preview works with them; an update refuses them.
func (v *verdict) judgeSeals(ctx context.Context, files []string) {
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // check has said so
		}
		v.Problems = append(v.Problems, sealWarnings(ctx, file, content)...)
	}
	v.conclude()
}

func sealWarnings(ctx context.Context, file string, content []byte) spec.Problems {
	var sealed struct {
		Salt   string `yaml:"encryptionsalt"`
		Config map[string]yaml.Node
	}
	if yaml.Unmarshal(content, &sealed) != nil || sealed.Salt == "" {
		return nil
	}
	seal := passphrase.Open(ctx, sealed.Salt, "")
	if seal == nil {
		return nil
	}
	problems := spec.Problems{{
		Severity: spec.Warning, Path: "encryptionsalt", File: file,
		Message: fmt.Sprintf("the secrets are sealed with an empty passphrase, which `up` refuses: choose one with `pulumi stack change-secrets-provider passphrase --stack %s`", spec.StackName(file)),
	}}
	for _, key := range slices.Sorted(maps.Keys(sealed.Config)) {
		var value struct{ Secure string }
		node := sealed.Config[key]
		if node.Kind != yaml.MappingNode || node.Decode(&value) != nil || value.Secure == "" {
			continue
		}
		if text, err := seal.Secret(ctx, value.Secure); err == nil && text == secretref.Placeholder {
			problems = append(problems, spec.Problem{
				Severity: spec.Warning, Path: key, File: file, Line: node.Line, Column: node.Column,
				Message: fmt.Sprintf("still holds %q, as in the sample, which `up` refuses: set yours with `pulumi config set --stack %s --secret %s`", text, spec.StackName(file), key),
			})
		}
	}
	return problems
}
