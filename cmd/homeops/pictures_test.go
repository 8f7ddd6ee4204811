package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/cmd/homeops/picture"
)

func TestPictures_DrawsAStackAndNoticesWhatIsStale(t *testing.T) {
	repository(t)
	if got := homeops(t, "", "pictures", "-check"); got != (outcome{}) {
		t.Errorf("a stack without pictures: %+v", got)
	}
	if got := homeops(t, "", "pictures"); got != (outcome{}) {
		t.Fatalf("%+v", got)
	}
	for _, name := range picture.Names() {
		if _, err := os.Stat(filepath.Join("docs/pictures/home", name)); err != nil {
			t.Error(err)
		}
	}
	if got := homeops(t, "", "validate", "home"); strings.Contains(got.out, "docs/pictures") {
		t.Errorf("just drawn: %s", got.out)
	}
	text, err := os.ReadFile("Pulumi.home.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "Pulumi.home.yaml", strings.Replace(string(text), "10.0.50.23", "10.0.50.24", 1))
	want := "docs/pictures/home/addresses.svg is not current: run `homeops pictures home` (or `make generate`) and commit it"
	if got := homeops(t, "", "pictures", "-check"); got.code != exitProblem || !strings.Contains(got.err, want) {
		t.Errorf("%+v", got)
	}
	got := homeops(t, "", "validate", "home")
	if !strings.Contains(got.out, "warning docs/pictures/home/addresses.svg: is not current: run `homeops pictures home`") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
	if got := homeops(t, "", "pictures", "home"); got != (outcome{}) {
		t.Errorf("%+v", got)
	}
	if got := homeops(t, "", "pictures", "-check", "home"); got != (outcome{}) {
		t.Errorf("drawn again: %+v", got)
	}
}

func TestPictures_DrawsNoStackThatIsNotSound(t *testing.T) {
	project(t, map[string]string{"home": "config: {}\n"})
	got := homeops(t, "", "pictures")
	if got.code != exitProblem || !strings.Contains(got.err, "Pulumi.home.yaml: cannot be drawn: `homeops validate home` says why") {
		t.Errorf("%+v", got)
	}
}
