package programs

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// heldIn are the sources of a namespace with one Secret, one ConfigMap and one pod.
func heldIn(namespace string) sources {
	return sources{
		namespace: namespace,
		secret: func(name string) (map[string][]byte, error) {
			return map[string]map[string][]byte{"cloudflare": {"token": []byte("a")}}[name], nil
		},
		configMap: func(name string) (map[string]string, error) {
			return map[string]map[string]string{"settings": {"debug": "true"}}[name], nil
		},
		pod: func() (*corev1.Pod, error) {
			return &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "operator-1", UID: "1"}, Spec: corev1.PodSpec{NodeName: "a", ServiceAccountName: "operator"},
				Status: corev1.PodStatus{PodIP: "10.42.0.7", HostIP: "10.20.0.11"},
			}, nil
		},
	}
}

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func secretKey(name, secret, key string, optional bool) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key, Optional: &optional,
	}}}
}

func configKey(name, configMap, key string, optional bool) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: configMap}, Key: key, Optional: &optional,
	}}}
}

func TestEnvironment_IsWhatAKubeletWouldMakeOfIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		v    corev1.EnvVar
		want string
	}{
		"a value":                          {corev1.EnvVar{Name: "TUF_ROOT", Value: "/tmp/.sigstore"}, "TUF_ROOT=/tmp/.sigstore"},
		"the namespace":                    {field("N", "metadata.namespace"), "N=network"},
		"the pod's name":                   {field("N", "metadata.name"), "N=operator-1"},
		"the pod's UID":                    {field("N", "metadata.uid"), "N=1"},
		"the node":                         {field("N", "spec.nodeName"), "N=a"},
		"the account":                      {field("N", "spec.serviceAccountName"), "N=operator"},
		"the pod's address":                {field("N", "status.podIP"), "N=10.42.0.7"},
		"the node's address":               {field("N", "status.hostIP"), "N=10.20.0.11"},
		"a key of a Secret":                {secretKey("T", "cloudflare", "token", false), "T=a"},
		"a key of a ConfigMap":             {configKey("D", "settings", "debug", true), "D=true"},
		"a Secret that need not be there":  {secretKey("T", "nothing", "token", true), ""},
		"a key that need not be there":     {configKey("D", "settings", "more", true), ""},
		"what a container's own cores are": {corev1.EnvVar{Name: "G", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			if test.want != "" {
				want = []string{test.want}
			}
			if got, err := environment([]corev1.EnvVar{test.v}, heldIn("network")); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestEnvironment_IsRefusedWhereAContainerWouldNotStart(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]corev1.EnvVar{
		`T: secret network/cloudflare has nothing under "password"`:                        secretKey("T", "cloudflare", "password", false),
		`T: secret network/nothing has nothing under "token"`:                              secretKey("T", "nothing", "token", false),
		`D: configmap network/settings has nothing under "more"`:                           configKey("D", "settings", "more", false),
		`N: a program is not told its pod's status.phase; name the field in rack/programs`: field("N", "status.phase"),
	} {
		if _, err := environment([]corev1.EnvVar{v}, heldIn("network")); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestExpanded_HasTheValuesOfVariables(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"--debug=$(DEBUG)": "--debug=true", "$(DEBUG)$(EMPTY)-": "true-", "--x=$(NOBODY)": "--x=$(NOBODY)", "$$(DEBUG)": "$(DEBUG)", "100$": "100$",
	} {
		if got := expanded(arg, []string{"DEBUG=true", "EMPTY="}); got != want {
			t.Errorf("%s: got %s, want %s", arg, got, want)
		}
	}
}
