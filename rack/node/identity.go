package node

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// newIdentity makes the random value that a machine keeps on STATE, by which the discovery service knows it.
func newIdentity() string {
	var buf [32]byte
	_, _ = rand.Read(buf[:]) // never fails, see crypto/rand
	return hex.EncodeToString(buf[:])
}

// stableHostname is the hostname of a machine that is told none: the same for as long as its identity lasts.
func stableHostname(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	digits := fmt.Sprintf("%013s", strconv.FormatUint(binary.BigEndian.Uint64(sum[:8]), 36))
	return fmt.Sprintf("talos-%s-%s", digits[7:10], digits[10:13])
}
