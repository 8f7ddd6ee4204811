// Package upstream finds what upstream projects publish inside their Go modules:
// Cilium's chart and kinds, the Gateway API's kinds. The module proxy serves them
// where chart registries are out of reach, and the checksum database vouches for
// them.
package upstream
