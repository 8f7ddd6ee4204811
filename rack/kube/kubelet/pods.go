package kubelet

import (
	"context"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// podSync is how often every pod of the node is looked at, whether it changed or not.
const podSync = 5 * time.Second

// podWorker makes and removes the sandboxes of the node's pods.
type podWorker struct {
	*Kubelet
	client kubernetes.Interface
	lister listers.PodLister
	queue  workqueue.TypedRateLimitingInterface[string]
	events record.EventRecorder
}

// runPods looks after the pods of the node, its own static ones among them.
func (k *Kubelet) runPods(ctx context.Context, client kubernetes.Interface) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, podSync, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", k.name).String()
	}))
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	informer := factory.Core().V1().Pods()
	w := &podWorker{
		Kubelet: k, client: client, lister: informer.Lister(),
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 5*time.Second)),
		events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: k.name}),
	}
	if _, err := informer.Informer().AddEventHandler(w.handlers()); err != nil {
		k.report("pods", err)
		return
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return
	}
	var mirroring sync.WaitGroup
	defer mirroring.Wait()
	mirroring.Go(func() { w.mirrorStaticPods(ctx) })
	defer context.AfterFunc(ctx, w.queue.ShutDown)()
	for w.next(ctx) {
	}
}

func (w *podWorker) handlers() cache.ResourceEventHandler {
	add := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			w.queue.Add(key)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
		DeleteFunc: func(object any) {
			if pod, ok := object.(*corev1.Pod); ok {
				w.sandboxes.remove(pod.UID)
			}
			add(object) // the agent may be what is gone
		},
	}
}

func (w *podWorker) next(ctx context.Context) bool {
	key, shutdown := w.queue.Get()
	if shutdown {
		return false
	}
	defer w.queue.Done(key)
	w.watchAgent()
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return true
	}
	pod, err := w.lister.Pods(namespace).Get(name)
	if err == nil {
		err = w.sync(ctx, pod)
	}
	if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		w.queue.AddRateLimited(key)
		return true
	}
	w.queue.Forget(key)
	return true
}

// watchAgent looks whether the CNI's agent runs. When it comes up the node becomes ready, and pods that waited for a
// network get one.
func (w *podWorker) watchAgent() {
	pods, err := w.lister.List(w.selector)
	if err != nil {
		return
	}
	running := false
	for _, pod := range pods {
		ready := conditionOf(pod, corev1.PodReady)
		// What the API says from before a reboot does not count.
		thisBoot := !ready.LastTransitionTime.Time.Before(w.started.Truncate(time.Second))
		running = running || (pod.DeletionTimestamp == nil && ready.Status == corev1.ConditionTrue && thisBoot)
	}
	news, err := w.network.setAgent(running)
	w.report("cni", err)
	if !news {
		return
	}
	w.log.Info("CNI agent", "running", running)
	w.reportSoon()
	if all, err := w.lister.List(labels.Everything()); err == nil && running {
		for _, pod := range all {
			w.queue.Add(pod.Namespace + "/" + pod.Name)
		}
	}
}

func (w *podWorker) sync(ctx context.Context, pod *corev1.Pod) error {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return nil
	}
	switch {
	case pod.DeletionTimestamp != nil:
		return w.removeSandbox(ctx, pod)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		w.sandboxes.remove(pod.UID)
		return nil
	case !w.sandboxes.has(pod.UID):
		return w.makeSandbox(ctx, pod)
	default:
		return w.keepReady(ctx, pod)
	}
}

func (w *podWorker) makeSandbox(ctx context.Context, pod *corev1.Pod) error {
	var addrs []netip.Addr
	switch {
	case pod.Spec.HostNetwork:
		w.sandboxes.addHost(pod.UID)
	case !w.network.agentRunning():
		return w.wait(ctx, pod)
	default:
		var ok bool
		if addrs, ok = w.sandboxes.add(pod.UID); !ok {
			w.reportSoon() // the node's pod networks may have been assigned meanwhile
			return errNoAddress
		}
	}
	err := patchPodStatus(ctx, w.client, pod, func(p *corev1.Pod) { reportSandbox(p, w.current().NodeIPs(), addrs, metav1.Now()) })
	if err != nil {
		w.sandboxes.remove(pod.UID) // the API did not hear of it
	}
	return err
}

func (w *podWorker) wait(ctx context.Context, pod *corev1.Pod) error {
	if conditionOf(pod, corev1.PodReadyToStartContainers).Status == corev1.ConditionFalse {
		return nil
	}
	w.events.Event(pod, corev1.EventTypeWarning, "NetworkNotReady", "network is not ready: "+cniNotReady)
	return patchPodStatus(ctx, w.client, pod, func(p *corev1.Pod) { reportWaiting(p, metav1.Now()) })
}

func (w *podWorker) removeSandbox(ctx context.Context, pod *corev1.Pod) error {
	if conditionOf(pod, corev1.PodReadyToStartContainers).Reason == sandboxRemoved {
		return nil
	}
	w.sandboxes.remove(pod.UID)
	return patchPodStatus(ctx, w.client, pod, func(p *corev1.Pod) { reportRemoved(p, metav1.Now()) })
}

// keepReady sets right what the node lifecycle controller says of the pods of a node that it has not heard of for a while.
func (w *podWorker) keepReady(ctx context.Context, pod *corev1.Pod) error {
	if pod.Status.Phase != corev1.PodRunning || conditionOf(pod, corev1.ContainersReady).Status != corev1.ConditionTrue ||
		conditionOf(pod, corev1.PodReady).Status == corev1.ConditionTrue || len(pod.Spec.ReadinessGates) > 0 {
		return nil
	}
	return patchPodStatus(ctx, w.client, pod, func(p *corev1.Pod) {
		setCondition(&p.Status, condition(corev1.PodReady, corev1.ConditionTrue, "", metav1.Now()))
	})
}
