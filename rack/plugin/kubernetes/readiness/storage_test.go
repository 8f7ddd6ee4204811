package readiness

import (
	"fmt"
	"testing"
)

func TestPersistentVolumeClaim(t *testing.T) {
	claim := func(phase string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, namespace: n}, spec: {storageClassName: block}, status: {phase: %s}}`, phase)
	}
	class := func(mode string) world {
		return world{"StorageClass/block": object(t, fmt.Sprintf(`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: block}, volumeBindingMode: %s}`, mode))}
	}
	for name, test := range map[string]struct {
		verdictTest
		beside world
	}{
		"bound":                       {verdictTest{object: claim("Bound"), ready: true}, class("Immediate")},
		"pending":                     {verdictTest{object: claim("Pending"), status: "PersistentVolumeClaim is Pending"}, class("Immediate")},
		"pending until a pod uses it": {verdictTest{object: claim("Pending"), ready: true}, class("WaitForFirstConsumer")},
		"of no class":                 {verdictTest{object: claim("Pending"), status: "PersistentVolumeClaim is Pending"}, nil},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, test.beside) })
	}
}

func TestPersistentVolumeClaim_ThatWasBoundBeforeTheUpdateStaysReady(t *testing.T) {
	bound := object(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {storageClassName: late}, status: {phase: Bound}}`)
	rule, _ := For(bound)
	verdict, err := rule.Judge(t.Context(), View{Object: bound, Before: bound, Get: world{}.get})
	if err != nil || !verdict.Ready {
		t.Errorf("ready is %t, error %v", verdict.Ready, err)
	}
}

func TestOtherStorage(t *testing.T) {
	for name, test := range map[string]verdictTest{
		"an available volume":   {object: `{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, status: {phase: Available}}`, ready: true},
		"a volume that failed":  {object: `{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, status: {phase: Failed}}`, status: "PersistentVolume is Failed"},
		"a secret":              {object: `{apiVersion: v1, kind: Secret, metadata: {name: s}, type: Opaque}`, ready: true},
		"a token to be made":    {object: `{apiVersion: v1, kind: Secret, metadata: {name: s}, type: kubernetes.io/service-account-token}`, status: "Waiting for the token to be made"},
		"a token that was made": {object: `{apiVersion: v1, kind: Secret, metadata: {name: s}, type: kubernetes.io/service-account-token, data: {token: eA==}}`, ready: true},
		"an enforced quota":     {object: `{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {cpu: "1"}}, status: {hard: {cpu: "1"}}}`, ready: true},
		"a quota not enforced":  {object: `{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {cpu: "1"}}}`, status: "Waiting for the quota to be enforced"},
	} {
		t.Run(name, func(t *testing.T) { test.run(t, nil) })
	}
}
