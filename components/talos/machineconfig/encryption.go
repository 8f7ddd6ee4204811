package machineconfig

import (
	"fmt"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	blockres "github.com/siderolabs/talos/pkg/machinery/resources/block"

	"github.com/home-ops/home-ops/spec"
)

// Passphrases are the disk passphrases by where the stack file says they are kept.
type Passphrases map[spec.SecretRef]string

// diskKeys makes the encryption of one node's volumes.
type diskKeys struct {
	node        spec.Node
	passphrases Passphrases
}

// spec is the encryption of one volume; none when the stack file wants none. A
// key's place in the list is its LUKS slot.
func (k diskKeys) spec(path string, wanted *spec.VolumeEncryption) (block.EncryptionSpec, error) {
	if wanted == nil {
		return block.EncryptionSpec{}, nil
	}
	encryption := block.EncryptionSpec{
		EncryptionProvider:    blockres.EncryptionProviderLUKS2,
		EncryptionCipher:      string(wanted.Cipher),
		EncryptionBlockSize:   uint64(wanted.SectorSize),
		EncryptionPerfOptions: luksOptions(wanted),
	}
	for slot, key := range wanted.Keys {
		out := block.EncryptionKey{KeySlot: slot}
		switch key.Type {
		case spec.KeyTPM:
			out.KeyTPM = &block.EncryptionKeyTPM{TPMCheckSecurebootStatusOnEnroll: k.checkSecureBoot()}
		case spec.KeyKMS:
			out.KeyKMS = &block.EncryptionKeyKMS{KMSEndpoint: key.Endpoint}
		case spec.KeyStatic:
			passphrase, err := k.passphrase(path, slot, key)
			if err != nil {
				return block.EncryptionSpec{}, err
			}
			out.KeyStatic = &block.EncryptionKeyStatic{KeyData: passphrase}
		case spec.KeyNodeID:
			out.KeyNodeID = &block.EncryptionKeyNodeID{}
		}
		encryption.EncryptionKeys = append(encryption.EncryptionKeys, out)
	}
	return encryption, nil
}

func luksOptions(wanted *spec.VolumeEncryption) []string {
	var options []string
	for _, option := range wanted.Performance {
		options = append(options, string(option))
	}
	return options
}

// legacy is the encryption of Talos's own volumes as it was written before Talos 1.11.
func (k diskKeys) legacy() (*v1alpha1.SystemDiskEncryptionConfig, error) {
	if k.node.Encryption == (spec.Encryption{}) {
		return nil, nil
	}
	state, err := k.legacySpec("encryption.state", k.node.Encryption.State)
	if err != nil {
		return nil, err
	}
	ephemeral, err := k.legacySpec("encryption.ephemeral", k.node.Encryption.Ephemeral)
	if err != nil {
		return nil, err
	}
	return &v1alpha1.SystemDiskEncryptionConfig{StatePartition: state, EphemeralPartition: ephemeral}, nil
}

func (k diskKeys) legacySpec(path string, wanted *spec.VolumeEncryption) (*v1alpha1.EncryptionConfig, error) {
	if wanted == nil {
		return nil, nil
	}
	encryption := &v1alpha1.EncryptionConfig{
		EncryptionProvider:    blockres.EncryptionProviderLUKS2.String(),
		EncryptionCipher:      string(wanted.Cipher),
		EncryptionBlockSize:   uint64(wanted.SectorSize),
		EncryptionPerfOptions: luksOptions(wanted),
	}
	for slot, key := range wanted.Keys {
		out := &v1alpha1.EncryptionKey{KeySlot: slot}
		switch key.Type {
		case spec.KeyTPM:
			out.KeyTPM = &v1alpha1.EncryptionKeyTPM{TPMCheckSecurebootStatusOnEnroll: k.checkSecureBoot()}
		case spec.KeyKMS:
			out.KeyKMS = &v1alpha1.EncryptionKeyKMS{KMSEndpoint: key.Endpoint}
		case spec.KeyStatic:
			passphrase, err := k.passphrase(path, slot, key)
			if err != nil {
				return nil, err
			}
			out.KeyStatic = &v1alpha1.EncryptionKeyStatic{KeyData: passphrase}
		case spec.KeyNodeID:
			out.KeyNodeID = &v1alpha1.EncryptionKeyNodeID{}
		}
		encryption.EncryptionKeys = append(encryption.EncryptionKeys, out)
	}
	return encryption, nil
}

// checkSecureBoot refuses to seal a key into the TPM of a node that should boot
// securely but did not: such a key would open the disk for anyone.
func (k diskKeys) checkSecureBoot() *bool {
	if !k.node.SecureBoot {
		return nil
	}
	return pointer.To(true)
}

func (k diskKeys) passphrase(path string, slot int, key spec.EncryptionKey) (string, error) {
	passphrase := k.passphrases[key.PassphraseRef]
	if passphrase == "" {
		return "", fmt.Errorf("%s.keys[%d].passphraseRef: %s gave no passphrase", path, slot, key.PassphraseRef)
	}
	return passphrase, nil
}

// PassphraseRefs are the secrets that the configurations of the stack's nodes hold:
// passphrases of disks, passwords of registries, and what extension services and
// patches refer to.
func PassphraseRefs(stack *spec.Stack) []spec.SecretRef {
	var refs []spec.SecretRef
	seen := map[spec.SecretRef]bool{}
	collect := func(volume *spec.VolumeEncryption) {
		if volume == nil {
			return
		}
		for _, key := range volume.Keys {
			if key.Type == spec.KeyStatic && !seen[key.PassphraseRef] {
				seen[key.PassphraseRef] = true
				refs = append(refs, key.PassphraseRef)
			}
		}
	}
	add := func(more []spec.SecretRef) {
		for _, ref := range more {
			if !seen[ref] {
				seen[ref] = true
				refs = append(refs, ref)
			}
		}
	}
	add(registryRefs(stack))
	for _, node := range stack.Nodes {
		add(nodeRefs(node))
		collect(node.Encryption.State)
		collect(node.Encryption.Ephemeral)
		for _, volume := range node.UserVolumes {
			collect(volume.Encryption)
		}
		for _, volume := range node.RawVolumes {
			collect(volume.Encryption)
		}
	}
	return refs
}
