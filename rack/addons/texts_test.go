package addons_test

import _ "embed"

var (
	//go:embed testdata/pools.yaml
	pools string
	//go:embed testdata/wildcard.yaml
	wildcard string
	//go:embed testdata/daemon.yaml
	daemonPod string
	//go:embed testdata/longhorn-node.yaml
	longhornNode string
	//go:embed testdata/longhorn-claim.yaml
	longhornClaim string
	//go:embed testdata/longhorn-pod.yaml
	longhornPod string
	//go:embed testdata/ceph.yaml
	ceph string
	//go:embed testdata/volumes.yaml
	volumes string
	//go:embed testdata/pool.yaml
	pool string
	//go:embed testdata/snapshots.yaml
	snapshots string
	//go:embed testdata/certificates.yaml
	certificates string
	//go:embed testdata/externals.yaml
	externals string
	//go:embed testdata/externalsecrets-store.yaml
	externalStore string
	//go:embed testdata/released.yaml
	released string
	//go:embed testdata/bound.yaml
	bound string
	//go:embed testdata/rook-operator.yaml
	rookOperator string
	//go:embed testdata/claim.yaml
	claim string
	//go:embed testdata/volsync.yaml
	volsync string
	//go:embed testdata/zfs.yaml
	zfsClaim string
)
