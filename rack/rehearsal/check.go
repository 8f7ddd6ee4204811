package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is what the program handed out, used as its owner would.
type cluster struct {
	kubeconfig, talosconfig string
	rest                    *rest.Config
	client                  *kubernetes.Clientset
}

func (r *rehearsal) openCluster(ctx context.Context) (*cluster, error) {
	c := &cluster{}
	var err error
	if c.kubeconfig, err = r.cli.Output(ctx, "kubeconfig"); err != nil {
		return nil, err
	}
	if c.talosconfig, err = r.cli.Output(ctx, "talosconfig"); err != nil {
		return nil, err
	}
	if c.rest, err = clientcmd.RESTConfigFromKubeConfig([]byte(c.kubeconfig)); err != nil {
		return nil, fmt.Errorf("stack output kubeconfig: %w", err)
	}
	// What is looked at four times a second would soon wait for its turn, and say that in place of what is wrong.
	c.rest.QPS = -1
	if c.client, err = kubernetes.NewForConfig(c.rest); err != nil {
		return nil, fmt.Errorf("stack output kubeconfig: %w", err)
	}
	return c, nil
}

// check is one line of the report, and what looks for it.
type check struct {
	name string
	// look returns what was found, or why that is not as it should be.
	look func(context.Context, *cluster) (string, error)
}

// checks look at everything that came of a rehearsal.
func (r *rehearsal) checks() []check {
	return slices.Concat(r.standingChecks(), r.commitChecks(), r.otherChecks())
}

// standingChecks look whether everything stands.
func (r *rehearsal) standingChecks() []check {
	return []check{
		{"the Kubernetes API answers at the cluster endpoint", r.checkEndpoint},
		{"every control plane serves the API", r.checkAPIServers},
		{"every control plane is an etcd member", r.checkEtcd},
		{"every node is ready, and as the stack file says", r.checkNodes},
		{"everything that Git owns is ready", r.checkKustomizations},
		// While nobody changes anything: what is under way is not as it should be.
		{"the doctor finds nothing wrong", r.checkDoctor},
	}
}

// commitChecks wait for what Flux makes of what is there, and of a commit.
func (r *rehearsal) commitChecks() []check {
	return []check{
		{"everything that Git owns is reconciled when asked, and ready", r.checkReconciled},
		{"a commit is applied", r.checkCommit},
		{"an encrypted file is decrypted", r.checkSOPS},
	}
}

// otherChecks look at what a commit of the sample app does not touch.
func (r *rehearsal) otherChecks() []check {
	return []check{
		{"the public reaches what is public", r.checkPublic},
		{"the public reaches nothing else", r.checkPrivate},
		{"every release is deployed", r.checkReleases},
		{"services have addresses out of the pools", r.checkLoadBalancers},
		{"an address outside every pool is not given", r.checkStrayAddress},
		{"Ceph runs on the named disks", r.checkCeph},
		{"ZFS pools are on the named disks", r.checkZFS},
		{"Longhorn stores on the named volumes", r.checkLonghorn},
		{"storage has all of its copies", r.checkWhole},
		{"every storage class gives volumes", r.checkClaims},
		{"every node answers talosconfig at its own address", r.checkTalos},
		{"the machines had no fault", r.checkMachines},
		{"a machine was found at the address that DHCP gave it", r.checkFound},
		{"kinds have the scopes by which owners are told apart", r.checkScopes},
		{"no operation is left half done", r.checkPending},
		{"no secret is in plain text", r.checkSecrets},
		{"traffic passes where it must, and nowhere else", r.checkFlows},
		{"kubectl and pulumi take the commands of the runbooks", r.checkPages},
	}
}

// check looks at everything that came of the rehearsal.
func (r *rehearsal) check(ctx context.Context) error {
	c, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	r.run(ctx, c, r.standingChecks())
	r.runBeside(ctx, c, r.commitChecks(), r.otherChecks())
	return nil
}

// run writes down what each check finds. All of them run, whatever the others say.
func (r *rehearsal) run(ctx context.Context, c *cluster, checks []check) {
	for _, check := range checks {
		r.addFinding(check.find(ctx, c))
	}
}

// runBeside runs checks that wait for something, one after the other, and meanwhile the others, which come first in the
// report.
func (r *rehearsal) runBeside(ctx context.Context, c *cluster, waiting, others []check) {
	found := make(chan []finding, 1)
	go func() {
		var all []finding
		for _, check := range waiting {
			all = append(all, check.find(ctx, c))
		}
		found <- all
	}()
	r.run(ctx, c, others)
	for _, f := range <-found {
		r.addFinding(f)
	}
}

// finding is what a check found, and how long it took.
type finding struct {
	name, detail string
	err          error
	took         time.Duration
}

func (c check) find(ctx context.Context, in *cluster) finding {
	began := time.Now()
	detail, err := c.look(ctx, in)
	return finding{c.name, detail, err, time.Since(began)}
}

func (r *rehearsal) addFinding(f finding) {
	r.addChecked(f.name, f.detail, f.err)
	r.report.Checks[len(r.report.Checks)-1].Seconds = f.took.Seconds()
}

// observe is the part of check that a cluster must pass after any scenario.
func (r *rehearsal) observe(ctx context.Context) error {
	c, err := r.openCluster(ctx)
	if err != nil {
		return err
	}
	return r.stands(ctx, c)
}

// stands is observe, with the certificates of c.
func (r *rehearsal) stands(ctx context.Context, c *cluster) error {
	for _, look := range []func(context.Context, *cluster) (string, error){
		r.checkEndpoint, r.checkAPIServers, r.checkEtcd, r.checkNodes, r.checkMachines, r.lookWhole,
	} {
		if _, err := look(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
