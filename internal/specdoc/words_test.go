package specdoc

import "testing"

func TestWords_SpeakTheLanguageOfTheFile(t *testing.T) {
	w := words{
		keys: map[string]string{
			"Address": "address", "Interface": "interface", "Nodes": "nodes", "HoldTime": "holdTime", "GitHub": "github",
			"MAC": "mac", "Mode": "mode",
		},
		values: []string{"tpm", "kms"},
	}
	for _, c := range []struct{ name, field, doc, want string }{
		{"a name and its verb go", "Address", "Address is the router's address.", "The router's address."},
		{"other verbs stay", "Mode", "Mode chooses a card.", "Chooses a card."},
		{"a name without a verb stays", "MTU", "MTU of pods.", "MTU of pods."},
		{"siblings become keys", "MAC", "MAC selects the card. Give it, or Interface.", "Selects the card. Give it, or `interface`."},
		{"a word that begins a sentence is a word", "Mode", "Mode is x. Nodes with IPv4 do not need it.", "X. Nodes with IPv4 do not need it."},
		{"a Go name that begins a sentence is none", "Mode", "Mode is x. HoldTime is longer.", "X. `holdTime` is longer."},
		{"a path becomes a path", "Mode", "Mode follows GitHub.DeployKey.", "Follows `github.deployKey`."},
		{"proper names stay", "Mode", "Mode registers at GitHub.", "Registers at GitHub."},
		{"strangers stay", "Mode", "Mode is that of RookCeph.", "That of RookCeph."},
		{"values stay small", "Mode", "Mode is tpm (sealed) or kms.", "tpm (sealed) or kms."},
		{"names with a dash stay small", "Mode", "Mode is k8s-gateway, which answers.", "k8s-gateway, which answers."},
	} {
		if got := w.field(c.field, c.doc); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCutDefault_TakesTheWholeSentence(t *testing.T) {
	for _, c := range []struct{ doc, rest, value string }{
		{"The branch. Default: main.", "The branch.", "main"},
		{"The servers. Default: 1.1.1.1 and 1.0.0.1, which work. They are asked in turn.", "The servers. They are asked in turn.", "1.1.1.1 and 1.0.0.1, which work"},
		{"The rate, in 802.3ad. Default there: fast.", "The rate, in 802.3ad.", "there: fast"},
		{"Nothing is said.", "Nothing is said.", ""},
	} {
		if rest, value := cutDefault(c.doc); rest != c.rest || value != c.value {
			t.Errorf("%q: got %q and %q", c.doc, rest, value)
		}
	}
}

func TestHuman_SplitsGoNames(t *testing.T) {
	for name, want := range map[string]string{
		"DiskSelector": "disk selector", "BGPPeer": "BGP peer", "Bond": "bond", "OIDC": "OIDC", "EdgeDNS": "edge DNS", "L2": "L2",
	} {
		if got := human(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
