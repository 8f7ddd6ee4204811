package programs

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// lookPeriod is how often the Deployments are looked at.
const lookPeriod = time.Second

// Options say which pods are played, and with what.
type Options struct {
	// Namespace is where the Deployments are.
	Namespace string
	// Programs are those to run, by the names of their Deployments.
	Programs map[string]Program
	// Bin holds the programs.
	Bin string
	// Dir is for the programs' files and logs; each has a folder of its own.
	Dir string
	// Env is added to the environment of every program: what makes it trust the room's authority.
	Env []string
	// OnExit, if any, is told when a program ends by itself. It is started again.
	OnExit func(process.Exit)
	// Also, if any, is done each time that the Deployments are looked at.
	Also func(context.Context, kubernetes.Interface) error
	// Log receives what happens.
	Log *slog.Logger
}

func (o *Options) also(ctx context.Context, client kubernetes.Interface) error {
	if o.Also == nil {
		return nil
	}
	return o.Also(ctx, client)
}

// player runs the programs.
type player struct {
	opts   Options
	config *rest.Config
	client kubernetes.Interface
	// running are the processes, by their Deployment's name.
	running map[string]*playing
}

// playing is a process and the Deployment, as it was, that it was started for.
type playing struct {
	process *process.Process
	of      [sha256.Size]byte
}

// Run plays the pods in the cluster, with full rights itself, until the context ends, and ends every program with it.
// While the API cannot be reached nothing changes: pods outlive their control plane.
func Run(ctx context.Context, cluster *rest.Config, opts Options) error {
	for name := range opts.Programs {
		if _, err := os.Stat(opts.binary(name)); err != nil {
			return fmt.Errorf("program of deployment %s/%s: %w", opts.Namespace, name, err)
		}
	}
	config := rest.CopyConfig(cluster)
	config.Timeout, config.QPS = 5*time.Second, -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("programs of namespace %s: %w", opts.Namespace, err)
	}
	p := &player{opts: opts, config: config, client: client, running: map[string]*playing{}}
	defer p.stop()
	for {
		deployments, err := client.AppsV1().Deployments(opts.Namespace).List(ctx, metav1.ListOptions{})
		if err == nil {
			err = errors.Join(p.play(ctx, deployments.Items), opts.also(ctx, client))
		}
		if err != nil && ctx.Err() == nil {
			opts.Log.Debug("programs", "namespace", opts.Namespace, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookPeriod):
		}
	}
}

// play makes the processes be those of the Deployments that have a ready pod.
func (p *player) play(ctx context.Context, deployments []appsv1.Deployment) error {
	var errs []error
	for name, program := range p.opts.Programs {
		i := slices.IndexFunc(deployments, func(d appsv1.Deployment) bool { return d.Name == name && d.DeletionTimestamp == nil })
		if i < 0 || deployments[i].Status.ReadyReplicas == 0 {
			p.end(name)
			continue
		}
		d := &deployments[i]
		of := identity(d)
		if now := p.running[name]; now != nil && now.of == of {
			errs = append(errs, p.project(ctx, name))
			continue
		}
		p.end(name)
		command, err := p.command(ctx, program, d)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		p.opts.Log.Info("starting", "program", name, "args", command.Args)
		p.running[name] = &playing{process: process.Start(command, p.opts.OnExit), of: of}
	}
	return errors.Join(errs...)
}

// identity tells Deployments apart that need another process.
func identity(d *appsv1.Deployment) [sha256.Size]byte {
	template, err := json.Marshal(d.Spec.Template)
	if err != nil {
		panic(err) // it came as JSON
	}
	return sha256.Sum256(append(template, d.UID...))
}

func (p *player) end(name string) {
	if now := p.running[name]; now != nil {
		p.opts.Log.Info("ending", "program", name)
		now.process.Stop()
		delete(p.running, name)
	}
}

func (p *player) stop() {
	for _, now := range p.running {
		now.process.Kill()
	}
}
