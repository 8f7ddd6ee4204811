package scenario

import (
	"time"

	"github.com/home-ops/home-ops/spec"
)

// Table has every scenario; the Makefile reads the names from here, one a line.
var Table = []Scenario{
	{
		Name: "add-node",
		Does: "boots a machine like the last of the stack file, writes it into the stack file and runs `up`: it must join, with its etcd where it is a control plane, and no other machine may go down",
	},
	{
		Name: "blackout",
		// Three times all machines go off, and come back.
		Limit: 30 * time.Minute,
		Does:  "cuts the power of all machines at once, and gives it back, first in the order of the stack file and then in the reverse; nobody does anything else. Then it has `homeops shutdown` switch them off, and `homeops start` switch them on over the network. Each time the cluster must come back with what was written in etcd, on a volume and on every machine, and `up` must find nothing to change",
	},
	{
		Name: "destroy",
		// The state is forgotten and restored, and every machine reset twice.
		Limit: 20 * time.Minute,
		Does:  "takes the cluster down by the commands of the page. `pulumi destroy` of the running cluster must be refused, name what it stops at, and touch nothing. A stack that is removed must leave all as it runs, and come back from its copy. `homeops reset` for a rebuild, and then without, must leave the accounts and what is on data disks and user volumes; the destroy after it must still be refused. When the protection is lifted it must end with an empty state, and nothing at the accounts that was not there before the first `up`",
	},
	{
		Name: "everywhere",
		// Each kind of resource has two moments, and each moment is a run of `up`.
		Limit: 4 * time.Hour,
		Does:  "ends `up`, which does one thing after the other here, at the begin and the end of every kind of resource, on the way to one cluster, to a change and to its return, and while everything outside of the cluster is replaced, the tunnel too, and back, in the ways of `interrupted`; the `up` after the last must complete it",
	},
	{
		Name: "faults",
		// Some twelve runs of `up` fail on the way, three of them after a silent minute.
		Limit: 30 * time.Minute,
		Does:  "has each outside service fail in the middle of `up`: errors, limits, silence, lost answers, revoked tokens, and at the end an admission webhook that does not answer while a release is upgraded; each failing `up` must name the resource and the cause, and the one after the last must complete, with nothing made twice",
	},
	{
		Name: "interrupted",
		// Some thirty runs of `up` are ended, and each begins anew.
		Limit: time.Hour,
		Does:  "ends `up` again and again on the way to one cluster: inside the first and the last apply, the bootstrap call and two Helm installations, and at a sample of the begins and ends of each kind of resource, as a preview tells them; then on the way of a change and of its return, inside a Helm upgrade, and with a full disk under the state; and while what is outside of the cluster is replaced, also inside the deletions of a record and of a webhook, after which `up` must name the command that helps. By SIGKILL, by SIGINT again and again, by SIGTERM, and by SIGKILL after the state's lock was lost; the `up` after the last must complete it",
	},
	{
		Name: "lockout",
		Does: "gives the last node a network in which it is not reached: the roll must stop and say so, the machine go back to its former network by itself, and nobody who writes to the API notice",
	},
	{
		Name: "loss",
		Does: "pulls the plug of the control plane that has the VIP for two minutes, counts the writes that fail, and plugs it in again: with three control planes, the API may be away until the VIP has moved, for 75 seconds at most",
	},
	{
		Name: "lost-state",
		// Six runs of `up`, of which two change every machine.
		Limit: 20 * time.Minute,
		Does:  "saves the state with `homeops state save`, loses the backend, and puts the state back into an empty one with `homeops state restore`; a preview must then find nothing to change. Half a copy, another key and a copy of another kind must each be refused before that, and leave the backend empty. Then an update makes something in the cluster, on every machine and at an account, and the state is lost again: with the copy from before it a preview must show what is missing, and `up` take it over, with no machine down and nothing made twice",
	},
	{
		Name: "partition",
		// Two minutes of it, and the VIP's way back.
		Limit: 25 * time.Minute,
		Does:  "cuts the path between the control plane that has the VIP and the others for two minutes; every machine stays up and is reached. With three control planes, the two must go on by themselves: nothing is written until the VIP has left the machine, which is within 75 seconds, and then all is well. With two, neither side may write. The machine's Talos API must answer throughout, its API server write nothing, `homeops doctor` name it, and `homeops reset` of another be refused. When the path is back, etcd must have the same members and one leader within a minute, no write that was answered may be lost, the cluster come back by itself, and `up` must find nothing to change",
	},
	{
		Name: "program",
		Does: "has the program of that commit make the cluster, with today's stack file; today's program takes it over, and must find nothing to change",
		Base: true,
	},
	{
		Name: "readdress",
		// Two machines' worth of waiting, and the control planes one after the other.
		Limit: 25 * time.Minute,
		Does:  "gives a node another address, which must be refused; then takes the way that the refusal names: the node leaves and is wiped, and the machine joins at its new address. Then the VIP moves: without the former endpoint as the issuer of the pods' tokens that must be refused, and with it the API must answer at one of the two addresses throughout",
	},
	{
		Name: "rebuild",
		Does: "saves state, keys and a snapshot of etcd, loses the state, and has every machine reset from its boot menu; then builds the cluster again with the data disks as they are: what was written before the snapshot must be there, storage whole, the break-glass copy have what opens the copies of etcd, and a snapshot that is cut short, changed or of another secretbox key be refused before anything is touched",
	},
	{
		Name: "reinstall",
		// Two machines boot twice each, and a preview is refused for each.
		Limit: 25 * time.Minute,
		Does:  "encrypts STATE and EPHEMERAL of a worker, where there is one, then of the last control plane, and makes EPHEMERAL smaller where Talos can: without `reinstall` each must be refused; with another word there, `up` must drain the machine, wipe it and install it anew. No other machine may go down, no write fail, the volumes must be as the stack file says, and what is on the data disks and volumes must be as before",
	},
	{
		Name: "remove-node",
		Does: "takes away more control planes at once than etcd can lose, which must be refused, and then one node: it must leave etcd and the cluster and end in maintenance mode, and no other machine may go down",
	},
	{
		Name: "rename-node",
		Does: "gives a node another name, which must be refused; then takes the way that the refusal names: the node leaves and is wiped, and the machine joins under its new name",
	},
	{
		Name: "replace-disk",
		// Up to four disks die, one after the other, and copies are waited for each time.
		Limit: 30 * time.Minute,
		Does:  "has a disk of Ceph, a disk of Longhorn, a disk of a ZFS mirror or raidz and the system disk of a worker die, as far as the stack has them, and puts others in their place: storage must say what it lacks and `homeops doctor` what to do, no write may fail, `up` must put the new disk to use while no other machine goes down, all copies must be there again, and nothing of the dead disk be left",
	},
	{
		Name: "replace-node",
		Does: "has a worker and, where there are three, a control plane die, and another machine with blank disks stand in its place: `up` of the unchanged stack file must make it a member again",
	},
	{
		Name: "reset",
		// It builds the cluster three times.
		Limit: 30 * time.Minute,
		Does:  "has `homeops reset` return a worker, then a control plane, then the whole cluster to maintenance mode, with `up` after each. Nobody who writes to the API may notice the first two; the markers of the others must stay, and those on the wiped partitions must be gone. After the third, no account outside of the cluster may be made anew, and the gateways must have the certificate that `homeops breakglass` kept",
	},
	{
		Name: "restore-volume",
		// The cluster is built twice.
		Limit: 30 * time.Minute,
		Does:  "copies the volume of an app with the component `volsync` twice, deletes its claim, then spoils its files, and restores the last copy and an older one by the commands of the page: the app must run on what the copy has, no write may fail, no other volume be touched, and Flux own the app again and change nothing. A time before the first copy, a wrong password and a damaged copy must each be told in the page's words. Then the cluster is reset with all of its volumes, and another one built with other disks, which knows the copies as another stack's: the app must begin there with the last of them, and make copies of its own",
	},
	{
		Name: "roll",
		// Every machine goes down twice, one after the other.
		Limit: 45 * time.Minute,
		Does:  "changes every machine of the running cluster three times, by a sysctl, by a udev rule that needs a reboot before Talos v1.14 and by an extension that needs an upgrade; a client writes to the API meanwhile, and no write may fail where there are three control planes; never may two machines be down at once, and what was written before must be there afterwards",
	},
	{
		Name: "roll-interrupted",
		// Every machine goes down once, and each run begins anew.
		Limit: 45 * time.Minute,
		Does:  "ends `up` in the middle of a roll that gives every machine another image: at the third thing that the roll tells, then at the sixth, and so on, in the ways of `interrupted`, until a run comes to its end. Never may two machines be down at once, none may go down twice, no write may fail where there are three control planes, and what was written before must be there afterwards",
	},
	{
		Name: "rotate",
		// Ten updates, in six of which every machine has its turn, and the pods of the whole cluster are exchanged once.
		Limit: 60 * time.Minute,
		Does:  "gives a cluster that is in use another Talos CA, in the three steps of its runbook: the next CA is accepted, issues, and is the only one. A step that is skipped must be refused, and each must show in a preview. No machine may go down, no write to the API and no question to a machine's Talos API may fail; after the last, every machine must have a certificate of the new CA and refuse the former talosconfig, and the new break-glass copy must open the machines. Then it gets another Kubernetes CA in the same way: after the second step the pods are restarted with the commands of the runbook, and after the last every API server must refuse the former kubeconfig. Then the webhook gets another secret, and so do those who have tokens: the former ones end, and must be refused, and nobody may go on with them. The age key is exchanged in its three steps, and the tunnel and the cluster's own token at Cloudflare are made anew. At the end `up` must find nothing to change",
	},
	{
		Name: "upgrade-kubernetes",
		// Two releases of Kubernetes take turns on the same two cores.
		Limit:  30 * time.Minute,
		Raises: spec.Kubernetes,
		Does:   "makes the cluster with the minor release of Kubernetes before the stack file's, and raises it, or the stack file's to the next where it is the earliest: the control planes one after the other, then the kubelets. No machine may go down, no write may fail where there are three control planes, and what was written before must be there afterwards",
	},
	{
		Name: "upgrade-talos",
		// Every machine goes down, one after the other.
		Limit:  30 * time.Minute,
		Raises: spec.Talos,
		Does:   "makes the cluster with the minor release of Talos before the stack file's, with that release's etcd, and raises it, or the stack file's to the next where it is the earliest: every machine must go down once, never two at once, no write may fail where there are three control planes, and what was written before must be there afterwards",
	},
	{
		Name: "year-off",
		Does: "switches all machines off for 400 days: by then every certificate has ended that is no authority's, those in the state, the kubelets' and the gateways'. The machines must come back by themselves, `homeops doctor` must say what has ended, a preview must work, and `up` must make the rest anew: it may change nothing else, no machine may go down, and what was written before must be there",
	},
}
