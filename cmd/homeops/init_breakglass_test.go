package main

import (
	"strings"
	"testing"
)

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

// Without copies a lost state is a lost cluster, and nobody asks for them.
func TestInit_SaysThatNoCopiesAreKept(t *testing.T) {
	for flag, says := range map[string]bool{
		"--break-glass=none": true,
		"--break-glass=age1wprwcvxlkksh3wv90zmnj3e43fa7ak98lsphp5hsw5htjgm75amq4pq7ts@/media/stick": false,
	} {
		project(t, nil)
		got := begin(t, rackOf(t), "", given(flag)...)
		if got.code != exitOK || strings.Contains(got.out, noBreakGlass) != says {
			t.Errorf("%s: %+v", flag, got)
		}
	}
}
