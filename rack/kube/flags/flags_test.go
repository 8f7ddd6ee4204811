package flags

import (
	"slices"
	"testing"
)

func TestMerge_LetsTheConfigWinAddOrBeRefused(t *testing.T) {
	set := Set{"profiling": "false", "enable-admission-plugins": "NodeRestriction", "etcd-servers": "https://10.0.50.11:2379"}
	err := set.Merge(map[string][]string{"profiling": {"true"}, "enable-admission-plugins": {"AlwaysPullImages"}, "v": {"2"}},
		Add("enable-admission-plugins"), Deny("etcd-servers"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"--enable-admission-plugins=NodeRestriction,AlwaysPullImages", "--etcd-servers=https://10.0.50.11:2379", "--profiling=true", "--v=2",
	}
	if got := set.Args(); !slices.Equal(got, want) {
		t.Errorf("args = %q, want %q", got, want)
	}
}

func TestMerge_NamesTheFlagItRefuses(t *testing.T) {
	err := Set{}.Merge(map[string][]string{"etcd-servers": {"http://elsewhere"}}, Deny("etcd-servers"))
	const want = "etcd-servers: Talos sets this flag itself and lets no config change it; remove it"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}
