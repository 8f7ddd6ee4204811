package onepassword

import (
	"strings"
	"testing"
)

func TestField_IsFoundAsAReferenceNamesIt(t *testing.T) {
	item := &LookupItemResult{
		Category: "login", Username: "admin", Password: "p4ss",
		Sections: []GetItemSection{
			{Id: "add more", Fields: []GetItemSectionField{{Id: "x1", Label: "age-key", Value: "AGE"}}},
			{Id: "s1", Label: "API", Fields: []GetItemSectionField{
				{Id: "x2", Label: "token", Value: "api-token"}, {Id: "x3", Label: "empty"},
			}},
			{Id: "s2", Label: "Webhook", Fields: []GetItemSectionField{{Id: "x4", Label: "token", Value: "hook-token"}}},
		},
	}
	for name, want := range map[string]string{
		"password": "p4ss", "username": "admin",
		// A field that a person added without a section.
		"age-key": "AGE", "Age-Key": "AGE",
		"API/token": "api-token", "s2/x4": "hook-token", "x2": "api-token",
	} {
		if got, err := item.Field(name); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"token":       `2 fields are called "token": put the section in front (section/field)`,
		"secret":      `no field is called "secret"; besides those of its category (login) it has ["age-key" "token" "empty" "token"]`,
		"API/age-key": `no field is called "API/age-key"; besides those of its category (login) it has ["token" "empty"]`,
		"empty":       `the field "empty" is empty`,
	} {
		_, err := item.Field(name)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "p4ss") {
			t.Errorf("%s: reveals a secret: %v", name, err)
		}
	}
}
