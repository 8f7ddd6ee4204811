package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/dynamic"
	kubectl "k8s.io/kubectl/pkg/cmd"

	"github.com/home-ops/home-ops/internal/runbook"
)

var prometheusRules = schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: "prometheusrules"}

// checkPages runs, with Kubernetes's own kubectl, what the pages of this cluster's alerts have people type. Of a command that names
// something which is not here, or wants a kubelet, kubectl reads the options alone, as pulumi does of all of its own.
func (r *rehearsal) checkPages(ctx context.Context, c *cluster) (string, error) {
	alerts, err := alertsOf(ctx, c)
	if err != nil {
		return "", err
	}
	commands, err := runbook.All(os.DirFS(r.config.Project))
	if err != nil {
		return "", err
	}
	kubeconfig := filepath.Join(r.config.Dir, "kubeconfig-of-pages")
	if err := os.WriteFile(kubeconfig, []byte(c.kubeconfig), 0o600); err != nil {
		return "", err
	}
	defer os.Remove(kubeconfig) //nolint:errcheck // it is in the folder of the run
	ran, read := 0, 0
	var errs []error
	// Most pages end in `pulumi up`, and to ask takes half a second.
	asked := map[string]error{}
	once := func(words []string, ask func() error) error {
		key := strings.Join(words, "\x00")
		err, done := asked[key]
		if !done {
			err = ask()
			asked[key] = err
		}
		return err
	}
	for _, command := range commands {
		alert, isAlert := strings.CutPrefix(command.Page, "alerts/")
		program := command.Program()
		if program != "kubectl" && program != "pulumi" || isAlert && !alerts[strings.TrimSuffix(alert, path.Ext(alert))] {
			continue
		}
		if !isAlert && r.ofOtherStorage(command.Text) {
			continue
		}
		if program == "pulumi" {
			if !command.Inline {
				continue // a scenario runs it, or says why not
			}
			read++
			words, err := command.Words(map[string]string{"STACK": r.stack.Name})
			if err == nil {
				err = once(words, func() error { return r.knownToPulumi(ctx, words) })
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", command, err))
			}
			continue
		}
		words, whole, err := r.askable(command)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if whole {
			ran++
		} else {
			read++
		}
		ask := func() error { return r.kubectl(ctx, kubeconfig, words) }
		if !whole {
			ask = func() error { return knownToKubectl(words) }
		}
		if err := once(words, ask); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", command, err))
		}
	}
	if ran == 0 && len(alerts) > 0 {
		errs = append(errs, errors.New("no page has a command that can be run"))
	}
	return fmt.Sprintf("%d commands were run, of %d more the options were read, for %d alerts", ran, read, len(alerts)), errors.Join(errs...)
}

// ofOtherStorage reports whether a command is for a kind of storage that this stack has not: its kinds are not in the cluster.
func (r *rehearsal) ofOtherStorage(command string) bool {
	return r.stack.Storage.Longhorn == nil && strings.Contains(command, " -n "+longhornNamespace+" ") ||
		r.stack.Storage.RookCeph == nil && strings.Contains(command, " -n "+cephNamespace+" ")
}

// askable are the words of a command of kubectl, and whether it can be run as a whole.
func (r *rehearsal) askable(c runbook.Command) (words []string, whole bool, err error) {
	with := map[string]string{"NODE": r.stack.Nodes[0].Name}
	whole = true
	for _, name := range c.Placeholders() {
		if _, known := with[name]; !known {
			with[name], whole = "unknown", false
		}
	}
	if words, err = c.Words(with); err != nil {
		return nil, false, err
	}
	// What changes something is not for a look at the cluster, and no kubelet answers in the room. A guide speaks of all that a stack
	// may have.
	if c.Guide() || !slices.ContainsFunc(words, func(word string) bool { return word == "get" || word == "describe" }) {
		whole = false
	}
	return words, whole, nil
}

// knownToPulumi has pulumi read the options of a command.
func (r *rehearsal) knownToPulumi(ctx context.Context, words []string) error {
	usage, err := r.cli.Help(ctx, words[1:]...)
	if err != nil {
		return err
	}
	// Behind a word that it does not know, pulumi shows the commands that there are.
	if strings.Contains(usage, " [command]") {
		return errors.New("pulumi wants another word")
	}
	return nil
}

// knownToKubectl has kubectl's own code read the words of a command, and do no more. As a program of its own it would take longer for
// that than all other checks together.
func knownToKubectl(words []string) error {
	root := kubectl.NewKubectlCommand(kubectl.KubectlOptions{
		Arguments: words, IOStreams: genericiooptions.NewTestIOStreamsDiscard(), ConfigFlags: genericclioptions.NewConfigFlags(true),
	})
	command, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	if command.HasSubCommands() && command.Flags().NArg() > 0 {
		return fmt.Errorf("%s knows no %s", command.CommandPath(), command.Flags().Arg(0))
	}
	return nil
}

func (r *rehearsal) kubectl(ctx context.Context, kubeconfig string, words []string) error {
	cmd := exec.CommandContext(ctx, r.config.Kube)
	cmd.Args, cmd.Dir = words, r.config.Dir
	cmd.Env = []string{"KUBECONFIG=" + kubeconfig, "HOME=" + r.config.Dir}
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(wrong.String()))
	}
	return nil
}

// alertsOf are the names of the alerts that the cluster has.
func alertsOf(ctx context.Context, c *cluster) (map[string]bool, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return nil, err
	}
	list, err := client.Resource(prometheusRules).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil // a cluster without monitoring
	}
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, item := range list.Items {
		groups, _ := item.Object["spec"].(map[string]any)
		for _, group := range listOf(groups["groups"]) {
			for _, rule := range listOf(group["rules"]) {
				if name, ok := rule["alert"].(string); ok {
					names[name] = true
				}
			}
		}
	}
	return names, nil
}

// listOf are the objects of a list that is read without its type.
func listOf(value any) []map[string]any {
	items, _ := value.([]any)
	var all []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			all = append(all, object)
		}
	}
	return all
}
