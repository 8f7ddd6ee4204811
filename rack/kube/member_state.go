package kube

import "github.com/home-ops/home-ops/rack/kube/process"

func (m *member) setWaiting(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = why
}

func (m *member) setQuorum(quorum bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quorum = quorum && !m.left
}

func (m *member) hasLeft() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left
}

// deaths counts how often the process ended though nobody stopped it.
func (m *member) deaths() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == nil {
		return 0
	}
	return m.process.Restarts()
}

func (m *member) hasQuorum() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.quorum
}

// state is the service's, in the words of ServiceList.
func (m *member) state() (word, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var exit *process.Exit
	if m.process != nil && m.process.PID() == 0 {
		exit = m.process.LastExit()
	}
	switch {
	case m.left:
		return "Finished", "Service finished successfully: the member has left the cluster"
	case m.process == nil:
		return "Preparing", m.waiting
	case exit != nil:
		return "Waiting", "Error running etcd, going to restart: " + exit.Error()
	case m.quorum:
		return "Running", "Health check successful"
	default:
		return "Running", "Health check failed: no quorum"
	}
}
