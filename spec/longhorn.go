package spec

import (
	"encoding/json"
	"slices"
	"strings"
)

// Longhorn replicates block storage (https://longhorn.io).
type Longhorn struct {
	// UserVolume is the user volume, present on every storage node, that holds the data, so that it survives a
	// reset of the node. Default: longhorn.
	UserVolume string `json:"userVolume,omitempty"`
	// Disks are the user volumes that hold data where there are several, or where they bear tags; a node brings those of
	// them that it has. Longhorn reads them when a node joins; on a node that it knows already, change them in Longhorn.
	// Default: UserVolume alone.
	Disks []LonghornDisk `json:"disks,omitempty" min:"1" example:"[{ userVolume: fast, tags: [nvme] }, { userVolume: bulk, tags: [hdd] }]"`
	// Nodes names the nodes that store data. Default: all that have the user volume, or one of Disks.
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

// LonghornDisk is a user volume that holds Longhorn's data
// (https://longhorn.io/docs/latest/nodes-and-volumes/nodes/default-disk-and-node-config/).
type LonghornDisk struct {
	// UserVolume is the volume's name.
	UserVolume string `json:"userVolume" required:"true" example:"fast"`
	// Tags are what a storage class chooses disks by, in its parameter diskSelector. Default: none, and only classes that
	// choose no disks use it.
	Tags []string `json:"tags,omitempty" example:"[nvme]"`
	// Reserved is left to others on the volume. Default: nothing, because the volume is Longhorn's alone.
	Reserved Size `json:"reserved,omitempty" example:"10GiB"`
}

// Volumes names the user volumes that hold data.
func (l *Longhorn) Volumes() []string {
	if len(l.Disks) == 0 {
		return []string{l.UserVolume}
	}
	var out []string
	for _, d := range l.Disks {
		out = append(out, d.UserVolume)
	}
	return out
}

// What Longhorn reads of a node when it joins. The value of the label is "true" for a disk at the default path, or "config" for those
// of the annotation.
const (
	longhornDiskLabel       = "node.longhorn.io/create-default-disk"
	longhornDisksAnnotation = "node.longhorn.io/default-disks-config"
)

// nodeDisk is a disk in the form of that annotation.
type nodeDisk struct {
	Name            string   `json:"name"`
	Path            string   `json:"path"`
	AllowScheduling bool     `json:"allowScheduling"`
	StorageReserved uint64   `json:"storageReserved"`
	Tags            []string `json:"tags,omitempty"`
}

// disksOf are the disks of one node, as Longhorn's annotation wants them.
func (l *Longhorn) disksOf(n Node) string {
	var disks []nodeDisk
	for _, d := range l.Disks {
		if v, ok := n.UserVolume(d.UserVolume); ok {
			disks = append(disks, nodeDisk{d.UserVolume, v.MountPath(), true, d.Reserved.Bytes(), d.Tags})
		}
	}
	text, err := json.Marshal(disks)
	if err != nil {
		panic("longhorn: " + err.Error()) // only texts and numbers are in it
	}
	return string(text)
}

// LonghornTarget is a kind of backup target.
type LonghornTarget struct {
	// Scheme begins its address; Form is the whole of it in words.
	Scheme, Form string
	// Credentials says whether it wants AccessKeyRef and SecretKeyRef, and AccessKey and SecretKey what those are there.
	Credentials          bool
	AccessKey, SecretKey string
}

// longhornTargets are the kinds of backup target
// (https://github.com/longhorn/longhorn-manager/blob/v1.9.2/types/types.go, BackupStoreType).
var longhornTargets = []LonghornTarget{
	{"s3", "s3://bucket@region/path", true, "access key", "secret key"},
	{"nfs", "nfs://host:/export", false, "", ""},
	{"cifs", "cifs://host/share", true, "user name", "password"},
	{"azblob", "azblob://container@core.windows.net/path", true, "account name", "account key"},
}

// Kind is the kind of the target, if it is one.
func (b *LonghornBackup) Kind() (LonghornTarget, bool) {
	scheme, _, _ := strings.Cut(b.Target, "://")
	i := slices.IndexFunc(longhornTargets, func(t LonghornTarget) bool { return t.Scheme == scheme })
	if i < 0 {
		return LonghornTarget{}, false
	}
	return longhornTargets[i], true
}

// LonghornBackup copies volumes out of the cluster
// (https://longhorn.io/docs/latest/snapshots-and-backups/backup-and-restore/set-backup-target/).
type LonghornBackup struct {
	// Target is where to: s3://bucket@region/path, nfs://host:/export, cifs://host/share or
	// azblob://container@core.windows.net/path.
	Target string `json:"target" required:"true" example:"s3://backups@eu-central-1/longhorn"`
	// Endpoint is the https address of an S3 server other than Amazon's.
	Endpoint string `json:"endpoint,omitempty" example:"https://minio.example.com"`
	// AccessKeyRef says where the S3 access key is kept; for CIFS the user name, for Azure the account name.
	AccessKeyRef SecretRef `json:"accessKeyRef,omitempty" example:"op://home/longhorn/access-key"`
	// SecretKeyRef says where the S3 secret key is kept; for CIFS the password, for Azure the account key.
	SecretKeyRef SecretRef `json:"secretKeyRef,omitempty" example:"op://home/longhorn/secret-key"`
	// Schedules say when.
	Schedules []Schedule `json:"schedules" required:"true" min:"1" example:"[{ name: nightly, cron: '@daily' }]"`
}
