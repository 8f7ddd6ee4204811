package room

import "testing"

func TestReleases_AreOfTheSameMinorOrTheFewestAway(t *testing.T) {
	all := Releases{{"a", "v1.34.1"}, {"b", "v1.36.4"}}
	for version, want := range map[string]string{
		"v1.34.9": "a", "v1.36.0": "b", "v1.35.4": "a", "v1.33.1": "a", "v1.40.0": "b",
	} {
		if got := all.Of(version).Path; got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}
