package prometheus

import (
	"cmp"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// group is that of the kinds, with their version.
const group = "monitoring.coreos.com/v1"

// server is a Prometheus or an Alertmanager, as far as it is looked at.
type server struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Paused             bool                        `json:"paused"`
		Image              string                      `json:"image"`
		Version            string                      `json:"version"`
		Replicas           *int32                      `json:"replicas"`
		ServiceAccountName string                      `json:"serviceAccountName"`
		PriorityClassName  string                      `json:"priorityClassName"`
		NodeSelector       map[string]string           `json:"nodeSelector"`
		Tolerations        []corev1.Toleration         `json:"tolerations"`
		Affinity           *corev1.Affinity            `json:"affinity"`
		SecurityContext    *corev1.PodSecurityContext  `json:"securityContext"`
		Resources          corev1.ResourceRequirements `json:"resources"`
		Secrets            []string                    `json:"secrets"`
		PodMetadata        struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"podMetadata"`
		Storage *struct {
			Claim corev1.PersistentVolumeClaim `json:"volumeClaimTemplate"`
		} `json:"storage"`
	} `json:"spec"`
}

// part is what the operator knows of a kind of server.
type part struct {
	// name is that of the program, and what its objects' names begin with.
	name, image string
	ports       []corev1.ContainerPort
	// labels are the kind's own, which it selects pods by too.
	labels func(name string) map[string]string
}

// The kinds of servers, with the ports and labels that the operator gives their pods
// (https://github.com/prometheus-operator/prometheus-operator/tree/v0.85.0/pkg, prometheus/server and alertmanager).
var parts = map[string]part{
	"Prometheus": {
		name: "prometheus", image: "quay.io/prometheus/prometheus", ports: []corev1.ContainerPort{tcp("http-web", 9090)},
		labels: func(name string) map[string]string {
			return map[string]string{"prometheus": name, "operator.prometheus.io/name": name, "operator.prometheus.io/shard": "0"}
		},
	},
	"Alertmanager": {
		name: "alertmanager", image: "quay.io/prometheus/alertmanager",
		ports: []corev1.ContainerPort{
			tcp("http-web", 9093), tcp("mesh-tcp", 9094), {Name: "mesh-udp", ContainerPort: 9094, Protocol: corev1.ProtocolUDP},
		},
		labels: func(name string) map[string]string { return map[string]string{"alertmanager": name} },
	},
}

func tcp(name string, port int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: port, Protocol: corev1.ProtocolTCP}
}

// Made is what the operator makes of an object: nothing of one of other kinds, and of one that is paused.
func Made(object *unstructured.Unstructured) (*appsv1.StatefulSet, *corev1.Service, error) {
	part, ok := parts[object.GetKind()]
	if !ok || object.GetAPIVersion() != group {
		return nil, nil, nil
	}
	var s server
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.DeepCopy().Object, &s); err != nil {
		return nil, nil, fmt.Errorf("%s %s/%s: %w", object.GetKind(), object.GetNamespace(), object.GetName(), err)
	}
	if s.Spec.Paused {
		return nil, nil, nil
	}
	return s.set(part), s.service(part), nil
}

// set is the StatefulSet of a server.
func (s *server) set(part part) *appsv1.StatefulSet {
	labels := part.labels(s.Name)
	maps.Copy(labels, map[string]string{
		"app.kubernetes.io/name": part.name, "app.kubernetes.io/instance": s.Name, "app.kubernetes.io/managed-by": "prometheus-operator",
	})
	ofPods := maps.Clone(labels)
	maps.Copy(ofPods, s.Spec.PodMetadata.Labels)
	name := part.name + "-" + s.Name
	one, no, yes := int32(1), false, true
	tight := &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	volumes, mounts := s.secrets(part)
	set := &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet"},
		ObjectMeta: s.owned(name, labels),
		Spec: appsv1.StatefulSetSpec{
			ServiceName: governing(part), Replicas: cmp.Or(s.Spec.Replicas, &one), PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: ofPods, Annotations: s.Spec.PodMetadata.Annotations},
				Spec: corev1.PodSpec{
					ServiceAccountName: s.Spec.ServiceAccountName, PriorityClassName: s.Spec.PriorityClassName, NodeSelector: s.Spec.NodeSelector,
					Tolerations: s.Spec.Tolerations, Affinity: s.Spec.Affinity, SecurityContext: s.Spec.SecurityContext, Volumes: volumes,
					Containers: []corev1.Container{
						{
							Name: part.name, Image: cmp.Or(s.Spec.Image, part.image+":"+cmp.Or(s.Spec.Version, "operator")), Ports: part.ports,
							Resources: s.Spec.Resources, VolumeMounts: mounts, SecurityContext: tight,
						},
						{
							Name: "config-reloader", Image: "quay.io/prometheus-operator/prometheus-config-reloader:operator",
							Ports: []corev1.ContainerPort{tcp("reloader-web", 8080)}, SecurityContext: tight,
						},
					},
				},
			},
		},
	}
	if s.Spec.Storage != nil {
		claim := s.Spec.Storage.Claim
		claim.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
		claim.Name = cmp.Or(claim.Name, name+"-db")
		if claim.Spec.AccessModes == nil {
			claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
		}
		set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim}
	}
	return set
}

// secrets are those that the object has mounted into the server's container.
func (s *server) secrets(part part) (volumes []corev1.Volume, mounts []corev1.VolumeMount) {
	for _, secret := range s.Spec.Secrets {
		name := "secret-" + secret
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}})
		mounts = append(mounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: "/etc/" + part.name + "/secrets/" + secret})
	}
	return volumes, mounts
}

// service is the Service that gives the pods their names.
func (s *server) service(part part) *corev1.Service {
	var ports []corev1.ServicePort
	for _, p := range part.ports {
		ports = append(ports, corev1.ServicePort{Name: p.Name, Port: p.ContainerPort, Protocol: p.Protocol, TargetPort: intstr.FromString(p.Name)})
	}
	name := governing(part)
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: s.owned(name, map[string]string{"operated-" + part.name: "true", "managed-by": "prometheus-operator"}),
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app.kubernetes.io/name": part.name}, Ports: ports,
		},
	}
}

func governing(part part) string { return part.name + "-operated" }

// owned goes with the object.
func (s *server) owned(name string, labels map[string]string) metav1.ObjectMeta {
	yes := true
	return metav1.ObjectMeta{Name: name, Namespace: s.Namespace, Labels: labels, OwnerReferences: []metav1.OwnerReference{{
		APIVersion: s.APIVersion, Kind: s.Kind, Name: s.Name, UID: s.UID, Controller: &yes, BlockOwnerDeletion: &yes,
	}}}
}
