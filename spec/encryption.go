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
	// Cipher is the kernel's cipher. Default: aes-xts-plain64, as Talos; xchacha12,aes-adiantum-plain64 is for
	// processors without instructions for AES. It cannot be changed later.
	Cipher LUKSCipher `json:"cipher,omitempty"`
	// SectorSize is the size of an encrypted block in bytes: 512, 1024, 2048 or 4096. Default: what the disk says;
	// 4096 is faster on disks that hide their own.
	SectorSize int `json:"sectorSize,omitempty" min:"512" max:"4096"`
	// Performance are options of dm-crypt, such as no_read_workqueue and no_write_workqueue, which are faster on NVMe.
	Performance []LUKSOption `json:"performance,omitempty" example:"[no_read_workqueue, no_write_workqueue]"`
}

// LUKSCipher is a cipher of the kernel's
// (https://github.com/siderolabs/go-blockdevice/blob/main/encryption/luks/luks.go).
type LUKSCipher string

// Values lists the ciphers that Talos knows.
func (LUKSCipher) Values() []string {
	return []string{"aes-xts-plain64", "xchacha12,aes-adiantum-plain64", "xchacha20,aes-adiantum-plain64"}
}

// LUKSOption is an option of dm-crypt.
type LUKSOption string

// Values lists the options that Talos knows.
func (LUKSOption) Values() []string {
	return []string{"no_read_workqueue", "no_write_workqueue", "same_cpu_crypt"}
}

// EncryptionKey is one way to unlock a volume.
type EncryptionKey struct {
	// Type is tpm (sealed in the TPM, and with Secure Boot to what the machine boots), kms (held by a server on the network), static (a
	// passphrase) or nodeID (derived from the machine's UUID: only good against a disk that is thrown away).
	Type EncryptionKeyType `json:"type" required:"true" example:"tpm"`
	// Endpoint is the KMS server, for type kms.
	Endpoint string `json:"endpoint,omitempty" form:"keyServer" example:"https://kms.example.com:4050"`
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
