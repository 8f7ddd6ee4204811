package plan_test

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
)

// exampleSteps are a namespace and a DNS server in it.
func exampleSteps() plan.Steps {
	return plan.Steps{
		{Name: "namespace", Object: &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: "dns"},
		}},
		{
			Name: "server",
			Release: &plan.Release{
				Name: "server", Namespace: "dns",
				Chart:   plan.Chart{Registry: "oci://registry.example.com/charts", Name: "server", Version: "1.2.3"},
				Values:  map[string]any{"replicas": 2},
				Timeout: 10 * time.Minute,
			},
			From:  []plan.From{{Path: []string{"auth", "token"}, Value: "api-token"}},
			After: []string{"namespace"},
			Needs: []plan.Condition{plan.Network},
		},
	}
}

// The YAML of a plan is what its golden holds. A value that comes later stands in it by
// its name.
func ExampleSteps_YAML() {
	text, err := exampleSteps().YAML()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(text))
	// Output:
	// object:
	//   apiVersion: v1
	//   kind: Namespace
	//   metadata:
	//     name: dns
	//   spec: {}
	// step: namespace
	// ---
	// after:
	//   - namespace
	// needs:
	//   - network
	// release:
	//   chart: oci://registry.example.com/charts/server 1.2.3
	//   name: server
	//   namespace: dns
	//   timeout: 10m0s
	//   values:
	//     auth:
	//       token: <api-token>
	//     replicas: 2
	// step: server
}

// A plan whose steps wait for each other is an error of the plan, before anything is made.
func ExampleSteps_Check() {
	steps := exampleSteps()
	steps[0].After = []string{"server"}
	fmt.Println(steps.Check())
	// Output:
	// steps wait for each other in a circle: namespace, server
}

// Steps run after what they wait for, and else in the order of the plan.
func ExampleSteps_Ordered() {
	steps := exampleSteps()
	steps[0], steps[1] = steps[1], steps[0]
	ordered, err := steps.Ordered()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range ordered {
		fmt.Println(step.Name)
	}
	// Output:
	// namespace
	// server
}
