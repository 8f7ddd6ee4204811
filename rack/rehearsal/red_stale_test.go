package rehearsal

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// madeAgain has the accounts looked at after a change of what there was before.
func madeAgain(before func(accounts []string) []string) func(context.Context, *broken) {
	return func(_ context.Context, b *broken) {
		atCloudflare(b, "external")
		b.madeOnce(report.Step{Name: "a step"}, before(b.world.accounts()))
	}
}

// redStale are lines about a copy of the state that is older than the last update.
var redStale = []red{
	{
		line: "a preview with a copy from before the last update shows what came after it", fault: "it shows nothing", want: "map[same:80]",
		damage: func(*broken) {}, do: func(_ context.Context, b *broken) {
			b.tellsWhatCameLater(&pulumi.Result{Changes: map[apitype.OpType]int{apitype.OpSame: 80}})
		},
	},
	{
		line: "a step: each thing at the accounts is there as before", fault: "one is new", want: "new",
		damage: func(*broken) {}, do: madeAgain(func(accounts []string) []string { return accounts[1:] }),
	},
	{
		line: "a step: each thing at the accounts is there as before", fault: "one was there twice", want: "not there as often as before",
		damage: func(*broken) {}, do: madeAgain(func(accounts []string) []string { return append([]string{accounts[0]}, accounts...) }),
	},
}

// A stack whose pools cannot be cut stays as it is.
func TestAnotherPool_IsSound(t *testing.T) {
	for name, stack := range map[string]*spec.Stack{"home": spectest.Home(t), "lab": spectest.Lab(t)} {
		path := map[string]string{"home": spectest.HomeFile(t), "lab": spectest.LabFile(t)}[name]
		b := newBroken(t)
		b.stack, b.file = stack, &stackFile{Copy: path}
		_, changed, err := b.changed(anotherPool(stack))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := changed.Validate().Err(); err != nil {
			t.Error(name, err)
		}
		if more := len(changed.Cilium.Pools) - len(stack.Cilium.Pools); more != map[string]int{"home": 1}[name] {
			t.Errorf("%s has %d pools more", name, more)
		}
	}
}
