package rehearsal

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// markerName is a ConfigMap that is written before a scenario, and must outlive it.
const markerName = "rehearsal-marker"

func (r *rehearsal) mark(ctx context.Context, c *cluster) error {
	_, err := c.client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: markerName}, Data: map[string]string{"written": "before"},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("marker: %w", err)
	}
	return nil
}

func (r *rehearsal) marked(ctx context.Context, c *cluster) error {
	return until(ctx, func(ctx context.Context) error {
		marker, err := c.client.CoreV1().ConfigMaps("default").Get(ctx, markerName, metav1.GetOptions{})
		if err == nil && marker.Data["written"] != "before" {
			err = fmt.Errorf("the marker says %v", marker.Data)
		}
		return err
	})
}
