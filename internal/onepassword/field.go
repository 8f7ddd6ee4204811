package onepassword

import (
	"fmt"
	"strings"
)

// Field is the value of a field, as a reference op://vault/item/FIELD names it: by
// its label or id, with its section's in front of it where that is needed
// (https://developer.1password.com/docs/cli/secret-reference-syntax/). An error
// names the fields there are, never their values.
func (item *LookupItemResult) Field(name string) (string, error) {
	section, label, inSection := strings.Cut(name, "/")
	if !inSection {
		label = name
		if value := item.own(name); value != "" {
			return value, nil
		}
	}
	var found, known []string
	for _, s := range item.Sections {
		if inSection && !is(section, s.Id, s.Label) {
			continue
		}
		for _, f := range s.Fields {
			if is(label, f.Id, f.Label) {
				found = append(found, f.Value)
			}
			known = append(known, f.Label)
		}
	}
	switch {
	case len(found) > 1:
		return "", fmt.Errorf("%d fields are called %q: put the section in front (section/field)", len(found), name)
	case len(found) == 0:
		return "", fmt.Errorf("no field is called %q; besides those of its category (%s) it has %q", name, item.Category, known)
	case found[0] == "":
		return "", fmt.Errorf("the field %q is empty", name)
	default:
		return found[0], nil
	}
}

// own is a field that the category has, or empty.
func (item *LookupItemResult) own(name string) string {
	return map[string]string{
		"credential": item.Credential, "database": item.Database, "hostname": item.Hostname,
		"notesplain": item.NoteValue, "password": item.Password, "port": item.Port, "private key": item.PrivateKey,
		"public key": item.PublicKey, "type": item.Type, "username": item.Username, "website": item.Url,
	}[strings.ToLower(name)]
}

// is compares without regard to case, as 1Password's own tools do.
func is(name, id, label string) bool {
	return strings.EqualFold(name, id) || strings.EqualFold(name, label)
}
