// Package gitops plays the pods of Flux with Flux's own programs.
package gitops

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/process"
	"github.com/home-ops/home-ops/rack/programs"
)

// Namespace is where Flux lives.
const Namespace = "flux-system"

// There is no cluster DNS in the room, and all programs share one address: these take the place of the Services.
const (
	artifactsAddress = "127.0.0.1:9790"
	eventsAddress    = "127.0.0.1:9791"
	// ReceiverAddress is where the notification-controller takes webhooks: what the Service webhook-receiver leads to.
	ReceiverAddress = "127.0.0.1:9792"
)

// Options say what Flux's pods are played with.
type Options struct {
	// Bin holds the programs, each called as its Deployment.
	Bin string
	// Distribution holds the manifests that the operator's image holds.
	Distribution string
	// Dir is for the programs' files and logs; each has a folder of its own.
	Dir string
	// Env is added to the environment of every program: what makes it trust the room's authority.
	Env []string
	// OnExit, if any, is told when a program ends by itself. It is started again.
	OnExit func(process.Exit)
	// Log receives what happens.
	Log *slog.Logger
}

// flux are the programs of Flux. Of flags that are given twice the last one counts.
func flux(distribution string) map[string]programs.Program {
	all := map[string]programs.Program{
		"flux-operator": {
			Flags: []string{"--web-server-port=0", "--storage-path=" + distribution},
			// Its image is built so; otherwise it refuses to start.
			Env: []string{"GODEBUG=fips140=on", "NOTIFICATION_CONTROLLER_ADDRESS=http://" + eventsAddress},
		},
		"source-controller": {Flags: []string{
			"--storage-path={dir}/artifacts", "--storage-addr=" + artifactsAddress, "--storage-adv-addr=" + artifactsAddress,
			"--events-addr=http://" + eventsAddress,
		}},
		"kustomize-controller":    {Flags: []string{"--events-addr=http://" + eventsAddress}},
		"helm-controller":         {Flags: []string{"--events-addr=http://" + eventsAddress}},
		"notification-controller": {Flags: []string{"--events-addr=" + eventsAddress, "--receiverAddr=" + ReceiverAddress}},
	}
	// Each is the only one of its kind, and its ports are not to clash with the others'.
	alone := []string{"--enable-leader-election=false", "--metrics-addr=0", "--health-addr=0"}
	for name, program := range all {
		program.Flags = append(slices.Clone(alone), program.Flags...)
		all[name] = program
	}
	return all
}

// Run plays Flux's pods in the cluster, with full rights itself, until the context ends, and ends every program with it.
func Run(ctx context.Context, cluster *rest.Config, opts Options) error {
	err := programs.Run(ctx, cluster, programs.Options{
		Namespace: Namespace, Programs: flux(opts.Distribution), Bin: opts.Bin, Dir: opts.Dir, Env: opts.Env,
		OnExit: opts.OnExit, Also: releaseHealthChecks, Log: opts.Log,
	})
	if err != nil {
		return errors.Join(errors.New("flux: its programs are built from rack/flux"), err)
	}
	return nil
}
