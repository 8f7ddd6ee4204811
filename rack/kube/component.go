package kube

import (
	"context"
	"crypto/tls"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/kubelet"
	"github.com/home-ops/home-ops/rack/kube/pki"
	"github.com/home-ops/home-ops/rack/kube/process"
)

const (
	probePeriod  = 500 * time.Millisecond
	probeTimeout = 3 * time.Second
	// probeFailures in a row make a component that lives count as not ready; a busy machine is slow now and then.
	probeFailures = 2
	// componentGrace is how long a component may take to end; one that hangs on its clients is killed, which it survives.
	componentGrace = 2 * time.Second
)

// component is a running part of a control plane.
type component struct {
	spec controlplane.Component
	// secrets is the version of those that it was started with.
	secrets string
	process *process.Process
	cancel  context.CancelFunc
	probing sync.WaitGroup
	changed func()

	mu      sync.Mutex
	healthy bool
}

// startComponent needs the lock.
func (p *plane) startComponent(spec controlplane.Component) (*component, error) {
	if err := spec.Write(); err != nil {
		return nil, err
	}
	client, err := probeClient(p.spec, spec)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &component{spec: spec, secrets: strconv.Itoa(p.secrets), cancel: cancel, changed: p.fabric.changed}
	c.process = process.Start(process.Command{
		Name: spec.Name, Path: p.fabric.opts.ControlPlane(kubelet.ImageTag(spec.Image)), Args: append([]string{spec.Name}, spec.Args...),
		// A quarter of an API server's time here goes into collecting garbage at Go's own 100; 200 costs a rehearsal 1.5 GiB more.
		Env:      []string{"HOME=" + p.spec.Dir, "GOGC=140"},
		Hostname: p.spec.Hostname, Log: p.logFile(spec.Name), Grace: componentGrace,
	}, func(exit process.Exit) {
		c.setHealthy(false)
		p.log.Error("component ended, starting it again", "component", spec.Name, "error", exit)
	})
	c.probing.Go(func() { c.probe(ctx, client) })
	return c, nil
}

func (c *component) stop(orderly bool) {
	c.cancel()
	c.setHealthy(false)
	if orderly {
		c.process.Stop()
	} else {
		c.process.Kill()
	}
	c.probing.Wait()
	c.setHealthy(false)
}

// ready says that the process lives and answers.
func (c *component) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.healthy && c.process.PID() != 0
}

func (c *component) setHealthy(healthy bool) {
	c.mu.Lock()
	changed := c.healthy != healthy
	c.healthy = healthy
	c.mu.Unlock()
	if changed {
		c.changed()
	}
}

func (c *component) probe(ctx context.Context, client *http.Client) {
	for failures := 0; ctx.Err() == nil; sleep(ctx, probePeriod) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.spec.HealthURL, http.NoBody)
		if err != nil {
			return
		}
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil && response.StatusCode == http.StatusOK {
			failures = 0
			c.setHealthy(true)
			continue
		}
		if failures++; failures >= probeFailures {
			c.setHealthy(false)
		}
	}
}

// probeClient asks as Talos does: the API server knows its certificate, and the others let anyone ask for their health
// but have certificates of their own making.
func probeClient(plane controlplane.Plane, spec controlplane.Component) (*http.Client, error) {
	config := &tls.Config{InsecureSkipVerify: true} // nothing is learned but that it lives
	if spec.Name == controlplane.APIServerName {
		authority := plane.Config.K8sAPIServerCAConfig()
		who := controlplane.TalosAdmin
		pair, err := pki.Issue(authority.IssuingCA(), pki.Leaf{CommonName: who.User, Organization: who.Group, Client: true})
		if err != nil {
			return nil, err
		}
		if config, err = pki.ClientTLS(pki.Bundle(nil, authority.AcceptedCAs()), pair); err != nil {
			return nil, err
		}
	}
	return &http.Client{Timeout: probeTimeout, Transport: &http.Transport{TLSClientConfig: config, Proxy: nil}}, nil
}
