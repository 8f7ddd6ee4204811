package gitops

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestArguments_TheRoomHasTheLastWord(t *testing.T) {
	t.Parallel()
	got := arguments([]string{"--concurrent=10", "--enable-leader-election", "--storage-path=/data"}, programs["flux-operator"], "/run", "/manifests")
	want := []string{
		"--concurrent=10", "--enable-leader-election", "--storage-path=/data",
		"--enable-leader-election=false", "--metrics-addr=0", "--health-addr=0", "--web-server-port=0", "--storage-path=/manifests",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEnvironment_LeavesOutWhatAContainerAloneHas(t *testing.T) {
	t.Parallel()
	got := environment([]corev1.EnvVar{
		{Name: "RUNTIME_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
		{Name: "TUF_ROOT", Value: "/tmp/.sigstore"},
		{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}}},
	})
	if want := []string{"RUNTIME_NAMESPACE=flux-system", "TUF_ROOT=/tmp/.sigstore"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
