package golang

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// interruptGrace is how long an interrupted program may take to end before it is killed.
const interruptGrace = 5 * time.Second

// Run compiles the program, unless the project names a binary, and runs it to its end.
func (h *Host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if h.engine.Address() == "" {
		return nil, errors.New("when debugging or running explicitly, must call Handshake before Run")
	}
	if req.GetAttachDebugger() {
		return nil, serve.Unimplemented("Go language host", "attaching a debugger")
	}
	chosen, err := parseOptions(req.GetInfo())
	if err != nil {
		return nil, err
	}
	environment, err := h.environment(req)
	if err != nil {
		return nil, fmt.Errorf("prepare the program's environment: %w", err)
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ended, cancel)()

	if chosen.binary != "" {
		program, err := exec.LookPath(chosen.binary)
		if err != nil && !errors.Is(err, exec.ErrDot) {
			return nil, fmt.Errorf("unable to find '%s' executable: %w", chosen.binary, err)
		}
		return h.execute(ctx, program, req.GetPwd(), environment), nil
	}

	program, err := h.build(ctx, req.GetInfo().GetProgramDirectory(), chosen.buildTarget)
	if err != nil {
		return nil, err
	}
	if chosen.buildTarget == "" {
		defer func() { _ = os.Remove(program) }()
	}
	return h.execute(ctx, program, req.GetPwd(), environment), nil
}

// execute runs the program. What it printed went to the engine already; the response tells how it ended.
func (h *Host) execute(ctx context.Context, program, directory string, environment []string) *pulumirpc.RunResponse {
	command := exec.CommandContext(ctx, program)
	command.Dir, command.Env = directory, environment
	command.Stdout, command.Stderr = h.Stdout, h.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace

	err := command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("command errored unexpectedly: %v", err)}
	case exit.ExitCode() == constant.ExitStatusLoggedError:
		// The program told the engine its error itself.
		return &pulumirpc.RunResponse{Bail: true}
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("program exited with non-zero exit code: %d", exit.ExitCode())}
	}
}

// environment is the process's own environment with what tells a program where it runs.
func (h *Host) environment(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, err
	}
	if req.GetConfig() == nil {
		config = nil
	}
	secretKeys := req.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	secrets, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, err
	}

	environment := os.Environ()
	for _, variable := range []struct{ name, value string }{
		{pulumi.EnvOrganization, req.GetOrganization()},
		{pulumi.EnvProject, req.GetProject()},
		{pulumi.EnvPulumiRootDirectory, req.GetInfo().GetRootDirectory()},
		{pulumi.EnvStack, req.GetStack()},
		{pulumi.EnvConfig, string(config)},
		{pulumi.EnvConfigSecretKeys, string(secrets)},
		{pulumi.EnvDryRun, strconv.FormatBool(req.GetDryRun())},
		{pulumi.EnvParallel, strconv.Itoa(int(req.GetParallel()))},
		{pulumi.EnvMonitor, req.GetMonitorAddress()},
		{pulumi.EnvEngine, h.engine.Address()},
	} {
		if variable.value != "" {
			environment = append(environment, variable.name+"="+variable.value)
		}
	}
	return environment, nil
}
