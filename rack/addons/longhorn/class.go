package longhorn

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The class that Longhorn makes itself, the chart's ConfigMap with its text, and the annotation by which the manager knows the text
// that it was made of (https://github.com/longhorn/longhorn-manager/blob/v1.11.3/controller/kubernetes_configmap_controller.go).
const (
	className     = "longhorn"
	classMap      = "longhorn-storageclass"
	classKey      = "storageclass.yaml"
	classMadeOf   = "longhorn.io/last-applied-configmap"
	classManifest = "storage.k8s.io/v1"
)

// class makes the class, and makes it anew where the text is another one or is not told: most of a class cannot be changed.
func (p *pass) class() error {
	text, ok := "", false
	if held := cluster.Find[corev1.ConfigMap](p.Cluster, cluster.ConfigMaps, p.namespace, classMap); held != nil {
		text, ok = held.Data[classKey]
	}
	if !ok {
		return nil
	}
	have := p.Get(cluster.StorageClasses, "", className)
	if have != nil && have.GetAnnotations()[classMadeOf] == text {
		return nil
	}
	var class storagev1.StorageClass
	if err := yaml.UnmarshalStrict([]byte(text), &class); err != nil {
		return fmt.Errorf("ConfigMap %s/%s: %s: %w", p.namespace, classMap, classKey, err)
	}
	if class.APIVersion != classManifest || class.Kind != "StorageClass" {
		return fmt.Errorf("ConfigMap %s/%s: %s: %s %s is no StorageClass", p.namespace, classMap, classKey, class.APIVersion, class.Kind)
	}
	metav1.SetMetaDataAnnotation(&class.ObjectMeta, classMadeOf, text)
	if have != nil {
		if err := p.Delete(p.ctx, cluster.StorageClasses, "", className); err != nil {
			return err
		}
	}
	return p.Apply(p.ctx, cluster.StorageClasses, class)
}
