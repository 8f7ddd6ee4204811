package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	own, err := environment(pod.Containers[0].Env, d.Namespace, func(ref *corev1.SecretKeySelector) ([]byte, error) {
		secret, err := p.client.CoreV1().Secrets(d.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return secret.Data[ref.Key], nil
	})
	if err != nil {
		return process.Command{}, err
	}
	env := []string{"HOME=" + dir, "TMPDIR=" + filepath.Join(dir, "tmp"), "KUBECONFIG=" + kubeconfig}
	env = append(append(append(env, own...), program.Env...), p.opts.Env...)
	return process.Command{
		Name: d.Name, Path: p.opts.binary(d.Name), Args: arguments(pod.Containers[0].Args, program, dir),
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

// environment is what the container gets, but for what is counted in its own cores and memory. As with a kubelet, a
// container whose Secret is missing does not start.
func environment(vars []corev1.EnvVar, namespace string, secret func(*corev1.SecretKeySelector) ([]byte, error)) ([]string, error) {
	var env []string
	var errs []error
	for _, v := range vars {
		switch {
		case v.ValueFrom == nil:
			env = append(env, v.Name+"="+v.Value)
		case v.ValueFrom.FieldRef != nil && v.ValueFrom.FieldRef.FieldPath == "metadata.namespace":
			env = append(env, v.Name+"="+namespace)
		case v.ValueFrom.SecretKeyRef != nil:
			ref := v.ValueFrom.SecretKeyRef
			value, err := secret(ref)
			if err == nil && value == nil {
				err = fmt.Errorf("secret %s/%s has nothing under %q", namespace, ref.Name, ref.Key)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", v.Name, err))
			}
			env = append(env, v.Name+"="+string(value))
		}
	}
	return env, errors.Join(errs...)
}
