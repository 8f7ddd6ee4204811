package spec

// Longhorn replicates block storage (https://longhorn.io).
type Longhorn struct {
	// UserVolume is the user volume, present on every storage node, that holds the data, so that it survives a
	// reset of the node. Default: longhorn.
	UserVolume string `json:"userVolume,omitempty"`
	// Nodes names the nodes that store data. Default: all that have the user volume.
	Nodes []string `json:"nodes,omitempty"`
	// Replicas is how many copies of a volume are kept, on different nodes. Default: 3, or the number of storage
	// nodes if smaller.
	Replicas int `json:"replicas,omitempty" min:"1" max:"20"`
	// OverProvisioning is how much may be promised, in percent of the room that there is. Default: 100.
	OverProvisioning int `json:"overProvisioning,omitempty" min:"0" max:"1000"`
	// SnapshotSchedules take snapshots of every volume.
	SnapshotSchedules []Schedule `json:"snapshotSchedules,omitempty"`
	// Backup copies volumes out of the cluster.
	Backup *LonghornBackup `json:"backup,omitempty"`
}

func (l *Longhorn) defaults() {
	l.UserVolume = "longhorn"
	l.OverProvisioning = 100
}

// LonghornBackup copies volumes out of the cluster
// (https://longhorn.io/docs/latest/snapshots-and-backups/backup-and-restore/set-backup-target/).
type LonghornBackup struct {
	// Target is where to: s3://bucket@region/path or nfs://host:/export.
	Target string `json:"target" required:"true" example:"s3://backups@eu-central-1/longhorn"`
	// Endpoint is the https address of an S3 server other than Amazon's.
	Endpoint string `json:"endpoint,omitempty" example:"https://minio.example.com"`
	// AccessKeyRef says where the S3 access key is kept.
	AccessKeyRef SecretRef `json:"accessKeyRef,omitempty" example:"op://home/longhorn/access-key"`
	// SecretKeyRef says where the S3 secret key is kept.
	SecretKeyRef SecretRef `json:"secretKeyRef,omitempty" example:"op://home/longhorn/secret-key"`
	// Schedules say when.
	Schedules []Schedule `json:"schedules" required:"true" min:"1" example:"[{ name: nightly, cron: @daily }]"`
}
