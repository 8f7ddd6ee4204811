package talos_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const (
	secretsType    = "talos:machine/secrets:Secrets"
	applyType      = "talos:machine/configurationApply:ConfigurationApply"
	kubeconfigType = "talos:cluster/kubeconfig:Kubeconfig"
	schematicType  = "talos:imageFactory/schematic:Schematic"
	providerType   = "pulumi:providers:kubernetes"
)

const theKubeconfig = "server: https://10.0.50.50:6443\nthe-kubeconfig"

// home is the project's own stack.
func home(t *testing.T) *spec.Stack { return spectest.Home(t) }

// threeControlPlanes is a dual-stack cluster without workers, with an encrypted
// volume.
func threeControlPlanes(t *testing.T) *spec.Stack {
	return load(t, "machineconfig/testdata/Pulumi.dual-stack.yaml")
}

func load(t *testing.T, file string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(file)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

// theBundle is one real set of secrets for all tests: its keys take a second to make.
var theBundle = sync.OnceValue(func() *secrets.Bundle {
	bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), config.TalosVersion1_11)
	if err != nil {
		panic(err)
	}
	return bundle
})

// adminCredentials are those of an administrator of the_bundle's cluster.
var adminCredentials = sync.OnceValue(func() talos.Credentials {
	pair, err := theBundle().GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		panic(err)
	}
	return talos.Credentials{CA: theBundle().Certs.OS.Crt, Certificate: pair.Crt, Key: pair.Key}
})

// answer says what the talos provider would.
func answer(res recorder.Resource) (string, resource.PropertyMap, error) {
	switch res.Type {
	case secretsType:
		return "machine_secrets", secretsOutputs(), nil
	case schematicType:
		// The provider posts the canonical form, of which the id is the hash.
		content, _ := res.Value("schematic")
		return fmt.Sprintf("%x", sha256.Sum256([]byte(content.StringValue()))), nil, nil
	case applyType:
		return "machine_configuration_apply", nil, nil
	case kubeconfigType:
		return "home", resource.NewPropertyMapFromMap(map[string]any{"kubeconfigRaw": theKubeconfig}), nil
	}
	return "", nil, nil
}

func secretsOutputs() resource.PropertyMap { return secretsOutputsOf(theBundle()) }

var admins sync.Map

// adminOf are the certificate and the key of an administrator, in base64, always the same.
func adminOf(bundle *secrets.Bundle) (certificate, key string) {
	text := base64.StdEncoding.EncodeToString
	if bundle == theBundle() {
		return text(adminCredentials().Certificate), text(adminCredentials().Key)
	}
	made, ok := admins.Load(bundle)
	if !ok {
		pair, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
		if err != nil {
			panic(err)
		}
		made, _ = admins.LoadOrStore(bundle, [2]string{text(pair.Crt), text(pair.Key)})
	}
	both := made.([2]string)
	return both[0], both[1]
}

func secretsOutputsOf(bundle *secrets.Bundle) resource.PropertyMap {
	certificate, adminKey := adminOf(bundle)
	text := base64.StdEncoding.EncodeToString
	pair := func(crt, key []byte) map[string]any { return map[string]any{"cert": text(crt), "key": text(key)} }
	return resource.NewPropertyMapFromMap(map[string]any{
		"machineSecrets": map[string]any{
			"cluster":    map[string]any{"id": bundle.Cluster.ID, "secret": bundle.Cluster.Secret},
			"trustdinfo": map[string]any{"token": bundle.TrustdInfo.Token},
			"secrets": map[string]any{
				"bootstrapToken":            bundle.Secrets.BootstrapToken,
				"secretboxEncryptionSecret": bundle.Secrets.SecretboxEncryptionSecret,
			},
			"certs": map[string]any{
				"etcd":              pair(bundle.Certs.Etcd.Crt, bundle.Certs.Etcd.Key),
				"k8s":               pair(bundle.Certs.K8s.Crt, bundle.Certs.K8s.Key),
				"k8sAggregator":     pair(bundle.Certs.K8sAggregator.Crt, bundle.Certs.K8sAggregator.Key),
				"k8sServiceaccount": map[string]any{"key": text(bundle.Certs.K8sServiceAccount.Key)},
				"os":                pair(bundle.Certs.OS.Crt, bundle.Certs.OS.Key),
			},
		},
		"clientConfiguration": map[string]any{
			"caCertificate": text(bundle.Certs.OS.Crt), "clientCertificate": certificate, "clientKey": adminKey,
		},
	})
}

// everySecret is what must not be readable anywhere.
func everySecret() []string {
	text := base64.StdEncoding.EncodeToString
	bundle := theBundle()
	return []string{
		bundle.Cluster.Secret, bundle.TrustdInfo.Token, bundle.Secrets.BootstrapToken,
		bundle.Secrets.SecretboxEncryptionSecret,
		text(bundle.Certs.OS.Key), text(bundle.Certs.K8s.Key), text(bundle.Certs.Etcd.Key),
		text(bundle.Certs.K8sAggregator.Key), text(bundle.Certs.K8sServiceAccount.Key),
		text(adminCredentials().Key), thePassphrase, theKubeconfig,
	}
}

const thePassphrase = "correct horse battery staple"

// run is one run of the component with machines that answer at once.
type run struct {
	recorder.Recorder
	args    talos.Args
	cluster *talos.TalosCluster

	mu sync.Mutex
	// started holds the control planes that were named each time when etcd was to
	// be started; startErr is what came of it.
	started  [][]string
	startErr error
	// credentials are what etcd was last started with.
	credentials talos.Credentials
	// waited counts the waits for the API.
	waited int
}

func newRun(stack *spec.Stack) *run {
	r := &run{args: talos.Args{
		Stack:   stack,
		Changer: &changer{},
		Passphrases: map[spec.SecretRef]pulumi.StringInput{
			"config:longhornPassphrase": pulumi.String(thePassphrase),
		},
	}}
	r.Outputs = answer
	r.args.EtcdStarter = func(_ context.Context, controlPlanes []spec.Node, credentials talos.Credentials) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		var names []string
		for _, node := range controlPlanes {
			names = append(names, node.Name)
		}
		r.started = append(r.started, names)
		r.credentials = credentials
		return r.startErr
	}
	r.args.APIProbe = func(context.Context, []byte) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.waited++
		return nil
	}
	return r
}

func (r *run) program(ctx *pulumi.Context) (err error) {
	r.cluster, err = talos.NewTalosCluster(ctx, "talos", &r.args)
	return err
}

func (r *run) up(t *testing.T) *run {
	t.Helper()
	if err := r.Run(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	return r
}

// dependsOn reports whether res waits for a resource of that name.
func dependsOn(res recorder.Resource, name string) bool {
	return slices.ContainsFunc(res.Request.GetDependencies(), func(urn string) bool {
		return strings.HasSuffix(urn, "::"+name)
	})
}
