package bgp

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// sealed marks the process that runs in namespaces of its own.
const sealed = "HOMEOPS_BGP_SEALED"

// daemons is where Debian puts FRR's daemons.
const daemons = "/usr/lib/frr"

// inNamespaces runs the test once more in user, network and mount namespaces of
// its own, where the stack's addresses can be used and no real network is in
// reach. It reports whether this is that run.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv(sealed) != "" {
		return true
	}
	if testing.Short() {
		t.Skip("takes a router and every node of each stack")
	}
	for _, needed := range []string{filepath.Join(daemons, "bgpd"), filepath.Join(daemons, "zebra")} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("FRR is not installed (apt-get install frr): %v", err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), sealed+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		t.Skipf("no namespaces of one's own on this machine: %v", err)
	}
	t.Logf("in namespaces of its own:\n%s", out)
	switch {
	case err != nil:
		t.Fail()
	case strings.Contains(string(out), "--- SKIP"):
		t.SkipNow()
	}
	return false
}

// beRoot makes root a member of the group that FRR's daemons insist on: the only
// user of the namespace is root.
func beRoot(t *testing.T) {
	t.Helper()
	groups := filepath.Join(t.TempDir(), "group")
	if err := os.WriteFile(groups, []byte("root:x:0:\nfrr:x:0:\nfrrvty:x:0:root\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(groups, "/etc/group", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
}

// command runs a program that must succeed.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// background starts a program that ends with the test.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}
