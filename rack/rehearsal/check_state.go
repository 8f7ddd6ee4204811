package rehearsal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	talossecrets "github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// checkPending reads the state for operations that never ended, which the next up would complain about.
func (r *rehearsal) checkPending(ctx context.Context, _ *cluster) (string, error) {
	state, err := r.cli.Export(ctx)
	if err != nil {
		return "", err
	}
	var s struct {
		Deployment struct {
			Resources []struct{ URN string } `json:"resources"`
			Pending   []struct {
				Resource struct{ URN string } `json:"resource"`
				Type     string               `json:"type"`
			} `json:"pending_operations"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return "", fmt.Errorf("state: %w", err)
	}
	for _, p := range s.Deployment.Pending {
		err = errors.Join(err, fmt.Errorf("%s of %s", p.Type, p.Resource.URN))
	}
	return fmt.Sprintf("%d resources in the state", len(s.Deployment.Resources)), err
}

// checkSecrets looks for every secret of the cluster, in plain text and in base64, in all that a run leaves behind for
// others to see: state, event logs, what was printed. The machines' own disks hold secrets, as real ones do.
func (r *rehearsal) checkSecrets(_ context.Context, c *cluster) (string, error) {
	secrets := map[string]string{"kubeconfig key": string(c.rest.KeyData)}
	talos, err := clientconfig.FromString(c.talosconfig)
	if err != nil {
		return "", fmt.Errorf("stack output talosconfig: %w", err)
	}
	for name, context := range talos.Contexts {
		key, err := base64.StdEncoding.DecodeString(context.Key)
		if err != nil {
			return "", fmt.Errorf("stack output talosconfig: key of %s: %w", name, err)
		}
		secrets["talosconfig key"] = string(key)
	}
	secrets["stack passphrase"] = r.passphrase
	for ref, value := range r.secrets.values {
		secrets[string(ref)] = value
	}
	for _, m := range r.rack.nodes {
		r.collectSecrets(m, secrets)
	}
	needles := map[string][]byte{}
	for name, value := range secrets {
		for form, needle := range telling(value) {
			needles[name+form] = needle
		}
	}
	files, found := 0, []string{}
	for _, place := range []string{"logs", "state"} {
		err := filepath.WalkDir(filepath.Join(r.config.Dir, place), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for name, needle := range needles {
				if bytes.Contains(text, needle) {
					found = append(found, fmt.Sprintf("%s is in %s", name, path))
				}
			}
			return nil
		})
		if err != nil {
			return "", fmt.Errorf("looking for secrets: %w", err)
		}
	}
	if len(found) > 0 {
		slices.Sort(found)
		return "", errors.New(strings.Join(found, "\n"))
	}
	if files == 0 || len(secrets) < 10 {
		return "", fmt.Errorf("looked for %d secrets in %d files: that is too little to mean anything", len(secrets), files)
	}
	return fmt.Sprintf("%d secrets, %d files", len(secrets), files), nil
}

// collectSecrets takes the secrets out of the config that the machine really has.
func (r *rehearsal) collectSecrets(m *machine, secrets map[string]string) {
	config := m.Applied()
	if config == nil {
		return
	}
	add := func(name, value string) {
		if value != "" {
			secrets[name] = value
		}
	}
	machine, cluster := config.Machine(), config.Cluster()
	add("machine token", machine.Security().Token())
	if ca := machine.Security().IssuingCA(); ca != nil {
		add("machine CA key", string(ca.Key))
	}
	if identity := config.DiscoveryIdentityConfig(); identity != nil {
		add("cluster secret", identity.ClusterSecret())
	}
	add("bootstrap token", cluster.Token().Secret())
	// The bundle finds it in the main document and in contract v1.14's own.
	if bundle, err := talossecrets.NewBundleFromConfig(talossecrets.NewClock(), config); err == nil {
		add("secretbox key", bundle.Secrets.SecretboxEncryptionSecret)
	}
	add("aescbc key", cluster.AESCBCEncryptionSecret())
	if !m.spec.IsControlPlane() {
		return
	}
	if authority := config.K8sAPIServerCAConfig(); authority != nil && authority.IssuingCA() != nil {
		ca := authority.IssuingCA()
		add("kubernetes CA key", string(ca.Key))
	}
	if authority := config.K8sAggregatorCAConfig(); authority != nil && authority.IssuingCA() != nil {
		ca := authority.IssuingCA()
		add("aggregator CA key", string(ca.Key))
	}
	if account := config.K8sServiceAccountConfig(); account != nil {
		key := account.IssuingKey()
		add("service account key", string(key.Key))
	}
	if ca := cluster.Etcd().CA(); ca != nil {
		add("etcd CA key", string(ca.Key))
	}
}

// telling gives forms of a secret that would betray it wherever they stand: escaping in JSON breaks lines, so of a
// text of many lines it is its longest; base64 is in the program's and in Kubernetes's habits.
func telling(value string) map[string][]byte {
	longest := ""
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); len(line) > len(longest) {
			longest = line
		}
	}
	// The last characters depend on what follows, so they are left out.
	encoded := base64.StdEncoding.EncodeToString([]byte(value))
	return map[string][]byte{
		"":          []byte(longest),
		" (base64)": []byte(encoded[:len(encoded)-4]),
	}
}
