package node_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	siderox509 "github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// authorities is a change of a config to one authority that issues and others that are accepted.
func authorities(issuing *secrets.Bundle, accepted ...*secrets.Bundle) func(*v1alpha1.Config) {
	return func(cfg *v1alpha1.Config) {
		ca := *issuing.Certs.OS
		if cfg.MachineConfig.MachineType != machine.TypeControlPlane.String() {
			ca.Key = nil
		}
		cfg.MachineConfig.MachineCA, cfg.MachineConfig.MachineAcceptedCAs = &ca, nil
		for _, other := range accepted {
			cfg.MachineConfig.MachineAcceptedCAs = append(cfg.MachineConfig.MachineAcceptedCAs, &siderox509.PEMEncodedCertificate{Crt: other.Certs.OS.Crt})
		}
	}
}

// opens says that a node takes an administrator's certificate of one cluster's authority.
func (n *testNode) opens(t *testing.T, by *cluster) bool {
	t.Helper()
	return dial(n.address, by.tlsConfig(t, &tls.Config{InsecureSkipVerify: true})) == nil
}

// shows says that a node's own certificate is of an authority.
func (n *testNode) shows(t *testing.T, by *secrets.Bundle) bool {
	t.Helper()
	shown := make(chan *x509.Certificate, 1)
	_ = dial(n.address, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error { //nolint:gosec // it is looked at
		shown <- s.PeerCertificates[0]
		return nil
	}})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(by.Certs.OS.Crt)
	_, err := (<-shown).Verify(x509.VerifyOptions{Roots: roots})
	return err == nil
}

func TestRotation_ReachesAControlPlaneAtOnceAndAWorkerThroughIt(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	other := foreignCluster(t, cp.address)
	admin := func(n *testNode) func(kind machine.Type, change func(*v1alpha1.Config)) {
		client := n.admin(t, c)
		return func(kind machine.Type, change func(*v1alpha1.Config)) { apply(t, client, c.config(t, kind, change)) }
	}
	toCP, toWorker := admin(cp), admin(worker)
	_, _ = cp.seen(), worker.seen()

	accepting := authorities(c.bundle, other.bundle)
	toWorker(machine.TypeWorker, accepting)
	eventually(t, func() bool { return worker.opens(t, c) })
	if worker.opens(t, other) {
		t.Error("a worker accepts whom no control plane has told it of")
	}
	toCP(machine.TypeControlPlane, accepting)
	eventually(t, func() bool { return cp.opens(t, other) })
	if worker.opens(t, other) {
		t.Error("a worker accepts another authority before it asks again")
	}
	// Something else changes, so that it asks again.
	toWorker(machine.TypeWorker, func(cfg *v1alpha1.Config) { accepting(cfg); withLabel(cfg) })
	eventually(t, func() bool { return worker.opens(t, other) })

	issuing := authorities(other.bundle, c.bundle)
	toCP(machine.TypeControlPlane, issuing)
	eventually(t, func() bool { return cp.shows(t, other.bundle) })
	if worker.shows(t, other.bundle) {
		t.Error("a worker has another certificate before it asks")
	}
	toWorker(machine.TypeWorker, issuing)
	eventually(t, func() bool { return worker.shows(t, other.bundle) })
	if !worker.opens(t, c) || !cp.opens(t, c) {
		t.Error("the former authority opens nothing already")
	}

	for _, n := range []*testNode{cp, worker} {
		kind := map[*testNode]machine.Type{cp: machine.TypeControlPlane, worker: machine.TypeWorker}[n]
		apply(t, n.admin(t, other), c.config(t, kind, authorities(other.bundle)))
		eventually(t, func() bool { return !n.opens(t, c) })
		if !n.opens(t, other) {
			t.Error("the new authority opens nothing")
		}
	}
	for _, n := range []*testNode{cp, worker} {
		if got := n.seen(); len(got) > 0 {
			t.Errorf("a machine went down: %v", got)
		}
	}
}
