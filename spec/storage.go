package spec

// Storage is what keeps data over the loss of a node. Several kinds can be used side by side.
type Storage struct {
	// DefaultClass is the storage class of claims that name none. Default: ceph-block, longhorn or zfs, the
	// first that the stack has.
	DefaultClass string `json:"defaultClass,omitempty" example:"ceph-block"`
	// RookCeph runs Ceph: block, file and object storage replicated over the nodes.
	RookCeph *RookCeph `json:"rookCeph,omitempty"`
	// Longhorn replicates block storage, with backups of its own.
	Longhorn *Longhorn `json:"longhorn,omitempty"`
	// ZFS offers local datasets, fast but not replicated.
	ZFS *ZFS `json:"zfs,omitempty"`
}

// Schedule is a repeated task of which the last few results are kept.
type Schedule struct {
	// Name is the task's name.
	Name string `json:"name" required:"true" example:"daily"`
	// Cron says when: minute, hour, day of the month, month, day of the week.
	Cron string `json:"cron" required:"true" example:"0 3 * * *"`
	// Retain is how many results are kept. Default: 7.
	Retain int `json:"retain,omitempty" min:"1" max:"250"`
}

func (s *Schedule) defaults() { s.Retain = 7 }
