package externaldns

import "testing"

func TestParse_RefusesWhatItDoesNotKnow(t *testing.T) {
	for argument, want := range map[string]string{
		"--gateway-nam=x":  "external-dns: unknown flag: --gateway-nam",
		"--source=service": "external-dns: this stand-in does not play --source=service",
		"--registry=noop":  "external-dns: this stand-in does not play --registry=noop",
		"--policy=none":    "external-dns: unknown policy: none",
	} {
		if _, err := Parse(append(arguments(), argument)); err == nil || err.Error() != want {
			t.Errorf("%s: error is %v, want %s", argument, err, want)
		}
	}
}
