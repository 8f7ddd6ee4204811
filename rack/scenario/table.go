package scenario

import "time"

// Table has every scenario; the Makefile reads the names from here, one a line.
var Table = []Scenario{
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
		Name: "program",
		Does: "has the program of that commit make the cluster, with today's stack file; today's program takes it over, and must find nothing to change",
		Base: true,
	},
	{
		Name: "roll",
		// Every machine goes down twice, one after the other.
		Limit: 45 * time.Minute,
		Does:  "changes every machine of the running cluster three times, by a sysctl, by a udev rule that needs a reboot and by an extension that needs an upgrade; a client writes to the API meanwhile, and no write may fail where there are three control planes; never may two machines be down at once, and what was written before must be there afterwards",
	},
}
