package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Command is the program that Seal runs inside the room.
type Command struct {
	Path           string
	Args           []string
	Env            []string
	Stdout, Stderr io.Writer
	// Started is told the arguments with which nsenter finds the room, once it is there.
	Started func(nsenter string)
	// Grace is how long the program may take to end after the context does; then it is killed, and everything in
	// the room with it.
	Grace time.Duration
}

// ErrNoNamespaces says that the kernel or its settings refuse the namespaces a rehearsal needs.
var ErrNoNamespaces = errors.New("this machine does not let us make network namespaces")

// Seal runs the program in namespaces of its own and waits for it. As root the user namespace is left out where the
// machine refuses it; anybody else becomes root inside the room only.
func Seal(ctx context.Context, c Command) error {
	// Pdeathsig is tied to the thread that started the child, so that thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var refused error
	for _, withUser := range namespacesToTry() {
		cmd := c.exec(withUser)
		err := cmd.Start()
		if err == nil {
			if c.Started != nil {
				c.Started(nsenter(cmd.Process.Pid, withUser))
			}
			return wait(ctx, cmd, c.Grace)
		}
		if !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("%s in a sealed room: %w", c.Path, err)
		}
		refused = err
	}
	return fmt.Errorf("%w (%w): %s", ErrNoNamespaces, refused, remedy())
}

func namespacesToTry() []bool {
	if os.Geteuid() == 0 {
		return []bool{false, true}
	}
	return []bool{true}
}

func (c Command) exec(withUser bool) *exec.Cmd {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.Env, c.Stdout, c.Stderr
	attr := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		// A killed launcher takes the room with it: the child is the init of its process namespace.
		Pdeathsig: syscall.SIGKILL,
		// Ctrl-C reaches the launcher only; it tells the room in its own words.
		Setpgid: true,
	}
	if withUser {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	return cmd
}

func nsenter(pid int, withUser bool) string {
	if withUser {
		return fmt.Sprintf("--target %d --user --preserve-credentials", pid)
	}
	return fmt.Sprintf("--target %d", pid)
}

func wait(ctx context.Context, cmd *exec.Cmd, grace time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// The room is told once, then it is taken down.
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-done:
		// One that had nothing left to do ends well.
		if err == nil {
			return nil
		}
		return errors.Join(context.Cause(ctx), err)
	case <-time.After(grace):
		_ = cmd.Process.Kill()
		<-done
		return context.Cause(ctx)
	}
}

// remedy names the setting that usually stands in the way.
func remedy() string {
	for _, knob := range []struct{ path, bad, cure string }{
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "run as root, or `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "run as root, or `sudo sysctl kernel.unprivileged_userns_clone=1`"},
		{"/proc/sys/user/max_user_namespaces", "0", "run as root, or `sudo sysctl user.max_user_namespaces=15000`"},
	} {
		if value, err := os.ReadFile(knob.path); err == nil && trim(value) == knob.bad {
			return knob.cure
		}
	}
	if os.Geteuid() == 0 {
		return "inside a container, start it with --privileged or --cap-add SYS_ADMIN and an unconfined seccomp profile"
	}
	return "run as root, or allow unprivileged user namespaces"
}

func trim(b []byte) string {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return string(b)
}
