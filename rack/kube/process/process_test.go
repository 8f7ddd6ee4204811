package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) Command {
	t.Helper()
	return Command{
		Name: "script", Path: "/bin/sh", Args: []string{"-c", script},
		Log: filepath.Join(t.TempDir(), "logs", "script.log"), Grace: 200 * time.Millisecond,
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within 5 s: %s", what)
}

func TestProcess_IsStartedAgainAndItsDeathTold(t *testing.T) {
	exits := make(chan Exit, 10)
	p := Start(shell(t, "echo one; echo two; exit 3"), func(e Exit) { exits <- e })
	defer p.Stop()
	first, second := <-exits, <-exits
	if want := "script: exit status 3; the end of its log:\none\ntwo"; first.Error() != want {
		t.Errorf("first exit = %q, want %q", first.Error(), want)
	}
	if !strings.HasSuffix(second.Tail, "one\ntwo\none\ntwo") {
		t.Errorf("the log was not appended to: %q", second.Tail)
	}
	if p.Restarts() < 2 {
		t.Errorf("restarts = %d, want 2 or more", p.Restarts())
	}
}

func TestProcess_StopKillsTheWholeGroup(t *testing.T) {
	command := shell(t, `trap "" TERM; sleep 60 & echo $!; wait`)
	p := Start(command, nil)
	var child int
	eventually(t, "the child's id is logged", func() bool {
		out, _ := os.ReadFile(command.Log)
		child, _ = strconv.Atoi(strings.TrimSpace(string(out)))
		return child != 0
	})
	p.Stop()
	eventually(t, "the child is gone", func() bool { return syscall.Kill(child, 0) != nil || zombie(child) })
	if p.PID() != 0 || p.LastExit() != nil {
		t.Errorf("after Stop: pid %d, last exit %v", p.PID(), p.LastExit())
	}
}

func TestProcess_DiesWithItsParent(t *testing.T) {
	log := filepath.Join(t.TempDir(), "child.log")
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+log)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	eventually(t, "the child's id is logged", func() bool {
		out, _ := os.ReadFile(log)
		child, _ = strconv.Atoi(strings.TrimSpace(string(out)))
		return child != 0
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the child is gone", func() bool { return syscall.Kill(child, 0) != nil || zombie(child) })
}

// parentEnv makes this test binary the parent of a process that logs into the file it names.
const parentEnv = "PROCESS_TEST_PARENT"

func TestMain(m *testing.M) {
	if log := os.Getenv(parentEnv); log != "" {
		Start(Command{Name: "child", Path: "/bin/sh", Args: []string{"-c", "echo $$; exec sleep 60"}, Log: log}, nil)
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

// zombie tells a dead child that nobody has reaped yet, which is the case where pid 1 does not reap.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestProcess_InheritsNoEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.example")
	command := shell(t, `echo "proxy=$HTTPS_PROXY mine=$MINE"; sleep 60`)
	command.Env = []string{"MINE=yes"}
	p := Start(command, nil)
	defer p.Stop()
	eventually(t, "the environment is logged", func() bool { return Tail(command.Log, 1) == "proxy= mine=yes" })
}

func TestTail_SaysWhyThereIsNothing(t *testing.T) {
	if got := Tail(filepath.Join(t.TempDir(), "none.log"), 3); !strings.HasPrefix(got, "(no log: open ") {
		t.Errorf("Tail = %q", got)
	}
}
