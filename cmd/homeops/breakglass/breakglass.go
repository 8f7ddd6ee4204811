// Package breakglass gathers what opens a cluster when all else is lost, and what would be slow or impossible to make
// again.
package breakglass

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/cmd/homeops/keep"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// The files of a copy.
const (
	Readme      = "README.txt"
	Talosconfig = "talosconfig"
	Kubeconfig  = "kubeconfig"
	// MachineSecrets is in the form of `talosctl gen secrets`.
	MachineSecrets = "secrets.yaml"
	// Passphrase opens the secrets of the stack file and of the state.
	Passphrase = "passphrase.txt"
	// Certificates and Backups are folders of Kubernetes Secrets.
	Certificates = "certificates/"
	Backups      = "backups/"
)

// Source is where the contents come from.
type Source struct {
	Stack *spec.Stack
	// StackFile is the stack file itself.
	StackFile []byte
	// Talosconfig, Kubeconfig and MachineSecrets are outputs of the stack.
	Talosconfig, Kubeconfig, MachineSecrets string
	// Passphrase is that of the stack; empty when it is not known here.
	Passphrase string
	// Secrets are all Secrets of the cluster.
	Secrets []corev1.Secret
	Now     time.Time
}

// Gather makes a copy. One without any of the three that open the cluster is an error.
func Gather(s Source) (keep.Copy, error) {
	c := keep.Copy{Stack: s.Stack.Name, Kind: keep.BreakGlass, Made: s.Now, Files: map[string][]byte{
		"Pulumi." + s.Stack.Name + ".yaml": s.StackFile,
	}}
	var errs []error
	for name, content := range map[string]string{Talosconfig: s.Talosconfig, Kubeconfig: s.Kubeconfig, MachineSecrets: s.MachineSecrets} {
		if content == "" {
			errs = append(errs, fmt.Errorf("the stack has no %s among its outputs: run `pulumi up` to its end once", name))
		}
		c.Files[name] = []byte(content)
	}
	if err := errors.Join(errs...); err != nil {
		return keep.Copy{}, err
	}
	if s.Passphrase != "" {
		c.Files[Passphrase] = []byte(s.Passphrase + "\n")
	}
	for _, secret := range s.Secrets {
		folder := folderOf(secret)
		if folder == "" {
			continue
		}
		content, err := yaml.Marshal(bare(secret))
		if err != nil {
			return keep.Copy{}, err
		}
		c.Files[fileOf(folder, secret.Namespace, secret.Name)] = content
	}
	readme, err := readmeOf(s)
	c.Files[Readme] = readme
	return c, err
}

// folderOf is where a Secret of the cluster belongs in a copy; empty for one that is left out. What apps have comes from
// Git and the stores of secrets.
func folderOf(s corev1.Secret) string {
	_, restic := s.Data["RESTIC_PASSWORD"]
	switch {
	// Let's Encrypt gives five certificates for the same names a week
	// (https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers).
	case s.Annotations["cert-manager.io/certificate-name"] != "":
		return Certificates
	case s.Namespace == accounts && strings.HasSuffix(s.Name, "-account"):
		return Certificates
	case restic, s.Namespace == "longhorn-system" && s.Name == "longhorn-backup":
		return Backups
	}
	return ""
}

// fileOf is the name of a Secret's file in a copy.
func fileOf(folder, namespace, name string) string { return folder + namespace + "." + name + ".yaml" }

// has is whether a copy has anything in a folder.
func has(c keep.Copy, folder string) bool {
	for name := range c.Files {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// bare is a Secret as it can be made in another cluster: its owners are not there, and would have it removed.
func bare(s corev1.Secret) corev1.Secret {
	var b corev1.Secret
	b.APIVersion, b.Kind = "v1", "Secret"
	b.Name, b.Namespace, b.Type, b.Data = s.Name, s.Namespace, s.Type, s.Data
	b.Labels, b.Annotations = s.Labels, map[string]string{}
	for key, value := range s.Annotations {
		if key != corev1.LastAppliedConfigAnnotation {
			b.Annotations[key] = value
		}
	}
	return b
}

//go:embed readme.txt.tmpl
var readmeText string

// readmeOf is for somebody who has never seen this cluster.
func readmeOf(s Source) ([]byte, error) {
	text, err := template.New(Readme).Parse(readmeText)
	if err != nil {
		return nil, err
	}
	api, err := kubeapi.Open([]byte(s.Kubeconfig))
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	certificate, err := api.Certificate()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	var out bytes.Buffer
	err = text.Execute(&out, map[string]any{
		"Stack": s.Stack, "Made": s.Now.UTC().Format(time.DateOnly), "Expires": certificate.NotAfter.UTC().Format(time.DateOnly),
		"Passphrase": s.Passphrase != "", "First": s.Stack.ControlPlanes()[0].Address,
	})
	return out.Bytes(), err
}
