package kube

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/pods"
	"github.com/home-ops/home-ops/rack/kube/process"
)

// kwok is the process that plays the containers of all nodes' pods.
type kwok struct {
	mu      sync.Mutex
	process *process.Process
	// cluster is the one that it runs for, as Fabric.clusters counts them.
	cluster     int64
	credentials *credentials
}

// ensure starts KWOK for the cluster of the control plane, unless it runs for that.
func (k *kwok) ensure(f *Fabric, p *plane) {
	k.mu.Lock()
	defer k.mu.Unlock()
	cluster, planes := f.clusters.Load(), f.together(p)
	if k.process != nil && k.cluster == cluster && k.credentials.good(planes) {
		return
	}
	if k.process != nil {
		k.process.Kill()
		k.process = nil
	}
	credentials, err := newCredentials(planes, controlplane.Identity{Context: "kwok", User: "kwok", Group: "system:masters"})
	if err != nil {
		f.log.Error("kwok", "error", err)
		return
	}
	command, err := kwokCommand(f, credentials)
	if err != nil {
		f.log.Error("kwok", "error", err)
		return
	}
	k.credentials = credentials
	k.process, k.cluster = process.Start(command, func(exit process.Exit) { f.log.Error("kwok ended, starting it again", "error", exit) }), cluster
}

func kwokCommand(f *Fabric, credentials *credentials) (process.Command, error) {
	dir := filepath.Join(f.opts.Dir, "kwok")
	path := filepath.Join(dir, "kubeconfig")
	args, err := pods.Args(dir, path)
	if err != nil {
		return process.Command{}, err
	}
	return process.Command{
		Name: "kwok", Path: f.opts.Binary, Args: append([]string{"kwok"}, args...), Env: []string{"HOME=" + dir},
		Log: filepath.Join(dir, "kwok.log"), Grace: time.Second,
	}, os.WriteFile(path, credentials.kubeconfig, 0o600)
}

func (k *kwok) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process != nil {
		k.process.Kill()
		k.process = nil
	}
}
