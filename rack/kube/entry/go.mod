// What the programs of rack/kube/vMINOR and rack/kube/etcd-vMINOR have in common. It is a module of its own, without
// requirements: theirs are releases that cannot be linked with the rack's.
module github.com/home-ops/home-ops/rack/kube/entry

go 1.26.0
