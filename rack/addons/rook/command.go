package rook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
)

// Command is Ceph's own command in a pod that has its key. The rack knows those that an owner of a dead disk types: osd out,
// osd safe-to-destroy and osd purge, each of one OSD, and osd tree. What it answers is short, and an error in Ceph's words.
func Command(ctx context.Context, client kubernetes.Interface, namespace string, words ...string) (answer string, err error) {
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		kept, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, mapName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		m, _, err := readMap(kept)
		if err != nil {
			return err
		}
		if answer, err = m.run(time.Now(), words); err != nil {
			return err
		}
		text, err := m.text()
		if err != nil || text == kept.Data[mapKey] {
			return err
		}
		kept.Data[mapKey] = text
		_, err = client.CoreV1().ConfigMaps(namespace).Update(ctx, kept, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ceph %s: %w", strings.Join(words, " "), err)
	}
	return answer, nil
}

// sure is what purge wants to hear.
const sure = "--yes-i-really-mean-it"

func (m *osdMap) run(now time.Time, words []string) (string, error) {
	if slices.Equal(words, []string{"osd", "tree"}) {
		var lines []string
		for _, o := range m.OSDs {
			is, weight := "up", "1.00000"
			if o.Down != "" {
				is = "down"
			}
			if o.Out != "" {
				weight = "0"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s", o.Host, o.called(), is, weight))
		}
		return strings.Join(lines, "\n"), nil
	}
	if len(words) < 3 || words[0] != "osd" {
		return "", errors.New("the rack's Ceph does not know that")
	}
	id, err := strconv.Atoi(strings.TrimPrefix(words[2], "osd."))
	if err != nil {
		return "", fmt.Errorf("invalid osd id %s", words[2])
	}
	switch words[1] {
	case "out":
		return fmt.Sprintf("marked out osd.%d.", id), m.out(now, id)
	case "safe-to-destroy":
		return fmt.Sprintf("OSD(s) %d are safe to destroy without reducing data durability.", id), m.safe(id)
	case "purge":
		if !slices.Contains(words, sure) {
			return "", fmt.Errorf("Error EPERM: Are you SURE? this will mean real, permanent data loss, as well as cephx and lockbox keys. Pass %s if you really do", sure) //nolint:staticcheck // Ceph's words
		}
		return fmt.Sprintf("purged osd.%d", id), m.purge(id)
	}
	return "", errors.New("the rack's Ceph does not know that")
}
