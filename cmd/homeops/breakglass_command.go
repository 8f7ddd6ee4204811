package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/cmd/homeops/breakglass"
	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/cmd/homeops/keep"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec"
)

var breakGlassCommand = command{
	name:    "breakglass",
	args:    "save | open | put STACK",
	summary: "Save what opens the cluster, sealed; open such a copy; put its certificates into a new cluster",
	run:     breakGlass,
}

// kept is a stack with a place for its copies.
type kept struct {
	stack *spec.Stack
	// file is the path of the stack file.
	file  string
	place keep.Place
	cli   engine.CLI
}

// openKept loads the stack that the words name, and its place.
func (c call) openKept(words []string) (kept, error) {
	stack, err := c.soundStack(c.name, words)
	if err != nil {
		return kept{}, err
	}
	file, err := stackFile(words[0])
	if err != nil {
		return kept{}, err
	}
	k := kept{stack: stack, file: file, cli: engine.CLI{Dir: filepath.Dir(file), Stack: stack.Name}}
	if stack.Secrets.BreakGlass == nil {
		return k, errNoPlace
	}
	k.place, err = keep.At(stack.Secrets.BreakGlass.Place)
	return k, err
}

// openToSave is openKept for what saves. With -if-asked, a stack without a place asks for nothing.
func (c call) openToSave() (k kept, asked bool, err error) {
	flags := newFlags(c.name)
	ifAsked := flags.Bool("if-asked", false, "do nothing for a stack without secrets.breakGlass")
	words, err := c.parse(flags)
	if err != nil {
		return kept{}, false, err
	}
	k, err = c.openKept(words)
	if errors.Is(err, errNoPlace) && *ifAsked {
		return kept{}, false, nil
	}
	return k, true, err
}

// errNoPlace says that a stack keeps no copies.
var errNoPlace = errors.New("the stack file has no secrets.breakGlass, which says where copies are kept and for which keys they are sealed (docs/secrets.md)")

// copyFlags are common to what reads copies.
type copyFlags struct{ identity, from *string }

func newCopyFlags(flags *flag.FlagSet) copyFlags {
	return copyFlags{
		identity: flags.String("identity", "", "the file with the private age key"),
		from:     flags.String("from", "", "the name of the copy (default the newest)"),
	}
}

func (f copyFlags) load(ctx context.Context, k kept, kind keep.Kind) (keep.Copy, error) {
	if *f.identity == "" {
		return keep.Copy{}, usagef("name the file with the private age key: -identity FILE")
	}
	identities, err := keep.Identities(*f.identity)
	if err != nil {
		return keep.Copy{}, err
	}
	return keep.Load(ctx, k.place, k.stack.Name, kind, *f.from, identities)
}

func breakGlass(ctx context.Context, c call) error {
	return c.byVerb(ctx, verb{"save", saveBreakGlass}, verb{"open", openBreakGlass}, verb{"put", putBreakGlass})
}

// saveBreakGlass needs a cluster that answers: a copy without its certificates would hide the last whole one.
func saveBreakGlass(ctx context.Context, c call) error {
	k, asked, err := c.openToSave()
	if err != nil || !asked {
		return err
	}
	outputs, err := k.cli.Outputs(ctx)
	if err != nil {
		return err
	}
	source := breakglass.Source{
		Stack: k.stack, Now: time.Now(), Talosconfig: outputs.Text("talosconfig"),
		Kubeconfig: outputs.Text("kubeconfig"), MachineSecrets: outputs.Text("machineSecrets"),
	}
	if source.StackFile, err = os.ReadFile(k.file); err != nil {
		return err
	}
	if source.Passphrase, err = stackPassphrase(); err != nil {
		return err
	}
	if source.Secrets, err = secretsOf(ctx, source.Kubeconfig); err != nil {
		return fmt.Errorf("nothing was saved, because the cluster's certificates could not be read: %w", err)
	}
	copied, err := breakglass.Gather(source)
	if err != nil {
		return err
	}
	if err := keep.Save(ctx, k.place, copied, k.stack.Secrets.BreakGlass.Recipients); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s, %d files, read back\n", k.place, copied.Name(), len(copied.Files))
	lacks, err := breakglass.Lacks(k.stack, copied)
	for _, what := range lacks {
		fmt.Fprintf(c.out, "  not in it, because the cluster does not have it yet: %s\n", what)
	}
	if len(lacks) > 0 {
		fmt.Fprintf(c.out, "  save again when it does: kubectl get certificates,externalsecrets -A\n")
	}
	return err
}

// stackPassphrase is that of the stack, where pulumi has it from the environment.
func stackPassphrase() (string, error) {
	phrase, given := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE")
	file := os.Getenv(passphrase.FileVar)
	if given || file == "" {
		return phrase, nil
	}
	raw, err := os.ReadFile(file)
	return strings.TrimSpace(string(raw)), err
}

// askWithin is how long a cluster may take to answer what is asked once.
const askWithin = 30 * time.Second

func secretsOf(ctx context.Context, kubeconfig string) ([]corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	api, err := kubeapi.Open([]byte(kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	var list corev1.SecretList
	err = api.Get(ctx, "/api/v1/secrets", &list)
	return list.Items, err
}

func openBreakGlass(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	from := newCopyFlags(flags)
	out := flags.String("out", "", "the new folder to write to")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	if *out == "" {
		return usagef("breakglass open: name a new folder: -out DIR")
	}
	k, err := c.openKept(words)
	if err != nil {
		return err
	}
	opened, err := from.load(ctx, k, keep.BreakGlass)
	if err != nil {
		return err
	}
	if err := os.Mkdir(*out, 0o700); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(opened.Files)) {
		path := filepath.Join(*out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, opened.Files[name], 0o600); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, "%s: %d files, saved on %s; begin with %s\n", *out, len(opened.Files), opened.Made.UTC().Format(time.RFC3339), breakglass.Readme)
	return nil
}

// putBreakGlass gives a new cluster the certificates of the old one before cert-manager can order new ones.
func putBreakGlass(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	from := newCopyFlags(flags)
	wait := flags.Duration("wait", 30*time.Minute, "how long to wait for the cluster's API")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	k, err := c.openKept(words)
	if err != nil {
		return err
	}
	opened, err := from.load(ctx, k, keep.BreakGlass)
	if err != nil {
		return err
	}
	api, err := kubeapi.Open(opened.Files[breakglass.Kubeconfig])
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	if err := ready(ctx, api, *wait); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(opened.Files)) {
		if !strings.HasPrefix(name, breakglass.Certificates) {
			continue
		}
		var secret corev1.Secret
		if err := yaml.Unmarshal(opened.Files[name], &secret); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		done, err := put(ctx, api, secret)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(c.out, "Secret %s/%s: %s\n", secret.Namespace, secret.Name, done)
	}
	return nil
}

// put makes a Secret and its namespace; one that is there stays as it is.
func put(ctx context.Context, api kubeapi.API, secret corev1.Secret) (string, error) {
	namespace := corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: secret.Namespace}}
	if err := api.Create(ctx, "/api/v1/namespaces", namespace); err != nil && !there(err) {
		return "", err
	}
	err := api.Create(ctx, "/api/v1/namespaces/"+secret.Namespace+"/secrets", secret)
	if there(err) {
		return "is there already, and stays", nil
	}
	return "made", err
}

func there(err error) bool {
	var refused kubeapi.Error
	return errors.As(err, &refused) && refused.Code == http.StatusConflict
}

// ready waits until the API answers.
func ready(ctx context.Context, api kubeapi.API, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		attempt, done := context.WithTimeout(ctx, 10*time.Second)
		err := api.Get(attempt, "/readyz", nil)
		done()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w", api.Server, limit, err)
		case <-tick.C:
		}
	}
}
