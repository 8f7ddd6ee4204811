package talos_test

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
)

func TestTalosCluster_GivesEveryNodeItsOwnConfig(t *testing.T) {
	stack := home(t)
	applies := newRun(stack).up(t).OfType(applyType)
	if len(applies) != len(stack.Nodes) {
		t.Fatalf("%d applies for %d nodes", len(applies), len(stack.Nodes))
	}
	for _, apply := range applies {
		node, ok := stack.Node(strings.TrimPrefix(apply.Name, "talos-apply-"))
		if !ok {
			t.Errorf("%s is of no node", apply.Name)
			continue
		}
		raw, secret := apply.Value("machineConfigurationInput")
		if !secret {
			t.Errorf("%s: the config is plain", apply.Name)
		}
		config, err := configloader.NewFromBytes([]byte(raw.StringValue()))
		if err != nil {
			t.Errorf("%s: %v", apply.Name, err)
			continue
		}
		if got := config.NetworkHostnameConfig().Hostname(); got != node.Name {
			t.Errorf("%s: config of %s", apply.Name, got)
		}
		if got := config.Machine().Type().IsControlPlane(); got != node.IsControlPlane() {
			t.Errorf("%s: control plane %v", apply.Name, got)
		}
		if string(config.Machine().Security().IssuingCA().Crt) != string(theBundle().Certs.OS.Crt) {
			t.Errorf("%s: not the cluster's CA", apply.Name)
		}
		if mode, _ := apply.Value("applyMode"); mode.StringValue() != "auto" {
			t.Errorf("%s: apply mode %v", apply.Name, mode)
		}
	}
}

func TestTalosCluster_AddressesEveryNodeByItself(t *testing.T) {
	stack := home(t)
	r := newRun(stack).up(t)
	for _, res := range r.Resources() {
		if res.Type != applyType && res.Type != kubeconfigType {
			continue
		}
		address, _ := res.Value("node")
		endpoint, _ := res.Value("endpoint")
		if !address.DeepEquals(endpoint) {
			t.Errorf("%s: node %v, endpoint %v", res.Name, address, endpoint)
		}
		if address.StringValue() == stack.Network.VIP.String() {
			t.Errorf("%s goes to the VIP", res.Name)
		}
		if node, ok := stack.Node(strings.TrimPrefix(res.Name, "talos-apply-")); ok && address.StringValue() != node.Address.String() {
			t.Errorf("%s goes to %v", res.Name, address)
		}
	}
}

func TestTalosCluster_KeepsItsSecretsOnDestroy(t *testing.T) {
	secrets := newRun(home(t)).up(t).OfType(secretsType)
	if len(secrets) != 1 || !secrets[0].Request.GetProtect() {
		t.Errorf("not protected: %v", secrets)
	}
	if got := secrets[0].Request.GetIgnoreChanges(); !slices.Equal(got, []string{"talosVersion"}) {
		t.Errorf("ignored changes: %v", got)
	}
	for _, res := range newRun(home(t)).up(t).Resources() {
		if res.Type != secretsType && res.Request.GetProtect() {
			t.Errorf("%s is protected too", res.Name)
		}
	}
}

func TestTalosCluster_ShowsNoSecret(t *testing.T) {
	for name, stack := range map[string]*spec.Stack{"home": home(t), "encrypted": threeControlPlanes(t)} {
		r := newRun(stack).up(t)
		if found := r.PlaintextOf(everySecret()...); len(found) > 0 {
			t.Errorf("%s: in plain: %v", name, found)
		}
	}
}

func TestTalosCluster_HasStableNames(t *testing.T) {
	plain, _ := home(t).Node("cp-1")
	withZFS, _ := home(t).Node("worker-1")
	want := []string{
		"homeops:index:TalosCluster talos",
		providerType + " talos-kubernetes",
		kubeconfigType + " talos-kubeconfig",
		schematicType + " talos-schematic-factory.talos.dev-" + plain.Schematic().ID()[:12],
		schematicType + " talos-schematic-factory.talos.dev-" + withZFS.Schematic().ID()[:12],
		applyType + " talos-apply-cp-1",
		applyType + " talos-apply-cp-2",
		applyType + " talos-apply-worker-1",
		applyType + " talos-apply-worker-2",
		applyType + " talos-apply-worker-3",
		secretsType + " talos-secrets",
	}
	if got := newRun(home(t)).up(t).Names(); !slices.Equal(got, want) {
		t.Errorf("registered\n%s", strings.Join(got, "\n"))
	}
}

func TestTalosCluster_AddingANodeTouchesNoOther(t *testing.T) {
	for _, role := range []spec.Role{spec.RoleWorker, spec.RoleControlPlane} {
		t.Run(string(role), func(t *testing.T) {
			before := byName(newRun(home(t)).up(t).Resources())

			stack := home(t)
			added := stack.Nodes[len(stack.Nodes)-1]
			added.Name, added.Role = "new", role
			added.Address = added.Address.Next()
			stack.Nodes = append(stack.Nodes, added)
			after := byName(newRun(stack).up(t).Resources())

			for name, res := range after {
				old, existed := before[name]
				switch {
				case !existed && name != applyType+" talos-apply-new":
					t.Errorf("%s appeared", name)
				case existed && !old.Inputs.DeepEquals(res.Inputs):
					t.Errorf("%s changed", name)
				}
			}
			if len(after) != len(before)+1 {
				t.Errorf("%d resources became %d", len(before), len(after))
			}
		})
	}
}

func byName(resources []recorder.Resource) map[string]recorder.Resource {
	named := map[string]recorder.Resource{}
	for _, res := range resources {
		named[res.Type+" "+res.Name] = res
	}
	return named
}

func TestTalosCluster_PreviewsWithUnknownSecretsAndAsksNoMachine(t *testing.T) {
	r := newRun(threeControlPlanes(t))
	if err := r.Preview(r.program, "lab"); err != nil {
		t.Fatal(err)
	}
	for _, apply := range r.OfType(applyType) {
		if config, secret := apply.Value("machineConfigurationInput"); !config.IsComputed() || !secret {
			t.Errorf("%s: the config is %v, secret %v", apply.Name, config, secret)
		}
	}
	if len(r.OfType(applyType)) != 3 || len(r.started) != 0 || r.waited != 0 {
		t.Errorf("%d applies, %d starts, %d waits", len(r.OfType(applyType)), len(r.started), r.waited)
	}
}

func TestTalosCluster_PreviewOfARunningClusterAsksNoMachine(t *testing.T) {
	r := newRun(home(t))
	if err := r.PreviewExisting(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	if len(r.started) != 0 || r.waited != 0 {
		t.Errorf("%d starts, %d waits", len(r.started), r.waited)
	}
}

// The endpoint of the stack file may be one that nobody has before the update.
func TestTalosCluster_PreviewAsksTheAPIWhereItWasLeft(t *testing.T) {
	r := newRun(home(t))
	r.args.ServedAt = "https://10.0.50.99:6443"
	const fetched = "clusters: [{ cluster: {\n  server: https://10.0.50.77:6443\n} }]\n"
	r.Outputs = func(res recorder.Resource) (string, resource.PropertyMap, error) {
		if res.Type == kubeconfigType {
			return "home", resource.NewPropertyMapFromMap(map[string]any{"kubeconfigRaw": fetched}), nil
		}
		return answer(res)
	}
	if err := r.PreviewExisting(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	asked, _ := r.OfType(providerType)[0].Value("kubeconfig")
	if want := strings.Replace(fetched, "10.0.50.77", "10.0.50.99", 1); !asked.IsString() || asked.StringValue() != want {
		t.Errorf("the provider has %v, want %s", asked, want)
	}
}

func TestTalosCluster_TellsEveryBadNodeBeforeItTouchesAny(t *testing.T) {
	stack := home(t)
	for _, i := range []int{1, 3} {
		stack.Nodes[i].InstallDisk = spec.DiskSelector{}
	}
	r := newRun(stack)
	err := r.Preview(r.program, "home")
	want := "node cp-2: installDisk: select the disk that Talos is installed on\n" +
		"node worker-2: installDisk: select the disk that Talos is installed on"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if names := r.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
}

func TestTalosCluster_StartsEtcdOnceAllControlPlanesAreConfigured(t *testing.T) {
	r := newRun(threeControlPlanes(t)).up(t)
	if want := [][]string{{"lab-1", "lab-2", "lab-3"}}; !reflect.DeepEqual(r.started, want) {
		t.Errorf("started %v, want %v", r.started, want)
	}
	if string(r.credentials.Key) != string(adminCredentials().Key) || string(r.credentials.CA) != string(adminCredentials().CA) {
		t.Error("with other credentials")
	}
	kubeconfig := r.OfType(kubeconfigType)[0]
	for _, name := range []string{"lab-1", "lab-2", "lab-3"} {
		if !dependsOn(kubeconfig, "talos-apply-"+name) {
			t.Errorf("does not wait for %s", name)
		}
	}
}

func TestTalosCluster_LeavesEtcdAloneOnceItHasAKubeconfig(t *testing.T) {
	// The engine calls a hook before a creation only when there is something to create.
	for _, res := range newRun(home(t)).up(t).Resources() {
		var want []string
		switch res.Type {
		case kubeconfigType:
			want = []string{"talos-bootstrap"}
		case applyType:
			continue // its hooks are the roll's
		}
		hooks := res.Request.GetHooks()
		if !slices.Equal(hooks.GetBeforeCreate(), want) {
			t.Errorf("%s: before creation %v, want %v", res.Name, hooks.GetBeforeCreate(), want)
		}
		others := slices.Concat(hooks.GetAfterCreate(), hooks.GetBeforeUpdate(), hooks.GetAfterUpdate(),
			hooks.GetBeforeDelete(), hooks.GetAfterDelete(), hooks.GetOnError())
		if len(others) > 0 {
			t.Errorf("%s: also %v", res.Name, others)
		}
	}
}

func TestTalosCluster_FetchesNoKubeconfigWhenEtcdIsNotThere(t *testing.T) {
	r := newRun(home(t))
	r.startErr = errors.New("cp-2 is silent")
	err := r.Run(r.program, "home")
	if err == nil || !strings.Contains(err.Error(), "cp-2 is silent") {
		t.Errorf("error %v", err)
	}
	if got := r.OfType(kubeconfigType); len(got) > 0 {
		t.Errorf("fetched all the same: %v", got)
	}
}

func TestTalosCluster_HandsOnAKubeconfigOnlyOnceTheAPIIsReady(t *testing.T) {
	r := newRun(home(t))
	r.args.APIProbe = nil // the real one, which cannot read the test's kubeconfig
	err := r.Run(r.program, "home")
	if want := "kubeconfig: yaml: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := r.OfType(providerType); len(got) > 0 {
		t.Errorf("a provider was made: %v", got)
	}

	r = newRun(home(t)).up(t)
	provider := r.OfType(providerType)[0]
	if kubeconfig, secret := provider.Value("kubeconfig"); !secret || kubeconfig.StringValue() != theKubeconfig || r.waited != 1 {
		t.Errorf("kubeconfig %v, secret %v, %d waits", kubeconfig, secret, r.waited)
	}
	if id, _ := provider.Value("clusterIdentifier"); id.StringValue() != "home" {
		t.Errorf("cluster identifier %v", id)
	}
}

func TestTalosCluster_FindsTheAPIWhereTheVIPIsNow(t *testing.T) {
	stack := home(t)
	stack.Network.VIP = netip.MustParseAddr("10.0.50.51")
	provider := newRun(stack).up(t).OfType(providerType)[0]
	want := strings.Replace(theKubeconfig, "10.0.50.50", "10.0.50.51", 1)
	if kubeconfig, _ := provider.Value("kubeconfig"); kubeconfig.StringValue() != want {
		t.Errorf("kubeconfig %v, want %s", kubeconfig, want)
	}
}

// What a killed run made is taken over with its fields, and what others read is never gone in between.
func TestTalosCluster_HasObjectsTakenOverAndChangedInPlace(t *testing.T) {
	provider := newRun(home(t)).up(t).OfType(providerType)[0]
	for _, setting := range []resource.PropertyKey{"upsertExistingObjects", "enablePatchForce", "enableConfigMapMutable", "enableSecretMutable"} {
		if on, _ := provider.Value(setting); !on.IsBool() || !on.BoolValue() {
			t.Errorf("%s is %v", setting, on)
		}
	}
}

func TestTalosCluster_ResetsNothingUnlessAsked(t *testing.T) {
	for _, apply := range newRun(threeControlPlanes(t)).up(t).OfType(applyType) {
		if _, ok := apply.Inputs["onDestroy"]; ok {
			t.Errorf("%s: %v", apply.Name, apply.Inputs["onDestroy"])
		}
		if dependsOn(apply, "talos-apply-lab-1") {
			t.Errorf("%s waits for another node", apply.Name)
		}
	}
}

func TestTalosCluster_ResetsControlPlanesOneAfterTheOther(t *testing.T) {
	r := newRun(threeControlPlanes(t))
	r.args.ResetOnDestroy = true
	applies := r.up(t).OfType(applyType)
	for i, apply := range applies {
		onDestroy := apply.Inputs["onDestroy"].ObjectValue()
		if !onDestroy["reset"].BoolValue() || !onDestroy["reboot"].BoolValue() {
			t.Errorf("%s: %v", apply.Name, onDestroy)
		}
		// The first is reset last, when it is the only member of etcd.
		if got, want := onDestroy["graceful"].BoolValue(), i > 0; got != want {
			t.Errorf("%s: graceful %v", apply.Name, got)
		}
		if i > 0 && !dependsOn(apply, applies[i-1].Name) {
			t.Errorf("%s does not wait for %s", apply.Name, applies[i-1].Name)
		}
	}
}
