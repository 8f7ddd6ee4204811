package rehearsal

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestSecretTurns_AreWhatOthersHaveMadeForTheStack(t *testing.T) {
	for _, test := range []struct {
		stack *spec.Stack
		want  []string
		doors int
	}{
		{spectest.Home(t), []string{"Cloudflare's API token", "Connect's token", "GitHub's token"}, 2},
		{spectest.Lab(t), []string{
			"Cloudflare's API token", "Connect's token", "GitHub's token", "a BGP password", "a key of Longhorn's bucket", "a key of Longhorn's bucket", "the router's API key",
		}, 2},
	} {
		t.Run(test.stack.Name, func(t *testing.T) {
			drawn, err := newSecrets(test.stack)
			if err != nil {
				t.Fatal(err)
			}
			r := &rehearsal{stack: test.stack, secrets: drawn, world: &world{
				stack: test.stack, edge: &edge{public: cloudflare.New(cloudflare.Options{})}, connect: onepassword.New(),
			}}
			all, err := r.secretTurns()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			doors := 0
			for _, x := range all {
				names, doors = append(names, x.name), doors+len(x.doors)
				if x.former == "" || x.next == "" || x.former == x.next || drawn.of(x.ref) != x.next || drawn.of(x.ref+" (former)") != x.former {
					t.Errorf("%s: from %q to %q, and %q is what is kept", x.name, x.former, x.next, drawn.of(x.ref))
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, test.want) || doors != test.doors {
				t.Errorf("%d services look at %q, want %d at %q", doors, names, test.doors, test.want)
			}
		})
	}
}

func TestURNIn_IsThatOfOneResource(t *testing.T) {
	const said = "    ├─ cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared edge-tunnel\n" +
		"    │  URN: urn:pulumi:home::home-ops::homeops:index:EdgeAccess$cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared::edge-tunnel\n" +
		"    │  URN: urn:pulumi:home::home-ops::homeops:index:EdgeAccess$cloudflare:index/record:Record::edge-tunnel-config\n"
	if urn, err := urnIn(said, "edge-tunnel"); err != nil || !strings.HasSuffix(urn, "$cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared::edge-tunnel") {
		t.Errorf("%q, %v", urn, err)
	}
	for _, name := range []string{"edge-token", "tunnel"} {
		if urn, err := urnIn(said, name); err == nil {
			t.Errorf("%s is %s", name, urn)
		}
	}
}

func TestWithMark_TakesThePlaceOfTheFormer(t *testing.T) {
	file := []byte("metadata:\n  name: echo\n  annotations:\n    other: x\n")
	for _, mark := range []string{"1", "2"} {
		var err error
		if file, err = withMark(file, mark); err != nil || string(file) != "metadata:\n  name: echo\n  annotations:\n    rehearsal: \""+mark+"\"\n    other: x\n" {
			t.Errorf("%v\n%s", err, file)
		}
	}
}
