package stacks

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/talos"
)

// checkSnapshot refuses a snapshot that is broken or another cluster's, before anything is touched. Secrets that the state does
// not hand out yet are looked at when they are known: [talos.Args].
func (h history) checkSnapshot(path string) error {
	if path == "" {
		return nil
	}
	if h.machineSecrets == "" {
		return talos.CheckSnapshot(path)
	}
	var held struct {
		Secrets struct {
			Key string `yaml:"secretboxencryptionsecret"`
		}
	}
	if err := yaml.Unmarshal([]byte(h.machineSecrets), &held); err != nil {
		// What it says would quote a secret.
		return fmt.Errorf("stack output %s: it is no file of machine secrets", machineSecretsOutput)
	}
	return talos.CheckSnapshotKey(path, held.Secrets.Key)
}
