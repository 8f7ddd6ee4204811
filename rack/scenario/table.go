package scenario

import "time"

// Table has every scenario; the Makefile reads the names from here, one a line.
var Table = []Scenario{
	{
		Name: "blackout",
		Does: "cuts the power of all machines at once, and gives it back, first in the order of the stack file and then in the reverse; nobody does anything else. The cluster must come back by itself, with what was written in etcd, on a volume and on every machine, and `up` must find nothing to change",
	},
	{
		Name: "faults",
		Does: "has each outside service fail in the middle of `up`: errors, limits, silence, revoked tokens; each failing `up` must name the resource and the cause, and the one after the last must complete, with nothing made twice",
	},
	{
		Name: "interrupted",
		Does: "kills `up` with SIGKILL after the secrets, at the first apply, at the last apply and at bootstrap, one after the other on the way to one cluster; the `up` after the last must complete it",
	},
	{
		Name: "loss",
		Does: "pulls the plug of the first control plane for half a minute, counts the writes that fail, and plugs it in again",
	},
	{
		Name: "lost-state",
		Does: "saves the state with `homeops state save`, loses the backend, and puts the state back into an empty one with `homeops state restore`; a preview must then find nothing to change. Half a copy, another key and a copy of another kind must each be refused before that, and leave the backend empty",
	},
	{
		Name: "program",
		Does: "has the program of that commit make the cluster, with today's stack file; today's program takes it over, and must find nothing to change",
		Base: true,
	},
	{
		Name: "reset",
		Does: "has `homeops reset` return a worker, then a control plane, then the whole cluster to maintenance mode, with `up` after each. Nobody who writes to the API may notice the first two; the markers of the others must stay, and those on the wiped partitions must be gone. After the third, no account outside of the cluster may be made anew, and the gateways must have the certificate that `homeops breakglass` kept",
	},
	{
		Name: "roll",
		// Every machine goes down twice, one after the other.
		Limit: 45 * time.Minute,
		Does:  "changes every machine of the running cluster three times, by a sysctl, by a udev rule that needs a reboot and by an extension that needs an upgrade; a client writes to the API meanwhile, and no write may fail where there are three control planes; never may two machines be down at once, and what was written before must be there afterwards",
	},
}
