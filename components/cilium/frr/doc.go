// Package frr writes the router's end of the BGP sessions as configuration for
// FRR (https://docs.frrouting.org), which UniFi gateways run and take as a file
// under Settings > Routing > BGP.
package frr
