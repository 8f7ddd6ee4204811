package edge

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

const (
	cloudflared = "cloudflared"
	// connectors is how many pods run; each has four connections to Cloudflare.
	connectors = 2
	// nonRoot is the user of cloudflared's image.
	nonRoot = 65532
	// drainSeconds is how long a connector may take to finish its requests when it is
	// stopped: cloudflared's own grace period of 30, and some for itself.
	drainSeconds = 45
)

// connectorSteps run the tunnel in the cluster, where there is one. The connectors need
// the CA of the gateways' certificate, and go on to a new tunnel by themselves.
func connectorSteps(stack *spec.Stack) plan.Steps {
	if !tunnelled(stack) {
		return nil
	}
	token := secret("tunnel-token", named(Namespace, tunnelToken), tokenKey, valueTunnelToken)
	steps := plan.Steps{token}
	after := []string{token.Name, stepCertificate}
	if stack.Edge.Certificates.Staging {
		roots := plan.Step{Name: stagingRootsName, Object: stagingRoots(), After: []string{stepNetworkNamespace}}
		steps = append(steps, roots)
		after = append(after, roots.Name)
	}
	return append(steps,
		plan.Step{
			Name:   cloudflared,
			Object: connectorDeployment(stack),
			From: []plan.From{{
				Path:  []string{"spec", "template", "metadata", "annotations", secretAnnotation},
				Value: fingerprintOf(valueTunnelToken),
			}},
			After: after,
			Needs: running(),
		},
		plan.Step{Name: cloudflared + "-budget", Object: connectorBudget(), After: after, Needs: running()},
	)
}

// connectorBudget has an upgrade of nodes leave one connector running.
func connectorBudget() *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: named(Namespace, cloudflared),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr(intstr.FromInt32(1)),
			Selector:     &metav1.LabelSelector{MatchLabels: connectorLabels()},
		},
	}
}

func connectorLabels() map[string]string { return map[string]string{nameLabel: cloudflared} }

// connectorDeployment is the connectors, which read their configuration from Cloudflare.
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
					TerminationGracePeriodSeconds: ptr(int64(drainSeconds)),
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot: ptr(true), RunAsUser: ptr(int64(nonRoot)), RunAsGroup: ptr(int64(nonRoot)),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
						MaxSkew: 1, TopologyKey: corev1.LabelHostname,
						WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector,
						// A node whose taints keep the pods away does not count.
						NodeTaintsPolicy: ptr(corev1.NodeInclusionPolicyHonor),
						// During a rollout, the pods of each version are spread by themselves.
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
				LocalObjectReference: corev1.LocalObjectReference{Name: tunnelToken}, Key: tokenKey,
			},
		}}},
		Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: 2000}},
		// Ready means connected to Cloudflare. Liveness does not ask for that: a restart
		// does not bring back an internet line that is down.
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
