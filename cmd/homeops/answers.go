package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// The forms of the answers to init's questions.

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// listOf reads a list in which each word is read by parse.
func listOf[T any](parse func(string) (T, error)) func(string) ([]T, error) {
	return func(text string) ([]T, error) {
		var out []T
		for _, word := range words(text) {
			v, err := parse(word)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
}

// some is a list that must not be empty.
func some[T any](parse func(string) ([]T, error), what string) func(string) ([]T, error) {
	return func(text string) ([]T, error) {
		out, err := parse(text)
		if err == nil && len(out) == 0 {
			err = fmt.Errorf("at least one %s is needed", what)
		}
		return out, err
	}
}

// orNone lets an empty answer, or "none", stand for nothing.
func orNone[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		if text == "" || text == "none" {
			return *new(T), nil
		}
		return parse(text)
	}
}

func parseAddr(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return a, fmt.Errorf("%q is not an address such as 10.0.50.11", text)
	}
	return a, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is not a network such as 10.0.50.0/24", text)
	}
	return p, nil
}

var domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$`)

func parseDomain(text string) (string, error) {
	if !domainForm.MatchString(text) {
		return "", fmt.Errorf("%q is not a domain such as example.com, in lower case", text)
	}
	return text, nil
}

func parseRepository(text string) (string, error) {
	if !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "ssh://") {
		return "", fmt.Errorf("%q is not a clone URL that begins with https:// or ssh://", text)
	}
	if isProjects(text) {
		return "", fmt.Errorf("%s is this project's own: your cluster would follow commits of others; make a repository of yours from it", text)
	}
	return text, nil
}

var accountForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

func parseAccount(text string) (string, error) {
	if !accountForm.MatchString(text) {
		return "", fmt.Errorf("%q is not the id of an account: 32 digits and letters a to f, in the address of Cloudflare's dashboard", text)
	}
	return text, nil
}

func parseEmail(text string) (string, error) {
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
		return "", fmt.Errorf("%q is not a mail address such as me@example.com", text)
	}
	return text, nil
}

func parseVersion(text string) (spec.Version, error) {
	v := spec.Version(text)
	if v.Minor() == "" || !strings.HasPrefix(text, "v") {
		return "", fmt.Errorf("%q is not a version such as v1.2.3", text)
	}
	return v, nil
}

func parseYes(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "y", "yes", "true":
		return true, nil
	case "n", "no", "false":
		return false, nil
	default:
		return false, errors.New("answer yes or no")
	}
}

func parseArch(text string) (spec.Arch, error) {
	for _, known := range spec.Arch("").Values() {
		if text == known {
			return spec.Arch(text), nil
		}
	}
	return "", fmt.Errorf("%q is none of %s", text, strings.Join(spec.Arch("").Values(), ", "))
}

// secretStore is where a cluster's secrets come from.
type secretStore struct{ vault, ageKey string }

// parseSecrets reads "none", "sops", "sops=FILE" or "onepassword=VAULT".
func parseSecrets(text string) (secretStore, error) {
	kind, value, _ := strings.Cut(text, "=")
	switch {
	case kind == "none" && value == "":
		return secretStore{}, nil
	case kind == "sops":
		return secretStore{ageKey: value}, nil
	case kind == "onepassword" && value != "":
		return secretStore{vault: value}, nil
	default:
		return secretStore{}, fmt.Errorf("%q is none of none, sops, sops=KEYFILE and onepassword=VAULT", text)
	}
}

// parseBreakGlass reads KEY@PLACE. What is wrong with either the stack file's own check says.
func parseBreakGlass(text string) (*spec.BreakGlass, error) {
	key, place, ok := strings.Cut(text, "@")
	if !ok || !strings.HasPrefix(key, "age1") || place == "" {
		return nil, fmt.Errorf("%q is not KEY@PLACE, such as age1...@/media/break-glass", text)
	}
	return &spec.BreakGlass{Recipients: []string{key}, Place: place}, nil
}

// card selects a network card by its MAC address or its name.
type card struct {
	mac  spec.MAC
	name string
}

var interfaceName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,14}$`)

func parseCard(text string) (card, error) {
	if mac, err := spec.ParseMAC(text); err == nil {
		return card{mac: mac}, nil
	}
	if !interfaceName.MatchString(text) {
		return card{}, fmt.Errorf("%q is neither a MAC address nor the name of a network card", text)
	}
	return card{name: text}, nil
}

// parseDisk reads "/dev/...", "serial=..." or "wwid=...".
func parseDisk(text string) (spec.DiskSelector, error) {
	switch key, value, ok := strings.Cut(text, "="); {
	case strings.HasPrefix(text, "/dev/"):
		return spec.DiskSelector{Path: text}, nil
	case ok && key == "serial" && value != "":
		return spec.DiskSelector{Serial: value}, nil
	case ok && key == "wwid" && value != "":
		return spec.DiskSelector{WWID: value}, nil
	default:
		return spec.DiskSelector{}, fmt.Errorf("%q is none of /dev/PATH, serial=NUMBER and wwid=ID", text)
	}
}
