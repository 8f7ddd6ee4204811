package programs

import (
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// mounting is a Deployment whose container mounts a ConfigMap, and something else.
func mounting(source corev1.ConfigMapVolumeSource, mount corev1.VolumeMount) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "operator"}}
	d.Spec.Template.Spec.Volumes = []corev1.Volume{
		{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &source}}, {Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
	mount.Name = "config"
	d.Spec.Template.Spec.Containers = []corev1.Container{{VolumeMounts: []corev1.VolumeMount{mount, {Name: "tmp", MountPath: "/tmp"}}}}
	return d
}

func settings(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "settings"}, Data: data}
}

func TestMount_GivesAProgramTheConfigMapsOfItsContainerAsFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	client := fake.NewClientset(settings(map[string]string{"debug": "true", "former": "x"}))
	p := &player{client: client}
	d := mounting(corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}, corev1.VolumeMount{MountPath: "/tmp/config/"})
	folders, err := p.mount(t.Context(), d, dir)
	if err != nil || len(folders) != 1 {
		t.Fatalf("got %v, %v", folders, err)
	}
	if got := moved("--config-dir=/tmp/config", folders); got != "--config-dir="+filepath.Join(dir, "mounts", "config") {
		t.Errorf("got %s", got)
	}
	if got, err := os.ReadFile(filepath.Join(folders[0].here, "debug")); err != nil || string(got) != "true" {
		t.Errorf("got %q, %v", got, err)
	}
	// What is no longer in the ConfigMap is not there when the program starts again.
	if _, err := client.CoreV1().ConfigMaps("kube-system").Update(t.Context(), settings(map[string]string{"debug": "false"}), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.mount(t.Context(), d, dir); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folders[0].here)
	if err != nil || len(files) != 1 || files[0].Name() != "debug" {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestMount_NamesFilesAsTheVolumeSays(t *testing.T) {
	t.Parallel()
	p := &player{client: fake.NewClientset(settings(map[string]string{"a": "1", "b": "2"}))}
	folders, err := p.mount(t.Context(), mounting(corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Items: []corev1.KeyToPath{{Key: "b", Path: "sub/c"}},
	}, corev1.VolumeMount{MountPath: "/etc/x"}), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folders[0].here, "sub", "c")); err != nil || string(got) != "2" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(folders[0].here, "a")); err == nil {
		t.Error("a key that the volume does not name is there")
	}
}

func TestMount_IsRefusedWhereAContainerWouldNotStart(t *testing.T) {
	t.Parallel()
	p := &player{client: fake.NewClientset()}
	source := corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}
	const missing = "volume config: configmap kube-system/settings is not there"
	if _, err := p.mount(t.Context(), mounting(source, corev1.VolumeMount{MountPath: "/etc/x"}), t.TempDir()); err == nil || err.Error() != missing {
		t.Errorf("got %v, want %s", err, missing)
	}
	const single = "volume config: a program has no single file of a ConfigMap; mount the whole of it"
	if _, err := p.mount(t.Context(), mounting(source, corev1.VolumeMount{MountPath: "/etc/x", SubPath: "y"}), t.TempDir()); err == nil || err.Error() != single {
		t.Errorf("got %v, want %s", err, single)
	}
	source.Optional = new(bool)
	*source.Optional = true
	if _, err := p.mount(t.Context(), mounting(source, corev1.VolumeMount{MountPath: "/etc/x"}), t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestMoved_ChangesPathsOfTheContainerAndNothingElse(t *testing.T) {
	t.Parallel()
	folders := []folder{{"/tmp/cilium/config-map", "/run/a"}, {"/tmp", "/run/b"}}
	for arg, want := range map[string]string{
		"--config-dir=/tmp/cilium/config-map": "--config-dir=/run/a", "/tmp/cilium/config-map/x": "/run/a/x", "--x=/tmp,y": "--x=/run/b,y",
		"--dir=/var/tmp": "--dir=/var/tmp", "--dir=/tmpfs": "--dir=/tmpfs", "--config-dir=/tmp/cilium/config-mapped": "--config-dir=/run/b/cilium/config-mapped",
	} {
		if got := moved(arg, folders); got != want {
			t.Errorf("%s: got %s, want %s", arg, got, want)
		}
	}
}
