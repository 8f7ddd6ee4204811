package hostkeys_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/home-ops/home-ops/components/flux/hostkeys"
	"github.com/home-ops/home-ops/spec"
)

// The fingerprints are those on the pages that known_hosts names.
func TestFor_KnowsThePublishedKeys(t *testing.T) {
	for host, want := range map[string][]string{
		"github.com": {
			"SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
			"SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
			"SHA256:uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
		},
		"gitlab.com": {
			"SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
			"SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
			"SHA256:ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
		},
		"codeberg.org": {
			"SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
			"SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
			"SHA256:6QQmYi4ppFS4/+zSZ5S4IU+4sa6rwvQ4PbhCtPEBekQ",
		},
	} {
		rest := []byte(hostkeys.For(spec.Flux{Repository: "ssh://git@" + host + "/owner/name.git"}))
		var got []string
		for len(rest) > 0 {
			_, hosts, key, _, after, err := ssh.ParseKnownHosts(rest)
			if err != nil || !slices.Equal(hosts, []string{host}) {
				t.Fatalf("%s: %v, for %v", host, err, hosts)
			}
			got, rest = append(got, ssh.FingerprintSHA256(key)), after
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", host, got, want)
		}
	}
}

func TestFor_PrefersWhatTheStackGives(t *testing.T) {
	given := "github.com ssh-ed25519 AAAA"
	got := hostkeys.For(spec.Flux{Repository: "ssh://git@github.com/owner/name.git", KnownHosts: "\n" + given})
	if strings.TrimSpace(got) != given {
		t.Errorf("knows %q", got)
	}
}
