package rolltest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/role"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The operator's command, with the keys of an opened break-glass copy, against machines that know nothing of it.
func TestReset_ReturnsMachinesToMaintenanceModeAndRefusesWhatTheClusterDoesNotBear(t *testing.T) {
	stack := lab(t, func(text string) string { return text })
	if !inRoom(t, stack) {
		return
	}
	c := newCluster(t, stack)
	c.populate()
	o := c.operator(stack)
	whole := func() {
		c.eventually("the cluster to be whole", func(ctx context.Context) error { return c.judge(stack).BearsLoss(ctx, roll.Node{}) })
	}
	whole()

	if said, err := o.homeops("another", "reset", "lab", "lab-3"); err == nil || !strings.Contains(said, `nothing was done: "another" is not lab`) {
		t.Errorf("another stack's name: %v\n%s", err, said)
	}
	c.machines["lab-2"].PowerOff()
	c.eventually("lab-2 to be off", c.in("lab-2", node.Off))
	if said, err := o.homeops("lab", "reset", "lab", "lab-3"); err == nil || !strings.Contains(said, "lab-3 was left as it is, because the cluster does not bear its loss now") {
		t.Errorf("with another control plane away: %v\n%s", err, said)
	}
	c.machines["lab-2"].PowerOn()
	c.eventually("lab-2 to run", c.in("lab-2", node.Running))
	whole()
	if most, order := c.went(); most > 1 {
		t.Errorf("%d machines were down at once, %v", most, order)
	}

	before, err := c.client.CoreV1().Namespaces().Get(t.Context(), metav1.NamespaceDefault, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.forget()
	asked, failed := c.whileWriting(func() {
		if said, err := o.homeops("lab", "reset", "lab", "lab-3"); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		c.eventually("lab-3 in maintenance mode", c.in("lab-3", node.Maintenance))
		if members, err := c.talos(stack.Nodes[0].Address).EtcdMembers(t.Context()); err != nil || len(members) != 2 {
			t.Errorf("etcd has the members %v, %v", members, err)
		}
		c.configure(stack, stack.Nodes[2])
		whole()
	})
	if _, order := c.went(); strings.Join(order, " ") != "lab-3" || failed > 0 || asked < 50 {
		t.Errorf("%v went down; %d of %d writes failed", order, failed, asked)
	}
	t.Logf("%d writes, %d failed", asked, failed)

	if said, err := o.homeops("lab", "reset", "lab"); err != nil {
		t.Fatalf("the whole cluster: %v\n%s", err, said)
	}
	for _, n := range stack.Nodes {
		c.eventually(n.Name, c.in(n.Name, node.Maintenance))
	}
	c.bootstrap(stack)
	after, err := c.client.CoreV1().Namespaces().Get(t.Context(), metav1.NamespaceDefault, metav1.GetOptions{})
	if err != nil || after.UID == before.UID {
		t.Errorf("etcd is still the old one: %v", err)
	}
}

// All machines lose their power at once and get it back in either order; nobody does anything.
func TestBlackout_IsSurvivedWithoutAnybodysHelp(t *testing.T) {
	stack := lab(t, func(text string) string { return text })
	if !inRoom(t, stack) {
		return
	}
	c := newCluster(t, stack)
	c.populate()
	before, err := c.client.CoreV1().Namespaces().Get(t.Context(), metav1.NamespaceDefault, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
		for _, m := range c.machines {
			m.PowerOff()
		}
		for name := range c.machines {
			c.eventually(name+" to be off", c.in(name, node.Off))
		}
		for _, i := range order {
			c.machines[stack.Nodes[i].Name].PowerOn()
		}
		c.eventually("the cluster to be whole", func(ctx context.Context) error { return c.judge(stack).BearsLoss(ctx, roll.Node{}) })
		after, err := c.client.CoreV1().Namespaces().Get(t.Context(), metav1.NamespaceDefault, metav1.GetOptions{})
		if err != nil || after.UID != before.UID {
			t.Errorf("with power in the order %v: the namespace of before is gone: %v", order, err)
		}
	}
}

// in is nil when a machine is in a state.
func (c *cluster) in(name string, want node.State) func(context.Context) error {
	return func(context.Context) error {
		if is := c.machines[name].State(); is != want {
			return fmt.Errorf("it is %v", is)
		}
		return nil
	}
}

// judge asks the cluster as the roll does.
func (c *cluster) judge(stack *spec.Stack) *roll.Roll {
	options := roll.OptionsOf(stack)
	options.Machine = func(n roll.Node) (roll.Machine, error) { return c.talos(n.Address), nil }
	options.Cluster = func(context.Context) (roll.Cluster, error) { return c.kubernetes, nil }
	options.Tell = func(string) {}
	return roll.New(options)
}

// configure sends a machine in maintenance mode its config, as `up` does.
func (c *cluster) configure(stack *spec.Stack, n spec.Node) {
	c.t.Helper()
	_, err := machineapi.NewMachineServiceClient(c.talos(n.Address).Stranger).ApplyConfiguration(c.t.Context(),
		&machineapi.ApplyConfigurationRequest{Data: c.configOf(stack, n), Mode: machineapi.ApplyConfigurationRequest_AUTO})
	if err != nil {
		c.t.Fatalf("%s: %v", n.Name, err)
	}
}

// operator has a project with the stack's file, the command, and a folder with what opens the cluster.
type operator struct{ project, command, opened string }

func (c *cluster) operator(stack *spec.Stack) operator {
	c.t.Helper()
	dir := c.t.TempDir()
	o := operator{project: filepath.Join(dir, "project"), command: filepath.Join(dir, "homeops"), opened: filepath.Join(dir, "opened")}
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", o.command, "./cmd/homeops")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		c.t.Fatalf("building homeops: %v\n%s", err, out)
	}
	file, err := os.ReadFile(spectest.LabFile(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	pair, err := c.bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		c.t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	talosconfig, err := (&clientconfig.Config{Context: "lab", Contexts: map[string]*clientconfig.Context{"lab": {
		CA: text(c.bundle.Certs.OS.Crt), Crt: text(pair.Crt), Key: text(pair.Key),
	}}}).Bytes()
	if err != nil {
		c.t.Fatal(err)
	}
	kubeconfig, err := c.talos(stack.Nodes[0].Address).Kubeconfig(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for path, content := range map[string][]byte{
		filepath.Join(o.project, "Pulumi.yaml"):                []byte("name: home-ops\nruntime: go\n"),
		filepath.Join(o.project, "Pulumi."+stack.Name+".yaml"): file,
		filepath.Join(o.opened, "talosconfig"):                 talosconfig,
		filepath.Join(o.opened, "kubeconfig"):                  kubeconfig,
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			c.t.Fatal(err)
		}
	}
	return o
}

// homeops types the name into the command.
func (o operator) homeops(typed string, args ...string) (string, error) {
	command := exec.Command(o.command, append(args, "-break-glass", o.opened)...)
	command.Dir, command.Stdin = o.project, strings.NewReader(typed+"\n")
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	return said.String(), err
}
