package programs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// folder is where a path of the container is on this machine.
type folder struct{ path, here string }

// mount writes the ConfigMaps that the Deployment's first container mounts into folders below the program's own, as they are now. As
// with a kubelet, a container whose ConfigMap is missing does not start, unless it says that it can do without. Volumes of other kinds
// are left out.
func (p *player) mount(ctx context.Context, d *appsv1.Deployment, dir string) ([]folder, error) {
	pod := &d.Spec.Template.Spec
	var folders []folder
	for _, mount := range pod.Containers[0].VolumeMounts {
		i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if i < 0 || pod.Volumes[i].ConfigMap == nil {
			continue
		}
		if mount.SubPath != "" || mount.SubPathExpr != "" {
			return nil, fmt.Errorf("volume %s: a program has no single file of a ConfigMap; mount the whole of it", mount.Name)
		}
		here, err := filepath.Abs(filepath.Join(dir, "mounts", mount.Name))
		if err != nil {
			return nil, err
		}
		if err := p.write(ctx, d.Namespace, pod.Volumes[i].ConfigMap, here); err != nil {
			return nil, fmt.Errorf("volume %s: %w", mount.Name, err)
		}
		folders = append(folders, folder{filepath.Clean(mount.MountPath), here})
	}
	// Of two paths of which one is in the other, the longer one is meant first.
	slices.SortFunc(folders, func(a, b folder) int { return len(b.path) - len(a.path) })
	return folders, nil
}

func (p *player) write(ctx context.Context, namespace string, source *corev1.ConfigMapVolumeSource, here string) error {
	held, err := p.configMap(ctx, namespace, source.Name)
	if err != nil {
		return err
	}
	if held == nil && (source.Optional == nil || !*source.Optional) {
		return fmt.Errorf("configmap %s/%s is not there", namespace, source.Name)
	}
	files := map[string]string{}
	for key := range held {
		files[key] = key
	}
	if len(source.Items) > 0 {
		files = map[string]string{}
		for _, item := range source.Items {
			files[item.Path] = item.Key
		}
	}
	if err := errors.Join(os.RemoveAll(here), os.MkdirAll(here, 0o755)); err != nil {
		return err
	}
	for file, key := range files {
		path := filepath.Join(here, filepath.FromSlash(file))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(held[key]), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// moved is an argument in which paths of the container are those of this machine.
func moved(arg string, folders []folder) string {
	for _, f := range folders {
		whole := regexp.MustCompile(`(^|[=,:])` + regexp.QuoteMeta(f.path) + `(/|[,:]|$)`)
		if whole.MatchString(arg) {
			return whole.ReplaceAllString(arg, "${1}"+f.here+"${2}")
		}
	}
	return arg
}
