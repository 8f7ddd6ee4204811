package settings

import (
	"strconv"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// The settings of storage. Those of one kind of storage are there with it.
const (
	// DefaultStorageClass is the storage class of claims that name none.
	DefaultStorageClass = "DEFAULT_STORAGE_CLASS"
	// CopiesStorageClass is the storage class of volumes that are there while a copy is made or fetched. It is there with
	// [DefaultStorageClass], and of the same driver.
	CopiesStorageClass = "COPIES_STORAGE_CLASS"
	// SnapshotControllerVersion is the version of the CSI snapshot controller's chart. It is there with any
	// storage.
	SnapshotControllerVersion = "SNAPSHOT_CONTROLLER_VERSION"

	// CephBlockSnapshots and CephFilesystemSnapshots are what becomes of a snapshot's data when its object is deleted, Delete
	// or Retain, as for the volumes themselves.
	CephBlockSnapshots      = "CEPH_BLOCK_SNAPSHOT_POLICY"
	CephFilesystemSnapshots = "CEPH_FILESYSTEM_SNAPSHOT_POLICY"

	// LonghornVersion is the version of Longhorn's chart.
	LonghornVersion = "LONGHORN_VERSION"
	// LonghornDataPath is the directory of the nodes' user volume that holds Longhorn's data, the first of several.
	LonghornDataPath = "LONGHORN_DATA_PATH"
	// LonghornReplicas is how many copies of a volume are kept, a number.
	LonghornReplicas = "LONGHORN_REPLICAS"
	// LonghornDefaultClass is whether claims that name no class get Longhorn's: true or false.
	LonghornDefaultClass = "LONGHORN_DEFAULT_CLASS"
	// LonghornOverProvisioning is how much capacity volumes may claim, in percent of the disks' own, a number.
	LonghornOverProvisioning = "LONGHORN_OVER_PROVISIONING"
	// LonghornBackupTarget is where volumes are backed up to, of stacks that do: s3://bucket@region/path, or another
	// kind of address that Longhorn knows.
	LonghornBackupTarget = "LONGHORN_BACKUP_TARGET"
	// LonghornBackupEndpoint is the address of the S3 server, when it is not Amazon's. What opens the target are secret
	// settings: [LonghornBackupAccessKey] and [LonghornBackupSecretKey].
	LonghornBackupEndpoint = "LONGHORN_BACKUP_ENDPOINT"

	// ZFSLocalPVVersion is the version of OpenEBS ZFS's chart.
	ZFSLocalPVVersion = "ZFS_LOCALPV_VERSION"
	// ZFSPools are the pools to make, with semicolons between them: NODE POOL ASHIFT LAYOUT DISK..., where a disk is
	// a regular expression for the links that udev makes for it.
	ZFSPools = "ZFS_POOLS"
)

// Secret settings, in the Secret beside the ConfigMap.
const (
	LonghornBackupAccessKey = "LONGHORN_BACKUP_ACCESS_KEY"
	LonghornBackupSecretKey = "LONGHORN_BACKUP_SECRET_KEY"
)

// Schedules of the stack file, by the beginning of their settings' names. Each schedule has two settings,
// named by [ScheduleCron] and [ScheduleRetain].
const (
	LonghornSnapshots = "LONGHORN_SNAPSHOT"
	LonghornBackups   = "LONGHORN_BACKUP"
	CephSnapshots     = "CEPH_SNAPSHOT"
	ZFSSnapshots      = "ZFS_SNAPSHOT"
)

// ScheduleCron names the setting that says when a schedule runs: LONGHORN_SNAPSHOT_HOURLY_CRON.
func ScheduleCron(prefix, schedule string) string { return prefix + "_" + word(schedule) + "_CRON" }

// ScheduleRetain names the setting that says how many results of a schedule are kept:
// LONGHORN_SNAPSHOT_HOURLY_RETAIN, a number.
func ScheduleRetain(prefix, schedule string) string { return prefix + "_" + word(schedule) + "_RETAIN" }

// ZFSCompression names the setting with the compression of a ZFS pool: ZFS_POOL_TANK_COMPRESSION.
func ZFSCompression(pool string) string { return "ZFS_POOL_" + word(pool) + "_COMPRESSION" }

// ZFSNodes names the setting with the nodes that hold a ZFS pool of that name, a list:
// ZFS_POOL_TANK_NODES.
func ZFSNodes(pool string) string { return "ZFS_POOL_" + word(pool) + "_NODES" }

// ZFSDefaultClass names the setting that says whether claims that name no class are given room in a ZFS pool:
// ZFS_POOL_TANK_DEFAULT_CLASS, true or false.
func ZFSDefaultClass(pool string) string { return "ZFS_POOL_" + word(pool) + "_DEFAULT_CLASS" }

// SecretRefs says where the secret settings of a stack are kept, by their names.
func SecretRefs(stack *spec.Stack) map[string]spec.SecretRef {
	refs := map[string]spec.SecretRef{}
	if longhorn := stack.Storage.Longhorn; longhorn != nil && longhorn.Backup != nil && longhorn.Backup.AccessKeyRef != "" {
		refs[LonghornBackupAccessKey] = longhorn.Backup.AccessKeyRef
		refs[LonghornBackupSecretKey] = longhorn.Backup.SecretKeyRef
	}
	return refs
}

// ForStorage is those settings of a stack that single apps of its storage have. One that nothing in the tree uses is a
// schedule or a pool of the stack file that the tree does not carry out.
func ForStorage(stack *spec.Stack) map[string]string {
	set := map[string]string{}
	addStorage(set, stack)
	delete(set, DefaultStorageClass)
	delete(set, CopiesStorageClass)
	return set
}

func addStorage(set map[string]string, stack *spec.Stack) {
	storage := stack.Storage
	if storage.DefaultClass != "" {
		set[DefaultStorageClass] = storage.DefaultClass
		set[CopiesStorageClass] = storage.DefaultClass
		// A volume of Longhorn's own class outlives its claim (kubernetes/apps/longhorn-system/longhorn/classes).
		if storage.DefaultClass == "longhorn" {
			set[CopiesStorageClass] = "longhorn-copies"
		}
	}
	if len(storage.Classes()) > 0 {
		set[SnapshotControllerVersion] = string(stack.Versions.SnapshotController)
	}
	if ceph := storage.RookCeph; ceph != nil {
		addSchedules(set, CephSnapshots, ceph.SnapshotSchedules)
		set[CephBlockSnapshots] = deletion(ceph.Block)
		set[CephFilesystemSnapshots] = deletion(ceph.Filesystem)
	}
	if longhorn := storage.Longhorn; longhorn != nil {
		set[LonghornDefaultClass] = strconv.FormatBool(storage.DefaultClass == "longhorn")
		addLonghorn(set, stack.Versions.Longhorn, longhorn)
	}
	if zfs := storage.ZFS; zfs != nil {
		set[ZFSLocalPVVersion] = string(stack.Versions.ZFSLocalPV)
		addSchedules(set, ZFSSnapshots, zfs.SnapshotSchedules)
		set[ZFSPools] = zfsPools(zfs.Pools)
		for _, pool := range zfs.Pools {
			set[ZFSCompression(pool.Name)] = string(pool.Compression)
			set[ZFSDefaultClass(pool.Name)] = strconv.FormatBool(storage.DefaultClass == "zfs-"+pool.Name)
			nodes := ZFSNodes(pool.Name)
			set[nodes] = strings.TrimPrefix(set[nodes]+","+pool.Node, ",")
		}
	}
}

func zfsPools(pools []spec.ZFSPool) string {
	var lines []string
	for _, pool := range pools {
		words := []string{pool.Node, pool.Name, strconv.Itoa(pool.SectorShift), string(pool.Layout)}
		for _, disk := range pool.Disks {
			pattern, err := disk.LinkPattern()
			if err != nil {
				// Validation refuses such a disk. Nothing matches this, and whoever looks for it says so.
				pattern = "unknown"
			}
			words = append(words, pattern)
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, ";")
}

// deletion is the policy of a pool's snapshots, as VolumeSnapshotClass spells it.
func deletion(p spec.CephPool) string {
	if p.RetainOnDelete {
		return "Retain"
	}
	return "Delete"
}

func addLonghorn(set map[string]string, version spec.Version, longhorn *spec.Longhorn) {
	set[LonghornVersion] = string(version)
	set[LonghornDataPath] = spec.UserVolume{Name: longhorn.Volumes()[0]}.MountPath()
	set[LonghornReplicas] = strconv.Itoa(longhorn.Replicas)
	set[LonghornOverProvisioning] = strconv.Itoa(longhorn.OverProvisioning)
	addSchedules(set, LonghornSnapshots, longhorn.SnapshotSchedules)
	if backup := longhorn.Backup; backup != nil {
		set[LonghornBackupTarget] = backup.Target
		if backup.Endpoint != "" {
			set[LonghornBackupEndpoint] = backup.Endpoint
		}
		addSchedules(set, LonghornBackups, backup.Schedules)
	}
}

func addSchedules(set map[string]string, prefix string, schedules []spec.Schedule) {
	for _, schedule := range schedules {
		set[ScheduleCron(prefix, schedule.Name)] = schedule.Cron
		set[ScheduleRetain(prefix, schedule.Name)] = strconv.Itoa(schedule.Retain)
	}
}

// word is a name of the stack file in the form that variables have: TANK for tank.
func word(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }
