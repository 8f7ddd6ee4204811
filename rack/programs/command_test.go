package programs

import (
	"slices"
	"testing"
)

func TestArguments_TheRoomHasTheLastWord(t *testing.T) {
	t.Parallel()
	got := arguments([]string{"--concurrent=10", "--storage-path=/data"}, Program{Flags: []string{"--storage-path={dir}/data"}}, "/run")
	if want := []string{"--concurrent=10", "--storage-path=/data", "--storage-path=/run/data"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
