// Package sopsconfig makes .sops.yaml out of the stack files, so that the recipients of the repository's secrets are
// written in one place.
package sopsconfig

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// Path is where SOPS looks for its configuration, relative to the project.
const Path = ".sops.yaml"

// Head is how a file begins that was made here; any other is somebody's own.
const Head = "# Made by `homeops sops` from secrets.sops.ageRecipients of the stack files; do not edit.\n"

// file is SOPS's own configuration (https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files).
type file struct {
	Rules []rule `yaml:"creation_rules"`
}

type rule struct {
	PathRegex      string `yaml:"path_regex"`
	EncryptedRegex string `yaml:"encrypted_regex"`
	// MACOnlyEncrypted lets names and labels change without the key.
	MACOnlyEncrypted bool   `yaml:"mac_only_encrypted"`
	Age              string `yaml:"age"`
}

// For is the configuration for a project's stacks, and whether any of them has SOPS. What lies in one cluster's own
// directory is for that cluster alone, the rest for every cluster that has SOPS. The first rule that fits counts.
func For(stacks []*spec.Stack) ([]byte, bool, error) {
	var rules []rule
	var everybody []string
	for _, s := range stacks {
		if s.Secrets.SOPS == nil {
			continue
		}
		own := s.Secrets.SOPS.AgeRecipients
		rules = append(rules, ruleFor(regexp.QuoteMeta(s.Flux.Path)+"/", own))
		for _, recipient := range own {
			if !slices.Contains(everybody, recipient) {
				everybody = append(everybody, recipient)
			}
		}
	}
	if len(rules) == 0 {
		return nil, false, nil
	}
	rules = append(rules, ruleFor("", everybody))
	var out bytes.Buffer
	out.WriteString(Head)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(file{rules})
	return out.Bytes(), true, err
}

// ruleFor encrypts the values of a Secret and leaves what a reviewer wants to see.
func ruleFor(directory string, recipients []string) rule {
	return rule{
		PathRegex:        directory + `.*\.sops\.ya?ml$`,
		EncryptedRegex:   "^(data|stringData)$",
		MACOnlyEncrypted: true,
		Age:              strings.Join(recipients, ","),
	}
}
