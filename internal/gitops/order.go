package gitops

import (
	"fmt"
	"strings"
)

// CheckOrder reports Kustomizations that wait for one that is not there, or in a circle
// for themselves: Flux would wait for ever.
func (c *Cluster) CheckOrder() []error {
	byKey := map[string]*Kustomization{}
	for _, k := range c.Kustomizations {
		byKey[k.Key()] = k
	}
	var problems []error
	for _, k := range c.Kustomizations {
		for _, d := range k.Dependencies() {
			if byKey[d] == nil {
				problems = append(problems, fmt.Errorf("Kustomization %s: dependsOn %s, which %s does not have; add it or do not wait for it",
					k.Key(), d, c.folder()))
			}
		}
	}
	done := map[string]bool{}
	for _, k := range c.Kustomizations {
		if circle := circleFrom(k, byKey, done, nil); circle != nil {
			problems = append(problems, fmt.Errorf("Kustomization %s: it waits for itself: %s; take one dependsOn away",
				circle[0], strings.Join(circle, " → ")))
		}
	}
	return problems
}

// circleFrom follows dependsOn from k and returns the first way that ends where it began.
func circleFrom(k *Kustomization, byKey map[string]*Kustomization, done map[string]bool, way []string) []string {
	for i, key := range way {
		if key == k.Key() {
			for _, member := range way[i:] {
				done[member] = true
			}
			return append(way[i:len(way):len(way)], k.Key())
		}
	}
	if done[k.Key()] {
		return nil
	}
	for _, d := range k.Dependencies() {
		if next := byKey[d]; next != nil {
			if circle := circleFrom(next, byKey, done, append(way, k.Key())); circle != nil {
				return circle
			}
		}
	}
	done[k.Key()] = true
	return nil
}
