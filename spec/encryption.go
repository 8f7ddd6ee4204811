package spec

// Encryption encrypts Talos's own volumes
// (https://www.talos.dev/latest/talos-guides/configuration/disk-encryption/).
type Encryption struct {
	// State is the volume with the machine configuration and the cluster's keys.
	State *VolumeEncryption `json:"state,omitempty"`
	// Ephemeral is /var: etcd's data, container images, logs.
	Ephemeral *VolumeEncryption `json:"ephemeral,omitempty"`
}

// VolumeEncryption is the LUKS2 encryption of one volume.
type VolumeEncryption struct {
	// Keys unlock the volume; any of them does. The place in the list is the LUKS key slot, so put new keys at
	// the end.
	Keys []EncryptionKey `json:"keys" required:"true" min:"1" max:"8" example:"[{ type: tpm }]"`
}

// EncryptionKey is one way to unlock a volume.
type EncryptionKey struct {
	// Type is tpm (sealed in the TPM, bound to Secure Boot), kms (held by a server on the network), static (a
	// passphrase) or nodeID (derived from the machine's UUID: only good against a disk that is thrown away).
	Type EncryptionKeyType `json:"type" required:"true" example:"tpm"`
	// Endpoint is the KMS server, for type kms.
	Endpoint string `json:"endpoint,omitempty" example:"https://kms.example.com:4050"`
	// PassphraseRef says where the passphrase is kept, for type static.
	PassphraseRef SecretRef `json:"passphraseRef,omitempty" example:"op://home/talos/disk-passphrase"`
}

// EncryptionKeyType is a kind of key.
type EncryptionKeyType string

// The kinds.
const (
	KeyTPM    EncryptionKeyType = "tpm"
	KeyKMS    EncryptionKeyType = "kms"
	KeyStatic EncryptionKeyType = "static"
	KeyNodeID EncryptionKeyType = "nodeID"
)

// Values lists the kinds.
func (EncryptionKeyType) Values() []string { return []string{"tpm", "kms", "static", "nodeID"} }
