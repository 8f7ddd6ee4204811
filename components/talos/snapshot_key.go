package talos

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"
	"golang.org/x/crypto/nacl/secretbox"
	"google.golang.org/protobuf/encoding/protowire"
)

// secretboxPrefix is what the API server writes before a value that it encrypted with the machine secrets' key, which Talos
// calls key2 (https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/,
// https://github.com/siderolabs/talos/blob/v1.14.1/pkg/machinery/config/types/k8s/etcd_encryption.go).
const secretboxPrefix = "k8s:enc:secretbox:v1:key2:"

// nonceSize is how many bytes of a value come before its box
// (https://github.com/kubernetes/apiserver/blob/v0.36.4/pkg/storage/value/encrypt/secretbox/secretbox.go).
const nonceSize = 24

// CheckSnapshotKey is nil for a whole snapshot ([CheckSnapshot]) that a cluster with this key can read: of what the snapshot
// has encrypted with such a key, it opens everything. The key is that of the machine secrets, in base64. A snapshot that has
// nothing encrypted is anybody's; one that has nothing at all is an error, for a cluster that begins with it would be empty.
func CheckSnapshotKey(path, key string) error {
	if err := CheckSnapshot(path); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != 32 {
		return errors.New("machine secrets: secretboxEncryptionSecret is not 32 bytes in base64")
	}
	database, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("etcd snapshot %s: %w", path, err)
	}
	defer database.Close() //nolint:errcheck // nothing was written
	read := sealed{key: [32]byte(raw), seen: map[string]bool{}}
	if err := database.View(read.all); err != nil {
		return fmt.Errorf("etcd snapshot %s: %w", path, err)
	}
	switch {
	case len(read.seen) == 0:
		return fmt.Errorf("etcd snapshot %s: it is empty", path)
	case len(read.shut) > 0:
		return fmt.Errorf("etcd snapshot %s: the machine secrets of this stack do not open %d of its %d encrypted objects, such as %s: "+
			"the snapshot is another cluster's, or the state is. With the state or the break-glass copy of the snapshot's own cluster, "+
			"docs/runbooks/rebuild.md goes on; nothing was restored", path, len(read.shut), read.encrypted, read.shut[0])
	}
	return nil
}

// sealed is what becomes known of a snapshot's encrypted values.
type sealed struct {
	key [32]byte
	// seen are the names of all objects.
	seen map[string]bool
	// encrypted counts the objects that are encrypted; shut names those that the key does not open.
	encrypted int
	shut      []string
}

// all looks at the newest revision of each object. Of one that was deleted, that is a tombstone without a value.
func (s *sealed) all(tx *bbolt.Tx) error {
	// https://github.com/etcd-io/etcd/blob/v3.6.5/server/storage/schema/bucket.go
	bucket := tx.Bucket([]byte("key"))
	if bucket == nil {
		return errors.New("it is no database of etcd")
	}
	cursor := bucket.Cursor()
	for revision, raw := cursor.Last(); revision != nil; revision, raw = cursor.Prev() {
		name, value, err := keyValue(raw)
		if err != nil {
			return fmt.Errorf("revision %x: %w", revision, err)
		}
		if s.seen[name] {
			continue
		}
		s.seen[name] = true
		box, encrypted := bytes.CutPrefix(value, []byte(secretboxPrefix))
		if !encrypted {
			continue
		}
		s.encrypted++
		if !s.opens(box) {
			s.shut = append(s.shut, strings.TrimPrefix(name, "/registry/"))
		}
	}
	return nil
}

func (s *sealed) opens(box []byte) bool {
	if len(box) < nonceSize {
		return false
	}
	_, ok := secretbox.Open(nil, box[nonceSize:], (*[nonceSize]byte)(box), &s.key)
	return ok
}

// keyValue reads the name and the value of an etcd key
// (https://github.com/etcd-io/etcd/blob/v3.6.5/api/mvccpb/kv.proto).
func keyValue(raw []byte) (name string, value []byte, err error) {
	for len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return "", nil, protowire.ParseError(n)
		}
		length := protowire.ConsumeFieldValue(number, kind, raw[n:])
		if length < 0 {
			return "", nil, protowire.ParseError(length)
		}
		field := raw[n : n+length]
		raw = raw[n+length:]
		if kind != protowire.BytesType {
			continue
		}
		field, _ = protowire.ConsumeBytes(field)
		switch number {
		case 1:
			name = string(field)
		case 5:
			value = field
		}
	}
	return name, value, nil
}
