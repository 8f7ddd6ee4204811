package spec

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// flagForm is how a flag's value is written.
type flagForm int

const (
	flagCount flagForm = iota
	flagDuration
	flagBool
	flagGates
)

// flagForms are the flags whose form is checked, by program: a value of another form keeps it from starting.
var flagForms = map[string]map[string]flagForm{
	"etcd": {
		"heartbeat-interval": flagCount, "election-timeout": flagCount, "quota-backend-bytes": flagCount, "snapshot-count": flagCount,
		"max-request-bytes": flagCount, "max-txn-ops": flagCount, "max-wals": flagCount, "max-snapshots": flagCount, "pre-vote": flagBool,
	},
	"kube-apiserver": {
		"feature-gates": flagGates, "v": flagCount, "profiling": flagBool, "anonymous-auth": flagBool, "max-requests-inflight": flagCount,
		"max-mutating-requests-inflight": flagCount, "default-not-ready-toleration-seconds": flagCount,
		"default-unreachable-toleration-seconds": flagCount, "request-timeout": flagDuration, "event-ttl": flagDuration,
		"audit-log-maxage": flagCount, "audit-log-maxbackup": flagCount, "audit-log-maxsize": flagCount,
	},
	"kube-controller-manager": {
		"feature-gates": flagGates, "v": flagCount, "profiling": flagBool, "leader-elect": flagBool,
		"leader-elect-lease-duration": flagDuration, "leader-elect-renew-deadline": flagDuration, "leader-elect-retry-period": flagDuration,
		"node-monitor-period": flagDuration, "node-monitor-grace-period": flagDuration, "terminated-pod-gc-threshold": flagCount,
	},
	"kube-scheduler": {
		"feature-gates": flagGates, "v": flagCount, "profiling": flagBool, "leader-elect": flagBool,
		"leader-elect-lease-duration": flagDuration, "leader-elect-renew-deadline": flagDuration, "leader-elect-retry-period": flagDuration,
	},
	"kubelet": {
		"feature-gates": flagGates, "v": flagCount, "rotate-server-certificates": flagBool, "rotate-certificates": flagBool,
		"image-gc-high-threshold": flagCount, "image-gc-low-threshold": flagCount, "node-status-update-frequency": flagDuration,
		"register-node": flagBool, "serialize-image-pulls": flagBool, "max-open-files": flagCount,
	},
}

// removedFlags are gone, and a program does not start with a flag that it does not know
// (https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.27.md,
// https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/).
var removedFlags = map[string]map[string]string{
	"etcd":                    {"enable-v2": "etcd 3.6", "experimental-initial-corrupt-check": "etcd 3.7", "proxy": "etcd 3.6"},
	"kube-controller-manager": {"pod-eviction-timeout": "Kubernetes 1.27", "enable-taint-manager": "Kubernetes 1.27", "port": "Kubernetes 1.24"},
	"kube-scheduler":          {"port": "Kubernetes 1.24", "policy-config-file": "Kubernetes 1.23"},
	"kube-apiserver":          {"insecure-port": "Kubernetes 1.24", "enable-swagger-ui": "Kubernetes 1.16"},
	"kubelet":                 {"container-runtime": "Kubernetes 1.27", "network-plugin": "Kubernetes 1.24", "dynamic-config-dir": "Kubernetes 1.24"},
}

// flagValues checks the values of a program's flags.
func (c *checker) flagValues(program string) func(at *field.Path, flags map[string]string) {
	return func(at *field.Path, flags map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(flags)) {
			p := entry(at, name)
			if since, gone := removedFlags[program][name]; gone {
				c.errorf(p, "is gone since %s: %s would not start", since, program)
				continue
			}
			if form, known := flagForms[program][name]; known {
				c.flagForm(p, program, form, flags[name])
			}
		}
		switch program {
		case "etcd":
			c.etcdFlags(at, flags)
		case "kube-apiserver":
			c.apiServerFlags(at, flags)
		case "kube-controller-manager", "kube-scheduler":
			c.leaderElection(at, program, flags)
		case "kubelet":
			c.kubeletFlags(at, flags)
		}
	}
}

var gate = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*=(true|false)$`)

func (c *checker) flagForm(at *field.Path, program string, form flagForm, value string) {
	good, want := false, ""
	switch form {
	case flagCount:
		n, err := strconv.ParseInt(value, 10, 64)
		good, want = err == nil && n >= 0, "a whole number"
	case flagDuration:
		_, err := time.ParseDuration(value)
		good, want = err == nil, "a duration such as 30s"
	case flagBool:
		good, want = value == "true" || value == "false", "true or false"
	case flagGates:
		good, want = true, "a list such as SomeFeature=true,OtherFeature=false"
		for _, g := range strings.Split(value, ",") {
			good = good && gate.MatchString(strings.TrimSpace(g))
		}
	}
	if !good {
		c.errorf(at, "wants %s, and %q is none: %s would not start", want, value, program)
	}
}

// etcdFlags holds times and sizes against what etcd accepts
// (https://github.com/etcd-io/etcd/blob/v3.6.5/server/embed/config.go).
func (c *checker) etcdFlags(at *field.Path, flags map[string]string) {
	heartbeat, okHeartbeat := count(flags, "heartbeat-interval", 100)
	election, okElection := count(flags, "election-timeout", 1000)
	switch {
	case !okHeartbeat || !okElection:
	case election > 50_000:
		c.errorf(entry(at, "election-timeout"), "%d ms is more than the 50 s that etcd accepts: it would not start", election)
	case 5*heartbeat > election:
		key := "election-timeout"
		if flags[key] == "" {
			key = "heartbeat-interval"
		}
		c.errorf(entry(at, key), "an election after %d ms is less than five heartbeats of %d ms: etcd would not start", election, heartbeat)
	}
	if quota, ok := count(flags, "quota-backend-bytes", 0); ok && quota > 8<<30 {
		c.warnf(entry(at, "quota-backend-bytes"), "%s is above the 8GiB that etcd is made for: it starts and restores slowly (https://etcd.io/docs/latest/dev-guide/limit/)", Size(quota))
	}
}

func count(flags map[string]string, name string, usual int64) (int64, bool) {
	value, given := flags[name]
	if !given {
		return usual, true
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil
}

// talosPorts are those that Talos and Kubernetes listen on.
var talosPorts = []struct {
	port int
	of   string
}{{50000, "the Talos API"}, {50001, "Talos's trustd"}, {10250, "the kubelet"}, {6443, "the Kubernetes API"}, {2379, "etcd"}, {7445, "KubePrism"}, {4240, "Cilium's health checks"}}

func (c *checker) apiServerFlags(at *field.Path, flags map[string]string) {
	if modes, ok := flags["authorization-mode"]; ok && (!strings.Contains(modes, "Node") || !strings.Contains(modes, "RBAC")) {
		c.errorf(entry(at, "authorization-mode"), "%q lacks Node or RBAC: kubelets could not read their pods", modes)
	}
	for _, plugin := range []string{"NodeRestriction", "ServiceAccount", "NamespaceLifecycle", "PodSecurity"} {
		if slices.Contains(strings.Split(flags["disable-admission-plugins"], ","), plugin) {
			c.errorf(entry(at, "disable-admission-plugins"), "%s keeps nodes and pods in their bounds, and the cluster relies on it", plugin)
		}
	}
	ports, given := flags["service-node-port-range"]
	if !given {
		return
	}
	p := entry(at, "service-node-port-range")
	first, last, ok := strings.Cut(ports, "-")
	low, errLow := strconv.Atoi(first)
	high, errHigh := strconv.Atoi(last)
	if !ok || errLow != nil || errHigh != nil || low > high || high > 65535 {
		c.errorf(p, "%q is not a range of ports such as 30000-32767: kube-apiserver would not start", ports)
		return
	}
	for _, t := range talosPorts {
		if t.port >= low && t.port <= high {
			c.errorf(p, "%s contains %d, the port of %s on every node: a service could take it", ports, t.port, t.of)
			return
		}
	}
}

// leaderElection holds the times of an election against each other
// (https://github.com/kubernetes/kubernetes/blob/v1.34.1/staging/src/k8s.io/client-go/tools/leaderelection/leaderelection.go).
func (c *checker) leaderElection(at *field.Path, program string, flags map[string]string) {
	span := func(name string, usual time.Duration) (time.Duration, bool) {
		value, given := flags[name]
		if !given {
			return usual, true
		}
		d, err := time.ParseDuration(value)
		return d, err == nil
	}
	const lease, renew, retry = "leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period"
	l, okL := span(lease, 15*time.Second)
	n, okN := span(renew, 10*time.Second)
	r, okR := span(retry, 2*time.Second)
	told := func(key, other string) *field.Path {
		if _, given := flags[key]; given {
			return entry(at, key)
		}
		return entry(at, other)
	}
	switch {
	case !okL || !okN || !okR:
	case l <= n:
		c.errorf(told(lease, renew), "the lease of %s does not outlast the deadline to renew it (%s): %s would not start", Duration(l), Duration(n), program)
	case float64(n) <= 1.2*float64(r):
		c.errorf(told(renew, retry), "the deadline of %s to renew the lease leaves no time for tries %s apart: %s would not start", Duration(n), Duration(r), program)
	}
}

func (c *checker) kubeletFlags(at *field.Path, flags map[string]string) {
	if flags["register-node"] == "false" {
		c.errorf(entry(at, "register-node"), "false keeps the node out of the cluster")
	}
	low, okLow := count(flags, "image-gc-low-threshold", 80)
	high, okHigh := count(flags, "image-gc-high-threshold", 85)
	if okLow && okHigh && low >= high {
		key := "image-gc-low-threshold"
		if _, given := flags[key]; !given {
			key = "image-gc-high-threshold"
		}
		c.errorf(entry(at, key), "images are cleared from %d%% down to %d%%: the kubelet would not start", high, low)
	}
}
