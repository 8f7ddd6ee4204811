package gitops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/kube/process"
)

// There is no cluster DNS in the room, and all programs share one address: these take the place of the Services.
const (
	artifactsAddress = "127.0.0.1:9790"
	eventsAddress    = "127.0.0.1:9791"
	// ReceiverAddress is where the notification-controller takes webhooks: what the Service webhook-receiver leads to.
	ReceiverAddress = "127.0.0.1:9792"
)

// program is what a process needs other than its pod.
type program struct {
	// flags are added to those of the Deployment; the last one of a name counts. They may name {dir} and {distribution}.
	flags []string
	env   []string
}

// alone is for every program: it is the only one of its kind, and its ports are not to clash with the others'.
var alone = []string{"--enable-leader-election=false", "--metrics-addr=0", "--health-addr=0"}

var programs = map[string]program{
	"flux-operator": {
		flags: []string{"--web-server-port=0", "--storage-path={distribution}"},
		// Its image is built so; otherwise it refuses to start.
		env: []string{"GODEBUG=fips140=on", "NOTIFICATION_CONTROLLER_ADDRESS=http://" + eventsAddress},
	},
	"source-controller": {flags: []string{
		"--storage-path={dir}/artifacts", "--storage-addr=" + artifactsAddress, "--storage-adv-addr=" + artifactsAddress,
		"--events-addr=http://" + eventsAddress,
	}},
	"kustomize-controller":    {flags: []string{"--events-addr=http://" + eventsAddress}},
	"helm-controller":         {flags: []string{"--events-addr=http://" + eventsAddress}},
	"notification-controller": {flags: []string{"--events-addr=" + eventsAddress, "--receiverAddr=" + ReceiverAddress}},
}

// command is the process of the Deployment's first container.
func (p *player) command(ctx context.Context, program program, d *appsv1.Deployment) (process.Command, error) {
	dir := filepath.Join(p.opts.Dir, d.Name)
	for _, sub := range []string{"artifacts", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return process.Command{}, err
		}
	}
	pod := &d.Spec.Template.Spec
	kubeconfig := filepath.Join(dir, "kubeconfig")
	content, err := p.kubeconfig(ctx, pod.ServiceAccountName)
	if err != nil {
		return process.Command{}, fmt.Errorf("service account %s: %w", pod.ServiceAccountName, err)
	}
	if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
		return process.Command{}, err
	}
	env := []string{"HOME=" + dir, "TMPDIR=" + filepath.Join(dir, "tmp"), "KUBECONFIG=" + kubeconfig}
	env = append(append(append(env, environment(pod.Containers[0].Env)...), program.env...), p.opts.Env...)
	return process.Command{
		Name: d.Name, Path: filepath.Join(p.opts.Bin, d.Name), Args: arguments(pod.Containers[0].Args, program, dir, p.opts.Distribution),
		Env: env, Log: filepath.Join(dir, d.Name+".log"), Grace: 5 * time.Second,
	}, nil
}

func arguments(args []string, program program, dir, distribution string) []string {
	room := strings.NewReplacer("{dir}", dir, "{distribution}", distribution)
	all := append(append([]string{}, args...), alone...)
	for _, flag := range program.flags {
		all = append(all, room.Replace(flag))
	}
	return all
}

// environment is what the container gets, but for what is counted in its own cores and memory.
func environment(vars []corev1.EnvVar) []string {
	var env []string
	for _, v := range vars {
		switch {
		case v.ValueFrom == nil:
			env = append(env, v.Name+"="+v.Value)
		case v.ValueFrom.FieldRef != nil && v.ValueFrom.FieldRef.FieldPath == "metadata.namespace":
			env = append(env, v.Name+"="+Namespace)
		}
	}
	return env
}
