package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// PowerOff cuts the power: nothing is stopped in order, and what was not on disk is lost. The machine stays off
// until PowerOn, also over a restart of the process.
func (n *Node) PowerOff() {
	n.flip(false)
	if s := n.current(); s != nil {
		s.powerCut(endPowerOff)
	}
}

// PowerOn switches a machine on that is off; it does nothing to one that is on.
func (n *Node) PowerOn() { n.flip(true) }

// Crash cuts the power for as long as a reboot takes: a kernel panic, or a watchdog that bites.
func (n *Node) Crash() {
	if s := n.current(); s != nil {
		s.powerCut(endReboot)
	}
}

// ResetAtConsole is the entry "Reset" of the boot menu of a machine that is off: STATE and EPHEMERAL are wiped, everything else stays,
// and the machine is in maintenance mode when it is switched on
// (https://www.talos.dev/v1.11/reference/kernel/#talosexperimentalwipe).
func (n *Node) ResetAtConsole() error {
	if on, _ := n.switchedOn(); on || n.current() != nil {
		return fmt.Errorf("node %s: its boot menu shows after it was off", n.opts.Name)
	}
	installed, ok, err := n.parts.installed()
	if err != nil || !ok {
		return errors.Join(err, fmt.Errorf("node %s: nothing is installed that has a boot menu", n.opts.Name))
	}
	return errors.Join(n.parts.wipeState(), n.parts.unmake(constants.StatePartitionLabel, installed.Version),
		n.parts.wipeEphemeral(), n.parts.unmake(constants.EphemeralPartitionLabel, installed.Version))
}

func (n *Node) flip(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.on == on {
		return
	}
	n.on = on
	close(n.flipped)
	n.flipped = make(chan struct{})
	if err := n.parts.setPoweredOff(!on); err != nil {
		n.log.Error("the power switch's position is not kept", "error", err)
	}
}

func (n *Node) switchedOn() (on bool, flipped <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.on && !n.systemless, n.flipped
}

// waitForPower blocks while the machine is off, or has nothing that it could boot from; it reports false when the context ended.
func (n *Node) waitForPower(ctx context.Context) bool {
	for ctx.Err() == nil {
		on, flipped := n.switchedOn()
		if on {
			return true
		}
		n.state.set(Off)
		select {
		case <-flipped:
		case <-ctx.Done():
		}
	}
	return false
}

// pause lets time pass in which nothing but the power switch works.
func (n *Node) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	on, flipped := n.switchedOn()
	if !on {
		return
	}
	select {
	case <-flipped:
	case <-timer.C:
	case <-ctx.Done():
	}
}
