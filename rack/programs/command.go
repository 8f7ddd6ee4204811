package programs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// Program is what a process needs other than its pod.
type Program struct {
	// Binary is the file name of the program; empty where it is called as its Deployment.
	Binary string
	// Flags are added to those of the Deployment. They may name {dir}, the program's own folder.
	Flags []string
	// Env is added to the environment of the Deployment.
	Env []string
}

// binary is the program's file.
func (o *Options) binary(deployment string) string {
	if name := o.Programs[deployment].Binary; name != "" {
		return filepath.Join(o.Bin, name)
	}
	return filepath.Join(o.Bin, deployment)
}

// command is the process of the Deployment's first container.
func (p *player) command(ctx context.Context, program Program, d *appsv1.Deployment) (process.Command, error) {
	dir := filepath.Join(p.opts.Dir, d.Name)
	for _, sub := range []string{"artifacts", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return process.Command{}, err
		}
	}
	pod := &d.Spec.Template.Spec
	kubeconfig := filepath.Join(dir, "kubeconfig")
	authority, err := filepath.Abs(filepath.Join(dir, authorityFile))
	if err != nil {
		return process.Command{}, err
	}
	if err := p.project(ctx, d.Name); err != nil {
		return process.Command{}, err
	}
	content, err := p.kubeconfig(ctx, pod.ServiceAccountName, authority)
	if err != nil {
		return process.Command{}, fmt.Errorf("service account %s: %w", pod.ServiceAccountName, err)
	}
	if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
		return process.Command{}, err
	}
	container := &pod.Containers[0]
	own, err := environment(container.Env, p.sources(ctx, d))
	if err != nil {
		return process.Command{}, err
	}
	folders, err := p.mount(ctx, d, dir)
	if err != nil {
		return process.Command{}, err
	}
	env := []string{"HOME=" + dir, "TMPDIR=" + filepath.Join(dir, "tmp"), "KUBECONFIG=" + kubeconfig}
	env = append(append(append(env, own...), program.Env...), p.opts.Env...)
	var args []string
	for _, arg := range container.Args {
		args = append(args, moved(expanded(arg, own), folders))
	}
	return process.Command{
		Name: d.Name, Path: p.opts.binary(d.Name), Args: arguments(args, program, dir),
		Env: env, Log: filepath.Join(dir, d.Name+".log"), Grace: 5 * time.Second,
	}, nil
}

func arguments(args []string, program Program, dir string) []string {
	all := append([]string{}, args...)
	for _, flag := range program.Flags {
		all = append(all, strings.ReplaceAll(flag, "{dir}", dir))
	}
	return all
}
