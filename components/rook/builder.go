package rook

import (
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/rook/objects"
	"github.com/home-ops/home-ops/components/rook/values"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
)

// The chart of Rook's operator, where every release of it is: the OCI registry has it from v1.16.6 on
// (https://rook.io/docs/rook/latest/Helm-Charts/operator-chart/).
const (
	chart      = "rook-ceph"
	repository = "https://charts.rook.io/release"
)

const (
	// operatorPatience is how long the operator may take to run.
	operatorPatience = 10 * time.Minute
	// cephPatience is how long Ceph may take over one object. A first start pulls
	// images of a gigabyte over a home's line; an upgrade restarts every disk in turn.
	cephPatience = "30m"
)

// builder holds what every step of New needs.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	parent *RookCephStorage
}

// options are those of every resource.
func (b *builder) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.Provider(b.args.Provider)}, more...)
}

// keep is for what data hangs on. Protection stops a preview that would delete
// it; once somebody has lifted that, Pulumi forgets the object and leaves it where
// it is.
func keep() pulumi.ResourceOption {
	return pulumi.Composite(pulumi.Protect(true), pulumi.RetainOnDelete(true))
}

// namespace is kept because it takes everything in it along, and Rook counts on
// finding its keys again.
func (b *builder) namespace(object objects.Object) (*manifest.Resource, error) {
	return manifest.New(b.ctx, b.name+"-"+object.Name, object.Body, b.options(keep())...)
}

// operator brings Rook's kinds, and waits until the operator runs: from then on
// they mean something. It is kept: the chart brings kinds of csi.ceph.io that Helm
// takes away with it, and with them would go the drivers of every mounted volume.
func (b *builder) operator(namespace pulumi.Resource) (*helm.Release, error) {
	chartValues, err := values.For(b.args.Stack)
	if err != nil {
		return nil, err
	}
	after := append(slices.Clone(b.args.Network), namespace)
	return helm.NewRelease(b.ctx, b.name+"-operator", &helm.Args{
		Name:       "rook-ceph",
		Chart:      chart,
		Repository: repository,
		Version:    string(b.args.Stack.Versions.RookCeph),
		Namespace:  objects.Namespace,
		Values:     pulumi.ToMap(chartValues),
		Timeout:    operatorPatience,
	}, b.options(keep(), pulumi.DependsOn(after))...)
}

// data makes an object that holds data, once after is there.
func (b *builder) data(object objects.Object, after ...pulumi.Resource) (*manifest.Resource, error) {
	return manifest.New(b.ctx, b.name+"-"+object.Name, object.Body, b.options(
		keep(),
		pulumi.DependsOn(after),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: cephPatience, Update: cephPatience}),
	)...)
}

// offer makes pools, and then the class that gives them out: a claim that came
// earlier would fail over and over, ever more slowly.
func (b *builder) offer(offer objects.Offer, cluster pulumi.Resource) (*manifest.Resource, error) {
	after := []pulumi.Resource{cluster}
	for _, object := range offer.Pools {
		pool, err := b.data(object, after...)
		if err != nil {
			return nil, err
		}
		after = []pulumi.Resource{pool}
	}
	class, err := manifest.New(b.ctx, b.name+"-"+offer.Class.Name, offer.Class.Body,
		b.options(pulumi.DependsOn(after))...)
	if err != nil || offer.Snapshots == nil || len(b.args.SnapshotKinds) == 0 {
		return class, err
	}
	_, err = manifest.New(b.ctx, b.name+"-"+offer.Snapshots.Name, offer.Snapshots.Body,
		b.options(pulumi.DependsOn(append(after, b.args.SnapshotKinds...)))...)
	return class, err
}
