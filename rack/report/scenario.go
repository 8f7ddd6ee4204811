package report

// Scenario is what was done to a running cluster, and what its users noticed.
type Scenario struct {
	Name  string `json:"name"`
	Steps []Step `json:"steps"`
}

// Step is one act of a scenario.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// APIAsked counts the writes that were sent to the Kubernetes API meanwhile, at its endpoint, each on a connection
	// of its own; APIFailed those that were not answered with success in time. APICut counts connections that ended
	// without an answer, of which the client made another at once: one that is open while the VIP moves is lost.
	APIAsked  int `json:"apiAsked"`
	APIFailed int `json:"apiFailed"`
	APICut    int `json:"apiCut"`
	// APISlowestSeconds is the longest that an answer took, of failures too.
	APISlowestSeconds float64 `json:"apiSlowestSeconds"`
	// APIErrors are the first failures, some at most.
	APIErrors []string `json:"apiErrors,omitempty"`
	// NodesDownAtOnce is the greatest number of machines that were away at the same time.
	NodesDownAtOnce int `json:"nodesDownAtOnce"`
	// Down are the machines that went down, in that order.
	Down []Down `json:"down,omitempty"`
	// StorageKept is how many Ceph clusters and Longhorn volumes were looked at, and StorageSeconds for how long any of them
	// lacked copies although no machine was away: a roll waits meanwhile.
	StorageKept    int     `json:"storageKept,omitempty"`
	StorageSeconds float64 `json:"storageSeconds,omitempty"`
}

// Down is one machine's absence.
type Down struct {
	Node string `json:"node"`
	// Seconds are from the moment at which it stops its services until it has started them again; 0 for one that has not.
	Seconds float64 `json:"seconds"`
	// StorageLacked is what the storage lacked when the machine was taken out of service; empty for nothing.
	StorageLacked string `json:"storageLacked,omitempty"`
}
