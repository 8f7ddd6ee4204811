package addons_test

import _ "embed"

var (
	//go:embed testdata/pools.yaml
	pools string
	//go:embed testdata/gateway.yaml
	gateways string
	//go:embed testdata/wildcard.yaml
	wildcard string
	//go:embed testdata/ceph.yaml
	ceph string
)
