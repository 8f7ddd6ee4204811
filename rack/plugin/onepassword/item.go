package onepassword

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/1Password/connect-sdk-go/onepassword"
	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// played are the inputs of an item that the stand-in knows.
var played = []resource.PropertyKey{"vault", "category", "title", "tags", "noteValue", "sections"}

// playable refuses what the genuine plugin would do and this one does not.
func playable(inputs resource.PropertyMap) error {
	for key := range inputs {
		if !slices.Contains(played, key) && !strings.HasPrefix(string(key), "__") {
			return serve.Unimplemented(name, "items with "+string(key))
		}
	}
	category := "login"
	if v := inputs["category"]; v.IsString() {
		category = strings.ToLower(v.StringValue())
	}
	if category != "secure_note" {
		return serve.Unimplemented(name, "items of category "+category)
	}
	return nil
}

// asked is what a program asks for, out of its inputs or out of a state: without what the server decides.
func asked(m resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, key := range played {
		if v := m[key]; !v.IsNull() && (!v.IsString() || v.StringValue() != "") {
			out[key] = v
		}
	}
	if v := out["sections"]; v.IsArray() {
		var sections []resource.PropertyValue
		for _, section := range v.ArrayValue() {
			sections = append(sections, askedSection(section))
		}
		out["sections"] = resource.NewProperty(sections)
	}
	return out
}

func askedSection(section resource.PropertyValue) resource.PropertyValue {
	if !section.IsObject() {
		return section
	}
	fields := []resource.PropertyValue{}
	if all := section.ObjectValue()["fields"]; all.IsArray() {
		for _, f := range all.ArrayValue() {
			if !f.IsObject() {
				fields = append(fields, f)
				continue
			}
			field := resource.PropertyMap{"type": resource.NewProperty("STRING")}
			for _, key := range []resource.PropertyKey{"label", "type", "value"} {
				if v, ok := f.ObjectValue()[key]; ok {
					field[key] = v
				}
			}
			fields = append(fields, resource.NewProperty(field))
		}
	}
	return resource.NewProperty(resource.PropertyMap{
		"label": section.ObjectValue()["label"], "fields": resource.NewProperty(fields),
	})
}

// toItem is the item that Connect is sent. The ids of sections and fields stay what they were in prior.
func toItem(inputs, prior resource.PropertyMap) (*sdk.Item, error) {
	item := &sdk.Item{
		ID: textAt(prior, "uuid"), Title: textAt(inputs, "title"), Category: sdk.SecureNote,
		Vault: sdk.ItemVault{ID: textAt(inputs, "vault")},
		Fields: []*sdk.ItemField{{
			ID: "notesPlain", Label: "notesPlain", Type: sdk.FieldTypeString, Purpose: sdk.FieldPurposeNotes, Value: textAt(inputs, "noteValue"),
		}},
	}
	for _, tag := range elements(inputs["tags"]) {
		item.Tags = append(item.Tags, tag.StringValue())
	}
	old := labelled(prior["sections"])
	for _, v := range elements(asked(inputs)["sections"]) {
		section := v.ObjectValue()
		was := old[textAt(section, "label")]
		s := &sdk.ItemSection{ID: textAt(was, "id"), Label: textAt(section, "label")}
		if s.Label == "" {
			return nil, fmt.Errorf("sections: a section without a label")
		}
		if s.ID == "" {
			s.ID = uuid.NewString()
		}
		item.Sections = append(item.Sections, s)
		oldFields := labelled(was["fields"])
		for _, v := range elements(section["fields"]) {
			field := v.ObjectValue()
			item.Fields = append(item.Fields, &sdk.ItemField{
				Section: s, ID: textAt(oldFields[textAt(field, "label")], "id"), Label: textAt(field, "label"),
				Type: sdk.ItemFieldType(textAt(field, "type")), Value: textAt(field, "value"),
			})
		}
	}
	return item, nil
}

// stateOf is the state of an item that Connect has.
func stateOf(item *sdk.Item) resource.PropertyMap {
	state := resource.NewPropertyMapFromMap(map[string]any{
		"uuid": item.ID, "vault": item.Vault.ID, "title": item.Title, "category": strings.ToLower(string(item.Category)),
	})
	if note := namedFields(item)["noteValue"]; note.IsSecret() && note.SecretValue().Element.StringValue() != "" {
		state["noteValue"] = note
	}
	if len(item.Tags) > 0 {
		var tags []resource.PropertyValue
		for _, tag := range item.Tags {
			tags = append(tags, resource.NewProperty(tag))
		}
		state["tags"] = resource.NewProperty(tags)
	}
	if len(item.Sections) > 0 {
		state["sections"] = sectionsOf(item)
	}
	return state
}

func elements(list resource.PropertyValue) []resource.PropertyValue {
	if !list.IsArray() {
		return nil
	}
	return list.ArrayValue()
}

// labelled are the objects of a list by their label.
func labelled(list resource.PropertyValue) map[string]resource.PropertyMap {
	found := map[string]resource.PropertyMap{}
	for _, v := range elements(list) {
		if v.IsObject() {
			found[textAt(v.ObjectValue(), "label")] = v.ObjectValue()
		}
	}
	return found
}

// markSecrets is what a program gave, with its values secret as the schema says.
func markSecrets(inputs resource.PropertyMap) resource.PropertyMap {
	inputs = inputs.Copy()
	if v, ok := inputs["noteValue"]; ok {
		inputs["noteValue"] = resource.MakeSecret(v)
	}
	for _, section := range elements(inputs["sections"]) {
		if !section.IsObject() {
			continue
		}
		for _, field := range elements(section.ObjectValue()["fields"]) {
			if field.IsObject() && !field.ObjectValue()["value"].IsNull() {
				field.ObjectValue()["value"] = resource.MakeSecret(field.ObjectValue()["value"])
			}
		}
	}
	return inputs
}
