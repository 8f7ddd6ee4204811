package onepassword

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"
)

// Vault is a vault as the API shows it.
type Vault struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Items       int       `json:"items"`
	Type        string    `json:"type"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

// Item is an item with all of its fields.
type Item struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Vault    ItemVault `json:"vault"`
	Category string    `json:"category"`
	URLs     []URL     `json:"urls,omitempty"`
	Favorite bool      `json:"favorite,omitempty"`
	Tags     []string  `json:"tags,omitempty"`
	Version  int       `json:"version"`
	Sections []Section `json:"sections,omitempty"`
	Fields   []Field   `json:"fields,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// ItemVault says which vault an item is in.
type ItemVault struct {
	ID string `json:"id"`
}

// URL is a website of an item.
type URL struct {
	Primary bool   `json:"primary,omitempty"`
	Label   string `json:"label,omitempty"`
	Href    string `json:"href"`
}

// Section is a heading over some of an item's fields.
type Section struct {
	ID    string `json:"id,omitempty"`
	Label string `json:"label,omitempty"`
}

// Field is one field of an item.
type Field struct {
	ID      string   `json:"id"`
	Section *Section `json:"section,omitempty"`
	Type    string   `json:"type"`
	Purpose string   `json:"purpose,omitempty"`
	Label   string   `json:"label,omitempty"`
	Value   string   `json:"value,omitempty"`
	// Generate asks the server for a value by the recipe.
	Generate bool    `json:"generate,omitempty"`
	Recipe   *Recipe `json:"recipe,omitempty"`
}

// Recipe is how long a generated value is, and of what.
type Recipe struct {
	Length        int      `json:"length,omitempty"`
	CharacterSets []string `json:"characterSets,omitempty"`
}

// complete fills in what the server decides: ids, and generated values.
func (i *Item) complete() {
	for n := range i.Sections {
		if i.Sections[n].ID == "" {
			i.Sections[n].ID = newID()
		}
	}
	for n := range i.Fields {
		f := &i.Fields[n]
		if f.ID == "" {
			f.ID = newID()
		}
		if f.Type == "" {
			f.Type = "STRING"
		}
		if f.Generate {
			f.Value, f.Generate = generate(f.Recipe), false
		}
	}
}

// summary is the item as lists show it.
func (i Item) summary() Item {
	i.Sections, i.Fields = nil, nil
	return i
}

func newID() string {
	var raw [17]byte
	_, _ = rand.Read(raw[:]) // never fails, see crypto/rand
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))[:26]
}

func generate(recipe *Recipe) string {
	length, alphabet := 32, ""
	sets := map[string]string{"LETTERS": "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", "DIGITS": "23456789", "SYMBOLS": "!@.-_*"}
	if recipe != nil {
		for _, set := range recipe.CharacterSets {
			alphabet += sets[set]
		}
		if recipe.Length > 0 {
			length = recipe.Length
		}
	}
	if alphabet == "" {
		alphabet = sets["LETTERS"] + sets["DIGITS"]
	}
	raw := make([]byte, length)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	for n := range raw {
		raw[n] = alphabet[int(raw[n])%len(alphabet)]
	}
	return string(raw)
}
