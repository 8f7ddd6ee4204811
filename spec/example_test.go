package spec_test

import (
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// smallest is a stack file with no more than a cluster needs.
const smallest = `config:
  home-ops:cluster:
    domain: example.com
    talosVersion: v1.11.1
    talosContract: v1.11
    kubernetesVersion: v1.34.1
  home-ops:network:
    nodeCIDRs: [10.0.50.0/24]
  home-ops:nodes:
    - name: cp-1
      role: controlPlane
      address: 10.0.50.11
      mac: 52:54:00:12:34:11
      installDisk: { serial: S5GXNF0R100011A }
  home-ops:flux:
    repository: https://github.com/me/home-ops.git
`

// What a stack file leaves out has its default once the file is read.
func ExampleLoad() {
	stack, problems := spec.Load("home", []byte(smallest))
	if err := problems.Err(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stack.Name, stack.ClusterEndpoint())
	fmt.Println(stack.Network.PodCIDRs, stack.Flux.Path)
	// Output:
	// home https://10.0.50.11:6443
	// [10.42.0.0/16] kubernetes/clusters/home
}

// Reading finds what is no stack file, and validation what cannot work. A command shows
// both at once.
func ExampleStack_Validate() {
	file := strings.NewReplacer("domain: example.com", "domian: example.com", "10.0.50.11\n", "10.0.60.11\n").Replace(smallest)
	stack, problems := spec.Load("home", []byte(file))
	for _, problem := range spec.Merge(problems, stack.Validate()) {
		fmt.Println(problem)
	}
	// Output:
	// error cluster.domian: unknown key "domian"; did you mean "domain"?
	// error nodes[0].address: 10.0.60.11 is outside network.nodeCIDRs (10.0.50.0/24)
}

// A problem says how bad it is, where it is, what is there and which rule that breaks.
func ExampleProblem_String() {
	problem := spec.Problem{
		Severity: spec.Error,
		Path:     "nodes[2].address",
		Message:  "10.1.0.5 is outside network.nodeCIDRs (10.0.0.0/16)",
		File:     "Pulumi.home.yaml", Line: 30, Column: 16,
	}
	fmt.Println(problem)
	fmt.Println(problem.Location())
	// Output:
	// error nodes[2].address: 10.1.0.5 is outside network.nodeCIDRs (10.0.0.0/16)
	// Pulumi.home.yaml:30:16
}
