package programs

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestArguments_TheRoomHasTheLastWord(t *testing.T) {
	t.Parallel()
	got := arguments([]string{"--concurrent=10", "--storage-path=/data"}, Program{Flags: []string{"--storage-path={dir}/data"}}, "/run")
	if want := []string{"--concurrent=10", "--storage-path=/data", "--storage-path=/run/data"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func secretOf(values map[string]string) func(*corev1.SecretKeySelector) ([]byte, error) {
	return func(ref *corev1.SecretKeySelector) ([]byte, error) {
		if value, ok := values[ref.Name+"/"+ref.Key]; ok {
			return []byte(value), nil
		}
		return nil, nil
	}
}

func TestEnvironment_LeavesOutWhatAContainerAloneHas(t *testing.T) {
	t.Parallel()
	got, err := environment([]corev1.EnvVar{
		{Name: "RUNTIME_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
		{Name: "TUF_ROOT", Value: "/tmp/.sigstore"},
		{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}}},
	}, "flux-system", secretOf(nil))
	if want := []string{"RUNTIME_NAMESPACE=flux-system", "TUF_ROOT=/tmp/.sigstore"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestEnvironment_HasTheKeyOfASecretOrTheContainerDoesNotStart(t *testing.T) {
	t.Parallel()
	vars := []corev1.EnvVar{{Name: "CF_API_TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: "cloudflare"}, Key: "token",
	}}}}
	got, err := environment(vars, "network", secretOf(map[string]string{"cloudflare/token": "a"}))
	if err != nil || !slices.Equal(got, []string{"CF_API_TOKEN=a"}) {
		t.Errorf("got %q, %v", got, err)
	}
	const want = `CF_API_TOKEN: secret network/cloudflare has nothing under "token"`
	if _, err := environment(vars, "network", secretOf(nil)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
