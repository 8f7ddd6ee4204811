package talos

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// errRawState is how version 0.7.1 fails for every state that has a timeouts attribute, once the work itself is
// done: the node is configured or bootstrapped, and the stack's state has nothing of it. An import of a bootstrap
// fails so too, because it sets that attribute. The bridge that the plugin was built with, v3.116.0, checks whether
// the Terraform state can be had back from Pulumi's, and cannot do that for timeouts
// (https://github.com/pulumi/pulumi-terraform-bridge/issues/3242, https://github.com/pulumiverse/pulumi-talos/issues/208).
var errRawState = errors.New(`failed recovering value for turnaround check: Data integrity error: ` +
	`"__pulumi_raw_state_delta" does not apply cleanly to the resource state

If you are editing the state manually, try removing the "__pulumi_raw_state_delta" key and run Pulumi again.

If no manual state edits were involved, please report this as a bug

    https://github.com/pulumi/pulumi-terraform-bridge/issues

Detail: rawStateRecoverNatural cannot process Object values due to map vs object confusion`)

// checkRawState refuses what the genuine plugin cannot write down.
func checkRawState(state resource.PropertyMap) error {
	if state["timeouts"].IsNull() {
		return nil
	}
	return errRawState
}
