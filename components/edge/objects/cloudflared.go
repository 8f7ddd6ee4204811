package objects

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/home-ops/home-ops/spec"
)

const (
	cloudflared = "cloudflared"
	// connectors is how many run at once; each has four connections to Cloudflare.
	connectors = 2
	// nonRoot is the user of cloudflared's image.
	nonRoot = 65532
	// drain is how long a connector that is told to stop finishes requests, in
	// seconds: cloudflared's own 30 and some for itself.
	drain = 45
)

// ConnectorDeployment is the name, among Cloudflared's objects, of the one with
// pods.
const ConnectorDeployment = "cloudflared"

// Cloudflared is the tunnel's connectors: a Deployment that reads its configuration
// from Cloudflare, and the promise that an upgrade of nodes leaves one running.
func Cloudflared(stack *spec.Stack) []Object {
	return []Object{
		{ConnectorDeployment, connectorDeployment(stack)},
		{"cloudflared-budget", &policyv1.PodDisruptionBudget{
			TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
			ObjectMeta: named(Namespace, cloudflared),
			Spec: policyv1.PodDisruptionBudgetSpec{
				MinAvailable: ptr(intstr.FromInt32(1)),
				Selector:     &metav1.LabelSelector{MatchLabels: connectorLabels()},
			},
		}},
	}
}

func connectorLabels() map[string]string { return map[string]string{nameLabel: cloudflared} }

func connectorDeployment(stack *spec.Stack) *appsv1.Deployment {
	selector := &metav1.LabelSelector{MatchLabels: connectorLabels()}
	meta := named(Namespace, cloudflared)
	meta.Labels = connectorLabels()
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: meta,
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr(int32(connectors)),
			Selector: selector,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: connectorLabels()},
				Spec: corev1.PodSpec{
					Containers:                    []corev1.Container{connector(stack)},
					Volumes:                       caVolumes(stack),
					AutomountServiceAccountToken:  ptr(false),
					EnableServiceLinks:            ptr(false),
					TerminationGracePeriodSeconds: ptr(int64(drain)),
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot: ptr(true), RunAsUser: ptr(int64(nonRoot)), RunAsGroup: ptr(int64(nonRoot)),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
						MaxSkew: 1, TopologyKey: corev1.LabelHostname,
						WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector,
						// A node that takes no such pod is none to spread over.
						NodeTaintsPolicy: ptr(corev1.NodeInclusionPolicyHonor),
						// While one version replaces the other, each is spread by itself.
						MatchLabelKeys: []string{"pod-template-hash"},
					}},
				},
			},
		},
	}
}

func connector(stack *spec.Stack) corev1.Container {
	container := corev1.Container{
		Name:  cloudflared,
		Image: "docker.io/cloudflare/cloudflared:" + string(stack.Versions.Cloudflared),
		Args:  []string{"tunnel", "--no-autoupdate", "--metrics", ":2000", "run"},
		Env: []corev1.EnvVar{{Name: "TUNNEL_TOKEN", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: TunnelToken}, Key: TokenKey,
			},
		}}},
		Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: 2000}},
		// Ready is connected to Cloudflare. It is no sign of life: restarting brings no
		// line back that is down.
		ReadinessProbe: probe("/ready", 3),
		LivenessProbe:  probe("/healthcheck", 6),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr(false),
			ReadOnlyRootFilesystem:   ptr(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
	if caSource(stack) != nil {
		container.VolumeMounts = []corev1.VolumeMount{{Name: caVolume, MountPath: caFolder, ReadOnly: true}}
	}
	return container
}

func caVolumes(stack *spec.Stack) []corev1.Volume {
	source := caSource(stack)
	if source == nil {
		return nil
	}
	return []corev1.Volume{{Name: caVolume, VolumeSource: *source}}
}

func probe(path string, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromString("metrics"),
		}},
		PeriodSeconds: 10, FailureThreshold: failures,
	}
}
