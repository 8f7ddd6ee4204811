// Package process keeps programs running the way an init system does: each in a process group of its own, its output in a file,
// started again with growing pauses when it dies, and never outliving the program that started it.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// firstPause is the wait before a dead program is started again; it doubles up to lastPause.
	firstPause = 500 * time.Millisecond
	lastPause  = 10 * time.Second
	// settled is how long a program must have run for its next death to count as the first again.
	settled = 30 * time.Second
	// tailLines is how much of a dead program's log its Exit carries.
	tailLines = 15
)

// HostnameVariable is the environment variable that tells rack-kube its hostname.
const HostnameVariable = "RACK_HOSTNAME"

// Command is a program that is to be kept running.
type Command struct {
	// Name is what errors and logs call it.
	Name string
	// Path is the executable; Args come after it.
	Path string
	Args []string
	// Env is the whole environment, as KEY=VALUE; nothing is inherited, so that no proxy or cloud variable leaks into it.
	Env []string
	// Hostname is what the program's machine is called; empty leaves it this machine's. The program, which must be
	// rack-kube or the program of another release, gets a UTS namespace of its own and sets the name there: components tell each other apart by it.
	Hostname string
	// Log is the file that its output is appended to; its directory is made.
	Log string
	// Grace is how long Stop waits between SIGTERM and SIGKILL.
	Grace time.Duration
}

// Exit tells of a program that ended without being asked to.
type Exit struct {
	// Name is the command's.
	Name string
	// Err is how it ended.
	Err error
	// Tail is the end of its log.
	Tail string
}

func (e Exit) Error() string {
	return fmt.Sprintf("%s: %v; the end of its log:\n%s", e.Name, e.Err, e.Tail)
}

// Process is a running Command.
type Process struct {
	command Command
	onExit  func(Exit)
	stop    chan struct{}
	kill    chan struct{}
	done    chan struct{}
	once    sync.Once
	cut     sync.Once

	mu       sync.Mutex
	pid      int
	started  time.Time
	restarts int
	last     *Exit
}

// Start starts the command and keeps it running until Stop. The function onExit, if any, is called for each death that
// Stop did not cause.
func Start(command Command, onExit func(Exit)) *Process {
	p := &Process{command: command, onExit: onExit, stop: make(chan struct{}), kill: make(chan struct{}), done: make(chan struct{})}
	go p.supervise()
	return p
}

// Stop ends the program: SIGTERM, after the grace SIGKILL, to its whole group. It returns when it is gone.
func (p *Process) Stop() {
	p.once.Do(func() { close(p.stop) })
	<-p.done
}

// Kill ends the program as a power cut does: at once.
func (p *Process) Kill() {
	p.cut.Do(func() { close(p.kill) })
	p.Stop()
}

// PID is the process id, zero while the program is not running.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// StartedAt is when the running program was started; zero while it is not running.
func (p *Process) StartedAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

// Restarts counts how often the program had to be started again.
func (p *Process) Restarts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts
}

// LastExit is the last death that Stop did not cause, nil when there was none.
func (p *Process) LastExit() *Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *Process) supervise() {
	defer close(p.done)
	// The kernel sends Pdeathsig when the thread that forked ends, not the process (https://go.dev/issue/27505): this
	// goroutine keeps its thread, alive, for as long as it has a child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		begin := time.Now()
		err, stopped := p.runOnce()
		if stopped {
			return
		}
		if time.Since(begin) > settled {
			pause = firstPause
		}
		exit := Exit{Name: p.command.Name, Err: err, Tail: Tail(p.command.Log, tailLines)}
		p.mu.Lock()
		p.last = &exit
		p.restarts++
		p.mu.Unlock()
		if p.onExit != nil {
			p.onExit(exit)
		}
		select {
		case <-p.stop:
			return
		case <-time.After(pause):
		}
	}
}

// runOnce runs the program to its end; stopped says that the end was Stop's doing.
func (p *Process) runOnce() (err error, stopped bool) {
	if err := os.MkdirAll(filepath.Dir(p.command.Log), 0o755); err != nil {
		return err, false
	}
	log, err := os.OpenFile(p.command.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err, false
	}
	defer log.Close()

	cmd := exec.Command(p.command.Path, p.command.Args...)
	cmd.Env = p.command.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.command.Hostname != "" {
		cmd.Env = append(slices.Clone(cmd.Env), HostnameVariable+"="+p.command.Hostname)
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUTS
	}
	if err := cmd.Start(); err != nil {
		return err, false
	}
	p.setRunning(cmd.Process.Pid)
	defer p.setRunning(0)

	ended := make(chan struct{})
	go func() {
		err = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		if err == nil {
			err = errors.New("exit status 0")
		}
		return err, false
	case <-p.stop:
	}
	grace := p.command.Grace
	select {
	case <-p.kill:
		grace = 0
	default:
		signal(cmd.Process.Pid, syscall.SIGTERM)
	}
	select {
	case <-ended:
	case <-p.kill:
	case <-time.After(grace):
	}
	signal(cmd.Process.Pid, syscall.SIGKILL) // what is left of the group, too
	<-ended
	return nil, true
}

// signal reaches the whole group that the process leads.
func signal(pid int, sig syscall.Signal) {
	_ = syscall.Kill(-pid, sig) // ESRCH: it is gone, which is what was wanted
}

func (p *Process) setRunning(pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid, p.started = pid, time.Time{}
	if pid != 0 {
		p.started = time.Now()
	}
}
