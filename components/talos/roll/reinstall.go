package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/internal/await"
	"github.com/home-ops/home-ops/spec"
)

// reinstalled is the word of the reinstall that a machine has had, as its own config keeps it: that is on STATE, which a
// reinstall wipes, and whatever became of the state of the program, a machine that has the word was installed with it.
func reinstalled(ctx context.Context, machine Machine, node Node) (string, error) {
	if node.Reinstall == "" {
		return "", nil
	}
	cfg, err := presentConfig(ctx, machine)
	if err != nil {
		return "", err
	}
	object := cfg.K8sNodeConfig()
	if object == nil {
		return "", nil
	}
	return object.Annotations()[spec.ReinstallAnnotation], nil
}

// notAdopted is an error where a machine that is taken into the state runs, and lacks the reinstall that is wanted: with its
// config the word would get there, and nothing else.
func (r *Roll) notAdopted(ctx context.Context, machine Machine, node Node) error {
	if node.Reinstall == "" {
		return nil
	}
	if is, err := r.glance(ctx, machine); err != nil || is.Maintenance {
		return nil //nolint:nilerr // one that does not answer is judged by who takes it into the state
	}
	has, err := reinstalled(ctx, machine, node)
	switch {
	case err != nil:
		return within(node, err)
	case has != node.Reinstall:
		return fmt.Errorf("%s runs, and was installed with reinstall %q, not %q, while the state knows nothing of it: "+
			"apply the stack file with the former word (and what came with it) first", node.Name, has, node.Reinstall)
	}
	return nil
}

// canReinstall is an error for what no waiting mends.
func (r *Roll) canReinstall(ctx context.Context, machine Machine, node Node, seen sight) error {
	if seen.newKubernetes(node) {
		return fmt.Errorf("%s runs the kubelet %s, and is to be installed anew with %s: apply that first, with the reinstall that it has", node.Name, seen.kubelet, node.Kubernetes)
	}
	planes := 0
	for _, n := range r.all {
		if n.ControlPlane {
			planes++
		}
	}
	if node.ControlPlane && planes < 2 {
		return fmt.Errorf("%s is the only control plane, and etcd would be lost with it", node.Name)
	}
	disk, selected, err := machine.InstalledOn(ctx, node.Config)
	switch {
	case err != nil:
		return fmt.Errorf("%s: which disk it runs from: %w", node.Name, err)
	case !selected:
		return fmt.Errorf("%s runs from %s, which its installDisk does not select, and boots from there as long as Talos is on it: "+
			"wipe that disk (`talosctl --nodes %s reset --wipe-mode system-disk --reboot`) or take it out, boot the machine from Talos's image, "+
			"and run `pulumi up` again", node.Name, disk, node.Address)
	}
	return nil
}

// nothingOnVar is nil when no volume of a claim is lost with the node's EPHEMERAL.
func nothingOnVar(ctx context.Context, cluster Cluster, node Node) error {
	claims, err := cluster.OnVar(ctx, node.Name, node.Folders)
	if err != nil {
		return err
	}
	if len(claims) > 0 {
		return await.Stop{Err: fmt.Errorf("volumes of %s lie on its EPHEMERAL, and have no copy elsewhere: move their data, and delete the claims", strings.Join(claims, ", "))}
	}
	return nil
}

// reinstall wipes a machine once the cluster bears its loss, and gives it its config again.
func (r *Roll) reinstall(ctx context.Context, machine Machine, t turn, seen sight) error {
	node := t.node
	if err := r.clear(ctx, machine, t, Reinstall); err != nil {
		return err
	}
	if err := machine.Reset(ctx, true); err != nil {
		return err
	}
	at, err := r.emptied(ctx, machine, node, seen.running.BootID)
	if err != nil {
		return err
	}
	r.tell(node.Name + ": is in maintenance mode" + at.elsewhere(node) + ", and gets its config")
	if err := r.forget(ctx, at.machine, node); err != nil {
		return err
	}
	return r.installs(ctx, machine, at, node)
}

// emptied waits until a machine that is reset is in maintenance mode somewhere.
func (r *Roll) emptied(ctx context.Context, machine Machine, node Node, before string) (at whereabouts, err error) {
	err = r.wait(ctx, node.Name, "the machine in maintenance mode", r.limits.Return, func(ctx context.Context) error {
		is, seen := r.half(ctx, machine)
		switch {
		case seen == nil && !is.Maintenance && is.BootID == before:
			return errors.New("it has not gone down yet")
		case seen == nil && !is.Maintenance:
			return await.Stop{Err: errors.New("the machine came back with its config, and was not wiped; see its console")}
		}
		at, err = r.locate(ctx, node, is, seen)
		if unseen := (UnseenError{}); err != nil && !errors.As(err, &unseen) {
			return await.Stop{Err: err}
		}
		return err
	})
	return at, err
}

// installs gives a machine in maintenance mode its config, and returns when it answers with it at its node's own address.
func (r *Roll) installs(ctx context.Context, machine Machine, at whereabouts, node Node) error {
	err := at.machine.Configure(ctx, node.Config)
	if status.Code(err) == codes.InvalidArgument {
		return fmt.Errorf("at %s: %w", at.address, err)
	}
	if err != nil {
		return err
	}
	return r.appears(ctx, machine, node)
}
