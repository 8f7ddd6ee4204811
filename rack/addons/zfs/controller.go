package zfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// Nodes are what ZFS LocalPV's agents say of their nodes' pools.
var Nodes = cluster.Kind{Group: "zfs.openebs.io", Version: "v1", Resource: "zfsnodes"}

// Node is the pools of a node.
type Node struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Pools             []NodePool `json:"pools"`
}

// NodePool is a pool of a node, and the room in it.
type NodePool struct {
	Name string            `json:"name"`
	UUID string            `json:"uuid"`
	Free resource.Quantity `json:"free"`
	// Used is nothing here, where no volume has data.
	Used resource.Quantity `json:"used"`
}

// The pods that make pools, by their label app.kubernetes.io/name, and the annotation with which KWOK starts their
// containers: the time of the sandbox in which the init containers ran (rack/kube/pods/stages.yaml). After a boot, or on another
// machine of the node's name, the pod has another sandbox, and its init containers run again.
const (
	makers  = "zfs-pools"
	started = "rack.home-ops/init-containers-ran"
)

// agents are the pods of ZFS LocalPV that look after a node.
var agents = labels.SelectorFromSet(labels.Set{"name": "openebs-zfs-node"})

// Controllers play the pods that make pools, and the agents.
func Controllers(hosts *Hosts) []cluster.Controller {
	return []cluster.Controller{
		{Name: makers, Kinds: []cluster.Kind{cluster.ConfigMaps}, Pass: hosts.makePools},
		{Name: "zfs-localpv-node", Operators: []string{"*zfs-localpv-controller"}, Kinds: []cluster.Kind{Nodes}, Pass: hosts.tell},
	}
}

// makePools runs the init containers of the pods that make pools.
func (h *Hosts) makePools(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
	var errs []error
	for _, item := range cluster.Read[corev1.Pod](c, cluster.Pods) {
		pod := item.Typed
		sandbox := sandboxOf(pod)
		if pod.Labels["app.kubernetes.io/name"] != makers || pod.DeletionTimestamp != nil || sandbox == "" || pod.Annotations[started] == sandbox {
			continue
		}
		if err := h.initialise(ctx, c, pod); err != nil {
			errs = append(errs, fmt.Errorf("pod %s on %s: %w", cluster.Key(pod), pod.Spec.NodeName, err), c.WriteStatus(ctx, cluster.Pods, item.Object, crashing(pod, err)))
			continue
		}
		errs = append(errs, c.Apply(ctx, cluster.Pods, map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{
				"namespace": pod.Namespace, "name": pod.Name, "uid": string(pod.UID), "annotations": map[string]any{started: sandbox},
			},
		}))
	}
	return errors.Join(errs...)
}

// sandboxOf is the time at which a pod got the sandbox that it has; empty while it has none.
func sandboxOf(pod *corev1.Pod) string {
	i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReadyToStartContainers && c.Status == corev1.ConditionTrue
	})
	if i < 0 {
		return ""
	}
	return pod.Status.Conditions[i].LastTransitionTime.UTC().Format(time.RFC3339)
}

// crashing is the status of a pod with an init container that ended so.
func crashing(pod *corev1.Pod, err error) corev1.PodStatus {
	status := pod.Status
	status.InitContainerStatuses = []corev1.ContainerStatus{{
		Name: pod.Spec.InitContainers[0].Name, Image: pod.Spec.InitContainers[0].Image,
		State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: err.Error()}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: err.Error()}},
	}}
	return status
}

// Debug runs the zpool of a pod that was made to look at its node, such as one of `kubectl debug node/NODE`: its container has to have
// what zpool needs, and the words are its own.
func (h *Hosts) Debug(ctx context.Context, pod *corev1.Pod, out io.Writer) error {
	container := &pod.Spec.Containers[0]
	if err := reachesHost(pod, container); err != nil {
		return fmt.Errorf("pod %s: %w", cluster.Key(pod), err)
	}
	words := slices.Concat(container.Command, container.Args)
	if len(words) == 0 || words[0] != "chroot" {
		return fmt.Errorf("pod %s: the rack runs zpool by chroot, not %q", cluster.Key(pod), words)
	}
	words, err := onHost(words[1:])
	if err != nil {
		return err
	}
	return h.Zpool(ctx, pod.Spec.NodeName, words, out)
}

// initialise runs a pod's init containers, one after the other.
func (h *Hosts) initialise(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) error {
	for i := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[i]
		if err := reachesHost(pod, container); err != nil {
			return fmt.Errorf("container %s: %w", container.Name, err)
		}
		script, err := scriptOf(c, pod, container)
		if err != nil {
			return fmt.Errorf("container %s: %w", container.Name, err)
		}
		if err := h.run(ctx, pod.Spec.NodeName, script, environment(pod, container)); err != nil {
			return fmt.Errorf("container %s: %w", container.Name, err)
		}
	}
	return nil
}

// reachesHost wants what zpool needs: the node's root, and its devices.
func reachesHost(pod *corev1.Pod, container *corev1.Container) error {
	if s := container.SecurityContext; s == nil || s.Privileged == nil || !*s.Privileged {
		return errors.New("it is not privileged, and /dev/zfs wants that")
	}
	for _, mount := range container.VolumeMounts {
		if mount.MountPath != "/host" {
			continue
		}
		for _, volume := range pod.Spec.Volumes {
			if volume.Name == mount.Name && volume.HostPath != nil && volume.HostPath.Path == "/" {
				return nil
			}
		}
	}
	return errors.New("the node's root is not mounted at /host")
}

// scriptOf is the script that a shell is started with, out of a ConfigMap that is mounted.
func scriptOf(c *cluster.Cluster, pod *corev1.Pod, container *corev1.Container) (string, error) {
	if len(container.Command) != 2 || container.Command[0] != "/bin/sh" {
		return "", fmt.Errorf("the rack runs scripts of /bin/sh, not %q", container.Command)
	}
	for _, mount := range container.VolumeMounts {
		file, below := strings.CutPrefix(container.Command[1], mount.MountPath+"/")
		if !below {
			continue
		}
		for _, volume := range pod.Spec.Volumes {
			if volume.Name != mount.Name || volume.ConfigMap == nil {
				continue
			}
			if m := cluster.Find[corev1.ConfigMap](c, cluster.ConfigMaps, pod.Namespace, volume.ConfigMap.Name); m != nil && m.Data[file] != "" {
				return m.Data[file], nil
			}
			return "", fmt.Errorf("ConfigMap %s has no %s", volume.ConfigMap.Name, file)
		}
	}
	return "", fmt.Errorf("%s is on no volume", container.Command[1])
}

func environment(pod *corev1.Pod, container *corev1.Container) []string {
	var env []string
	for _, e := range container.Env {
		value := e.Value
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "spec.nodeName" {
			value = pod.Spec.NodeName
		}
		env = append(env, e.Name+"="+value)
	}
	return env
}

// tell writes down what the agents find on their nodes.
func (h *Hosts) tell(ctx context.Context, c *cluster.Cluster, operators []cluster.Pod) error {
	var errs []error
	for _, pod := range c.ReadyPods(operators[0].Namespace, agents) {
		node := Node{
			TypeMeta:   metav1.TypeMeta{APIVersion: "zfs.openebs.io/v1", Kind: "ZFSNode"},
			ObjectMeta: metav1.ObjectMeta{Name: pod.Spec.NodeName, Namespace: pod.Namespace}, Pools: []NodePool{},
		}
		for _, pool := range h.Pools(pod.Spec.NodeName) {
			node.Pools = append(node.Pools, NodePool{Name: pool.Name, UUID: pool.Name, Free: *resource.NewQuantity(int64(pool.Size), resource.BinarySI)})
		}
		errs = append(errs, c.Apply(ctx, Nodes, node))
	}
	return errors.Join(errs...)
}
