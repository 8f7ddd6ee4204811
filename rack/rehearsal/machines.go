package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/spec"
)

// addNode boots a machine, writes it into the stack file and runs `up`.
func addNode(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		return r.phase("add", "pulumi up with a node more", func() error { return r.join(ctx, c, written, "a node more") })
	})
}

// removeNode takes a node out of the stack file, first too many at once and then one.
func removeNode(ctx context.Context, r *rehearsal) error {
	m, err := r.withSpare(ctx)
	if err != nil {
		return err
	}
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		if err := r.refusesToLoseQuorum(ctx); err != nil {
			return err
		}
		return r.phase("remove", "pulumi up with a node less", func() error { return r.leave(ctx, c, "a node less", m) })
	})
}

// renameNode tries to rename a node, which is refused, and then goes the way that the refusal names.
func renameNode(ctx context.Context, r *rehearsal) error {
	return r.again(ctx, "another name", func(line map[string]any) { line["name"] = spareName + "-renamed" },
		"is the machine that was "+spareName)
}

// readdress tries to give a node another address, which is refused, and then goes the way that the refusal names. Then it
// moves the VIP.
func readdress(ctx context.Context, r *rehearsal) error {
	another := func(line map[string]any) { r.place(line, 1) }
	return r.again(ctx, "another address", another, "answers at "+r.places[0][0].String(), r.moveVIP)
}

// again changes of a node what a machine keeps for as long as it is installed, and does more after it.
func (r *rehearsal) again(
	ctx context.Context, what string, change func(line map[string]any), says string, more ...func(context.Context, *cluster) error,
) error {
	m, err := r.withSpare(ctx)
	if err != nil {
		return err
	}
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		err := r.refused(ctx, what+" for a machine that is installed is refused", nodeWith(spareName, change), says)
		if err != nil {
			return err
		}
		err = r.phase("remove", "pulumi up without the node", func() error { return r.leave(ctx, c, "it leaves", m) })
		if err != nil {
			return err
		}
		err = r.phase("add", "pulumi up with the node under "+what, func() error {
			return r.returns(ctx, c, written, m, what, change)
		})
		for _, step := range more {
			if err == nil {
				err = step(ctx, c)
			}
		}
		return err
	})
}

// replaceNode has a machine die, and another one of the same kind take its place, for each role that the cluster can
// spare one of.
func replaceNode(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, written marks) error {
		for _, m := range r.toReplace() {
			err := r.phase("replace", "pulumi up with another machine in the place of "+m.spec.Name, func() error {
				return r.replace(ctx, c, written, m)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// lockout gives a node a network in which it is not reached, and takes that back.
func lockout(ctx context.Context, r *rehearsal) error {
	m := r.rack.nodes[len(r.rack.nodes)-1]
	return r.inUse(ctx, leastWrites, func(c *cluster, _ marks) error {
		before, err := os.ReadFile(r.file.Copy)
		if err != nil {
			return fmt.Errorf("stack file: %w", err)
		}
		err = r.phase("lockout", "pulumi up with a network that cuts "+m.spec.Name+" off", func() error { return r.lockOut(ctx, c, m) })
		if err != nil {
			return err
		}
		return r.restore(before)
	})
}

// withSpare gives the stack the spare node before there is a cluster, and wipes machines that leave it.
func (r *rehearsal) withSpare(ctx context.Context) (*machine, error) {
	line, err := r.spare()
	if err != nil {
		return nil, err
	}
	m, err := r.plugInSpare(ctx, line)
	if err != nil {
		return nil, err
	}
	return m, r.edit(clusterKey("resetOnDestroy", true))
}

// join has a machine join the cluster.
func (r *rehearsal) join(ctx context.Context, c *cluster, written marks, name string) error {
	line, err := r.spare()
	if err != nil {
		return err
	}
	m, err := r.plugInSpare(ctx, line)
	if err != nil {
		return err
	}
	return r.joined(ctx, c, written, name, m)
}

func (r *rehearsal) joined(ctx context.Context, c *cluster, written marks, name string, m *machine) error {
	written.wiped[m.spec.Address] = true
	did, err := r.act(ctx, c, name, func() error {
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, m.spec.Name+" belongs to the cluster", err)
	r.alone(did, m.spec.Name)
	r.answers(did, true)
	return err
}

// leave has a node leave the cluster; its machine ends in maintenance mode.
func (r *rehearsal) leave(ctx context.Context, c *cluster, name string, m *machine) error {
	if err := r.edit(nodeWith(m.spec.Name, nil)); err != nil {
		return err
	}
	did, err := r.act(ctx, c, name, func() error {
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
		if err := m.WaitFor(ctx, node.Maintenance); err != nil {
			return err
		}
		r.forget(m)
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, m.spec.Name+" has left etcd and the cluster, and is wiped", err)
	r.alone(did, m.spec.Name)
	r.answers(did, true)
	return err
}

// returns has the machine of a node that has left come back with a changed line.
func (r *rehearsal) returns(
	ctx context.Context, c *cluster, written marks, m *machine, name string, change func(line map[string]any),
) error {
	line, err := r.spare()
	if err != nil {
		return err
	}
	change(line)
	if err := r.edit(withNode(line)); err != nil {
		return err
	}
	is := r.stack.Nodes[len(r.stack.Nodes)-1]
	if m, err = r.move(ctx, m, is); err != nil {
		return err
	}
	r.rack.nodes = append(r.rack.nodes, m)
	return r.joined(ctx, c, written, name, m)
}

// toReplace are a worker, where there is one, and a control plane, where etcd bears the loss of one.
func (r *rehearsal) toReplace() []*machine {
	all := r.toReset()
	if len(r.stack.ControlPlanes()) >= 3 {
		return all
	}
	return slices.DeleteFunc(all, func(m *machine) bool { return m.spec.IsControlPlane() })
}

func (r *rehearsal) replace(ctx context.Context, c *cluster, written marks, dead *machine) error {
	written.wiped[dead.spec.Address], written.exchanged[dead.spec.Name] = true, true
	name := "another machine as " + dead.spec.Name
	did, err := r.act(ctx, c, name, func() error {
		osds, err := osdsOf(ctx, c, dead.spec.Name)
		if err != nil {
			return err
		}
		if err := r.rack.exchange(ctx, r.stack, dead); err != nil {
			return err
		}
		for _, osd := range osds {
			if err := r.cephAsWritten(ctx, osdOut, c, ofOSD(osd)); err != nil {
				return err
			}
		}
		if err := r.upStoringAnew(ctx, c, dead); err != nil {
			return err
		}
		if err := within(ctx, comesBack, r.observe); err != nil {
			return err
		}
		for _, osd := range osds {
			if err := r.purgeAsWritten(ctx, c, osd); err != nil {
				return err
			}
		}
		return nil
	})
	r.came(did, dead.spec.Name+" belongs to the cluster", err)
	r.alone(did, dead.spec.Name)
	// The VIP may have been on the dead one.
	r.answers(did, true)
	return err
}

// lockOut mistypes a node's hardware address, and switches off the link that is there, which DHCP would else give the same
// address. The machine goes back to its former network by itself.
func (r *rehearsal) lockOut(ctx context.Context, c *cluster, m *machine) error {
	link := m.hardware.Links[0].Name
	err := r.edit(nodeWith(m.spec.Name, func(line map[string]any) {
		line["mac"] = "52:54:00:5a:4e:99"
		line["patches"] = []any{map[string]any{"machine": map[string]any{"network": map[string]any{
			"interfaces": []any{map[string]any{"interface": link, "ignore": true}},
		}}}}
	}))
	if err != nil {
		return err
	}
	did, err := r.act(ctx, c, "a network that cuts "+m.spec.Name+" off", func() error {
		_, err := r.fails(ctx, fault{
			name: "the roll stops, and says that " + m.spec.Name + " was not reached", strike: func() {},
			says: []string{"with its new network it was not reached any more"},
		}, r.cli.Up)
		if err != nil {
			return err
		}
		return within(ctx, comesBack, func(context.Context) error {
			if s := m.State(); s != node.Running {
				return fmt.Errorf("%s is %s", m.spec.Name, s)
			}
			return nil
		})
	})
	r.foundBack(did, m, err)
	m.Acknowledge()
	r.alone(did, m.spec.Name)
	r.answers(did, len(r.stack.ControlPlanes()) >= 3 || !m.spec.IsControlPlane())
	return err
}

// foundBack is whether a machine is back that was cut off; err says why it may not be.
func (r *rehearsal) foundBack(did report.Step, m *machine, err error) {
	if err == nil && m.Err() == nil {
		err = errors.New("it was never without an address, so nothing was tried")
	}
	r.came(did, m.spec.Name+" is back", err)
}

// refusesToLoseQuorum tries to take away more control planes at once than etcd can lose.
func (r *rehearsal) refusesToLoseQuorum(ctx context.Context) error {
	planes := r.stack.ControlPlanes()
	if len(planes) < 3 {
		return nil
	}
	return r.refused(ctx, "more control planes at once than etcd can lose are refused", func(config map[string]any) error {
		var errs []error
		for _, plane := range planes[1:3] {
			errs = append(errs, nodeWith(plane.Name, nil)(config))
		}
		return errors.Join(errs...)
	}, "would lose its quorum")
}

// refused previews a change that must be refused with a text, and takes it back.
func (r *rehearsal) refused(ctx context.Context, name string, edit func(config map[string]any) error, says string) error {
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if err := r.edit(edit); err != nil {
		return err
	}
	_, err = r.fails(ctx, fault{name: name, strike: func() {}, says: []string{says}}, r.cli.Preview)
	return errors.Join(err, r.restore(before))
}

// restore puts the stack file back to what it was.
func (r *rehearsal) restore(text []byte) error {
	if err := os.WriteFile(r.file.Copy, text, 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	stack, problems := spec.Load(r.stack.Name, text)
	if err := problems.Err(); err != nil {
		return err
	}
	r.adopt(stack)
	return nil
}
