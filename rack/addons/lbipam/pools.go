package lbipam

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The conditions of a pool. The numbers are told in the message.
const (
	poolConflict   = "cilium.io/PoolConflict"
	poolsTotal     = "cilium.io/IPsTotal"
	poolsAvailable = "cilium.io/IPsAvailable"
	poolsUsed      = "cilium.io/IPsUsed"
)

// settleConflicts turns a pool off that overlaps with an older one, or with itself, and says so in its status. The pools come
// oldest first.
func settleConflicts(pools []*pool, ranges map[*pool][]*addresses) {
	var settled []*addresses
	for _, p := range pools {
		mine, other := conflict(ranges[p], settled)
		if mine == nil {
			setCondition(p, poolConflict, metav1.ConditionFalse, "resolved", "")
			settled = append(settled, ranges[p]...)
			continue
		}
		setCondition(p, poolConflict, metav1.ConditionTrue, "cidr_overlap",
			fmt.Sprintf("Pool conflicts since range '%s' overlaps range '%s' from IP Pool '%s'", mine, other, other.pool.Name))
		for _, r := range ranges[p] {
			r.off = true
		}
	}
}

// conflict is a range of a pool and one that it overlaps with: of the pool itself, or else of those that are settled.
func conflict(mine, settled []*addresses) (*addresses, *addresses) {
	for i, r := range mine {
		for k, other := range mine {
			if i != k && r.overlaps(other) {
				return r, other
			}
		}
	}
	for _, r := range mine {
		for _, other := range settled {
			if r.overlaps(other) {
				return r, other
			}
		}
	}
	return nil, nil
}

// count writes down how many of the pool's addresses there are, and how many somebody has.
func count(p *pool, ranges []*addresses, taken map[netip.Addr][]*request) {
	total, used := new(big.Int), 0
	for _, r := range ranges {
		total.Add(total, r.size())
		used += len(r.reserved)
		for address := range taken {
			if r.contains(address) {
				used++
			}
		}
	}
	available := new(big.Int).Sub(total, big.NewInt(int64(used)))
	setCondition(p, poolsTotal, metav1.ConditionUnknown, "noreason", total.String())
	setCondition(p, poolsAvailable, metav1.ConditionUnknown, "noreason", available.String())
	setCondition(p, poolsUsed, metav1.ConditionUnknown, "noreason", strconv.Itoa(used))
}

func setCondition(p *pool, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&p.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, ObservedGeneration: p.Generation, Reason: reason, Message: message,
	})
}
