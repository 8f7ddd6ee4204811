package main

import "testing"

func TestParseBreakGlass_TakesAKeyAndAPlace(t *testing.T) {
	for text, want := range map[string]string{
		"age1abc@/media/stick":                          "/media/stick",
		"age1abc@s3://bucket/home?endpoint=https://a@b": "s3://bucket/home?endpoint=https://a@b",
		"/media/stick":                                  "",
		"age1abc@":                                      "",
		"AGE-SECRET-KEY-1ABC@/media/stick":              "",
	} {
		got, err := parseBreakGlass(text)
		if (err == nil) != (want != "") || err == nil && (got.Place != want || got.Recipients[0] != "age1abc") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
