package onepassword

import (
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Stock makes the vaults and items that a stack's op:// references lead to. Each reference gets its value from the
// function, which is asked once for each.
func (s *Server) Stock(stack *spec.Stack, value func(spec.SecretRef) string) {
	if o := stack.Secrets.OnePassword; o != nil {
		s.AddVault(o.Vault)
		if o.BreakGlassVault != "" {
			s.AddVault(o.BreakGlassVault)
		}
	}
	done := map[spec.SecretRef]bool{}
	for _, at := range stack.SecretRefs() {
		vault, title, field, ok := at.Ref.OnePassword()
		if !ok || done[at.Ref] {
			continue
		}
		done[at.Ref] = true
		s.Put(vault, title, field, value(at.Ref))
	}
}

// Put sets a field ("label" or "section/label") of an item, and makes the vault, the item and the section where they
// are missing. A field without a section is where 1Password's apps put those that a person adds.
func (s *Server) Put(vault, title, field, value string) {
	vaultID := s.AddVault(vault)
	section, label, inSection := strings.Cut(field, "/")
	under := Section{ID: "add more"}
	if inSection {
		under = Section{ID: section, Label: section}
	} else {
		label = field
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	item := s.titled(vaultID, title)
	for n, f := range item.Fields {
		if f.Label == label && f.Section != nil && f.Section.ID == under.ID {
			item.Fields[n].Value = value
			return
		}
	}
	known := false
	for _, has := range item.Sections {
		known = known || has.ID == under.ID
	}
	if !known {
		item.Sections = append(item.Sections, under)
	}
	item.Fields = append(item.Fields, Field{ID: newID(), Section: &Section{ID: under.ID}, Type: "CONCEALED", Label: label, Value: value})
}

// titled is the item of that title, made where there is none.
func (s *Server) titled(vaultID, title string) *Item {
	for _, item := range s.items {
		if item.Vault.ID == vaultID && item.Title == title {
			return item
		}
	}
	item := &Item{ID: newID(), Title: title, Vault: ItemVault{ID: vaultID}, Category: "SECURE_NOTE", Version: 1}
	s.items[item.ID] = item
	return item
}
