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
	Age              string `yaml:"age,omitempty"`
	PGP              string `yaml:"pgp,omitempty"`
	AWS              string `yaml:"kms,omitempty"`
	GCP              string `yaml:"gcp_kms,omitempty"`
	Azure            string `yaml:"azure_keyvault,omitempty"`
}

// For is the configuration for a project's stacks, and whether any of them has SOPS. What lies in one cluster's own
// directory is for that cluster alone, the rest for every cluster that has SOPS. The first rule that fits counts.
func For(stacks []*spec.Stack) ([]byte, bool, error) {
	var rules []rule
	var everybody recipients
	for _, s := range stacks {
		if s.Secrets.SOPS == nil {
			continue
		}
		own := recipientsOf(s.Secrets.SOPS)
		rules = append(rules, ruleFor(regexp.QuoteMeta(s.Flux.Path)+"/", own))
		everybody.add(own)
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

// recipients are whom files are encrypted for, by the kind of key.
type recipients struct {
	age, pgp, aws, gcp, azure []string
}

func recipientsOf(s *spec.SOPS) recipients {
	r := recipients{age: s.AgeRecipients, aws: s.KMSKeys("aws"), gcp: s.KMSKeys("gcp"), azure: s.KMSKeys("azure")}
	if s.PGP != nil {
		r.pgp = s.PGP.Fingerprints
	}
	return r
}

// add takes in others, each once.
func (r *recipients) add(others recipients) {
	for _, kind := range []struct {
		to   *[]string
		from []string
	}{{&r.age, others.age}, {&r.pgp, others.pgp}, {&r.aws, others.aws}, {&r.gcp, others.gcp}, {&r.azure, others.azure}} {
		for _, one := range kind.from {
			if !slices.Contains(*kind.to, one) {
				*kind.to = append(*kind.to, one)
			}
		}
	}
}

// ruleFor encrypts the values of a Secret and leaves what a reviewer wants to see.
func ruleFor(directory string, r recipients) rule {
	return rule{
		PathRegex:        directory + `.*\.sops\.ya?ml$`,
		EncryptedRegex:   "^(data|stringData)$",
		MACOnlyEncrypted: true,
		Age:              strings.Join(r.age, ","),
		PGP:              strings.Join(r.pgp, ","),
		AWS:              strings.Join(r.aws, ","),
		GCP:              strings.Join(r.gcp, ","),
		Azure:            strings.Join(r.azure, ","),
	}
}
