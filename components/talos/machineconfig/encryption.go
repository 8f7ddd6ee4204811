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
	encryption := block.EncryptionSpec{EncryptionProvider: blockres.EncryptionProviderLUKS2}
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
	encryption := &v1alpha1.EncryptionConfig{EncryptionProvider: blockres.EncryptionProviderLUKS2.String()}
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

// PassphraseRefs are the passphrases that the stack's nodes need.
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
	for _, node := range stack.Nodes {
		collect(node.Encryption.State)
		collect(node.Encryption.Ephemeral)
		for _, volume := range node.UserVolumes {
			collect(volume.Encryption)
		}
	}
	return refs
}
