package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// access is the way to a stack's machines and to its cluster.
type access struct {
	stack       *spec.Stack
	credentials talos.Credentials
	kubernetes  kubeapi.API
}

// openAccess takes talosconfig and kubeconfig from the stack's outputs, or from an opened break-glass copy where dir is
// set. It asks no machine yet. Certificates that have ended are an error that says how others are made.
func openAccess(ctx context.Context, stack *spec.Stack, cli engine.CLI, dir string) (access, error) {
	a, err := readAccess(ctx, stack, cli, dir)
	if err != nil {
		return access{}, err
	}
	another := "pulumi up --stack " + stack.Name
	if dir != "" {
		another = "talosctl gen config, with " + dir + "/secrets.yaml (docs/runbooks/year-off.md)"
	}
	var ended []error
	for _, c := range a.ends(time.Now(), another) {
		if c.Verdict == doctor.Problem {
			ended = append(ended, fmt.Errorf("the %s %s: %s", c.Name, c.Detail, c.Do))
		}
	}
	return a, errors.Join(ended...)
}

// readAccess is openAccess, whether the certificates have ended or not.
func readAccess(ctx context.Context, stack *spec.Stack, cli engine.CLI, dir string) (access, error) {
	var talosconfig, kubeconfig string
	if dir == "" {
		outputs, err := cli.Outputs(ctx)
		if err != nil {
			return access{}, err
		}
		talosconfig, kubeconfig = outputs.Text("talosconfig"), outputs.Text("kubeconfig")
	} else {
		for name, into := range map[string]*string{"talosconfig": &talosconfig, "kubeconfig": &kubeconfig} {
			raw, err := os.ReadFile(dir + "/" + name)
			if err != nil {
				return access{}, err
			}
			*into = string(raw)
		}
	}
	a := access{stack: stack}
	var err error
	if a.credentials, err = credentialsIn(talosconfig); err != nil {
		return access{}, fmt.Errorf("talosconfig: %w", err)
	}
	if a.kubernetes, err = kubeapi.Open([]byte(kubeconfig)); err != nil {
		return access{}, fmt.Errorf("kubeconfig: %w", err)
	}
	if _, err := a.credentials.X509(); err != nil {
		return access{}, fmt.Errorf("talosconfig: %w", err)
	}
	if _, err := a.kubernetes.Certificate(); err != nil {
		return access{}, fmt.Errorf("kubeconfig: %w", err)
	}
	// A connection that is kept ends up with a machine that has gone down.
	a.kubernetes.Client.Transport.(*http.Transport).DisableKeepAlives = true
	return a, nil
}

// ends looks when the certificates end; another says how others are made.
func (a access) ends(now time.Time, another string) []doctor.Check {
	talosconfig, errTalos := a.credentials.X509()
	kubeconfig, errKube := a.kubernetes.Certificate()
	if errTalos != nil || errKube != nil {
		return nil // readAccess has refused them
	}
	return []doctor.Check{
		doctor.Ending("talosconfig", talosconfig.NotAfter, now, another), doctor.Ending("kubeconfig", kubeconfig.NotAfter, now, another),
	}
}

// credentialsIn are those of the current context of a talosconfig.
func credentialsIn(talosconfig string) (talos.Credentials, error) {
	config, err := clientconfig.FromString(talosconfig)
	if err != nil {
		return talos.Credentials{}, err
	}
	current := config.Contexts[config.Context]
	if current == nil {
		return talos.Credentials{}, fmt.Errorf("has no context %q", config.Context)
	}
	ca, caErr := base64.StdEncoding.DecodeString(current.CA)
	certificate, certErr := base64.StdEncoding.DecodeString(current.Crt)
	key, keyErr := base64.StdEncoding.DecodeString(current.Key)
	return talos.Credentials{CA: ca, Certificate: certificate, Key: key}, errors.Join(caErr, certErr, keyErr)
}

// machine is one node's Talos API.
func (a access) machine(node spec.Node) (roll.TalosAPI, error) {
	return talos.OpenMachine(node, a.credentials)
}

// roll judges the cluster as the roll of the program does.
func (a access) roll() *roll.Roll {
	byName := map[string]spec.Node{}
	for _, node := range a.stack.Nodes {
		byName[node.Name] = node
	}
	options := roll.OptionsOf(a.stack)
	options.Machine = func(n roll.Node) (roll.Machine, error) { return a.machine(byName[n.Name]) }
	options.Cluster = func(context.Context) (roll.Cluster, error) { return roll.KubeAPI{API: a.kubernetes}, nil }
	options.Tell = func(string) {}
	return roll.New(options)
}
