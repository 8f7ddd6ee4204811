package rehearsal

import (
	"strings"
	"testing"
)

func TestFold_SaysEachThingOnce(t *testing.T) {
	const said = `
Updating (home):

@ previewing update....
@ updating....
 +  pulumi:pulumi:Stack home-ops-home creating (0s) 
 +  kubernetes:apps/v1:Deployment edge-cloudflared creating (0s) 
@ updating.......
 +  kubernetes:apps/v1:Deployment edge-cloudflared creating (1s) 
 +  kubernetes:apps/v1:Deployment edge-cloudflared creating (2s) Waiting for app ReplicaSet to be available
 +  kubernetes:apps/v1:Deployment edge-cloudflared created (1m2s) 
    pulumi:pulumi:Stack home-ops-home running worker-3: is upgraded and reboots
    pulumi:pulumi:Stack home-ops-home worker-3: is upgraded and reboots
 +  pulumi:pulumi:Stack home-ops-home created (64s) 1 message
Diagnostics:
  pulumi:pulumi:Stack (home-ops-home):
    worker-3: is upgraded and reboots
    error: it did not come back
Outputs:
    applied: (json) {
        nodes: [
        ]
    }
  + kubeconfig: [secret]

Resources:
    + 81 created

Duration: 1m4s
Updating (home):
    pulumi:pulumi:Stack home-ops-home running worker-3: is upgraded and reboots
`
	const want = `Updating (home):
 +  pulumi:pulumi:Stack home-ops-home creating (0s) 
 +  kubernetes:apps/v1:Deployment edge-cloudflared creating (0s) 
 +  kubernetes:apps/v1:Deployment edge-cloudflared creating (2s) Waiting for app ReplicaSet to be available
 +  kubernetes:apps/v1:Deployment edge-cloudflared created (1m2s) 
    pulumi:pulumi:Stack home-ops-home running worker-3: is upgraded and reboots
 +  pulumi:pulumi:Stack home-ops-home created (64s) 1 message
Diagnostics:
  pulumi:pulumi:Stack (home-ops-home):
    error: it did not come back
Resources:
    + 81 created
Duration: 1m4s
Updating (home):
    pulumi:pulumi:Stack home-ops-home running worker-3: is upgraded and reboots
`
	var out strings.Builder
	w := fold(&out)
	for _, piece := range strings.SplitAfter(said, "d") { // as it comes out of a pipe
		if _, err := w.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}
