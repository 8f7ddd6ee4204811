// Package etcdtest makes snapshots of etcd for tests, with what an API server keeps in one.
package etcdtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/crypto/nacl/secretbox"
	"google.golang.org/protobuf/encoding/protowire"
)

// Key is a new key of machine secrets, in base64.
func Key() string {
	var key [32]byte
	_, _ = rand.Read(key[:])
	return base64.StdEncoding.EncodeToString(key[:])
}

// Object is a revision of an object in etcd.
type Object struct {
	// Name is its key, such as /registry/secrets/default/token.
	Name string
	// Key encrypts the value as the API server of a Talos cluster does; empty for one that is kept as it is.
	Key string
	// Value is empty for a revision that deletes it.
	Value string
}

// Secrets are objects that an API server has encrypted with a key.
func Secrets(key string, names ...string) []Object {
	var all []Object
	for _, name := range names {
		all = append(all, Object{Name: "/registry/secrets/default/" + name, Key: key, Value: "the value of " + name})
	}
	return all
}

// Snapshot writes one with these revisions, the oldest first, and returns its path.
func Snapshot(t testing.TB, objects ...Object) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "etcd.db")
	// 4096 is what etcd's machines have.
	database, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 4096})
	if err == nil {
		err = database.Update(func(tx *bbolt.Tx) error { return fill(tx, objects) })
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	Seal(t, path)
	return path
}

// Seal writes the hash that ends a snapshot behind a database.
func Seal(t testing.TB, path string) {
	t.Helper()
	pages, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pages)
	if err := os.WriteFile(path, append(pages, sum[:]...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func fill(tx *bbolt.Tx, objects []Object) error {
	bucket, err := tx.CreateBucket([]byte("key"))
	if err != nil {
		return err
	}
	// etcd knows itself by what is in here; a restored one begins anew.
	if _, err := tx.CreateBucket([]byte("meta")); err != nil {
		return err
	}
	for i, o := range objects {
		// https://github.com/etcd-io/etcd/blob/v3.6.5/server/storage/mvcc/revision.go
		revision := binary.BigEndian.AppendUint64(nil, uint64(i+2))
		revision = append(revision, '_')
		revision = binary.BigEndian.AppendUint64(revision, 0)
		value := o.stored()
		if o.Value == "" {
			revision, value = append(revision, 't'), nil
		}
		if err := bucket.Put(revision, keyValue(o.Name, value, i+2)); err != nil {
			return err
		}
	}
	return nil
}

// stored is the value as the API server writes it.
func (o Object) stored() []byte {
	if o.Key == "" {
		return []byte(o.Value)
	}
	raw, err := base64.StdEncoding.DecodeString(o.Key)
	if err != nil {
		panic(err)
	}
	var nonce [24]byte
	_, _ = rand.Read(nonce[:])
	return append([]byte("k8s:enc:secretbox:v1:key2:"), secretbox.Seal(nonce[:], []byte(o.Value), &nonce, (*[32]byte)(raw))...)
}

func keyValue(name string, value []byte, revision int) []byte {
	raw := protowire.AppendTag(nil, 1, protowire.BytesType)
	raw = protowire.AppendBytes(raw, []byte(name))
	for _, number := range []protowire.Number{2, 3, 4} { // created, modified, version
		raw = protowire.AppendTag(raw, number, protowire.VarintType)
		raw = protowire.AppendVarint(raw, uint64(revision))
	}
	if value == nil {
		return raw
	}
	raw = protowire.AppendTag(raw, 5, protowire.BytesType)
	return protowire.AppendBytes(raw, value)
}
