// Home-ops builds and runs a Kubernetes cluster at home with Pulumi.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/stacks"
)

func main() { pulumi.Run(stacks.Cluster) }
