// Package golang is a stand-in for pulumi-language-go v3.250.0, the language host that compiles and runs Pulumi
// programs written in Go. A real Pulumi installation carries the genuine one.
package golang

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Version is the version of the genuine host that this one stands in for.
const Version = "3.250.0"

// Host is the language host's gRPC service.
type Host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	// Stdout and Stderr take the output of the compiler and of the program. The engine reads them as the plugin's.
	Stdout, Stderr io.Writer

	engine *serve.Engine
	// ended is the context of the program that runs; Cancel ends it.
	ended  context.Context
	cancel context.CancelFunc
}

// New makes the service; a program that it runs ends with the context.
func New(ctx context.Context, engine *serve.Engine, stdout, stderr io.Writer) *Host {
	ctx, cancel := context.WithCancel(ctx)
	return &Host{engine: engine, Stdout: stdout, Stderr: stderr, ended: ctx, cancel: cancel}
}

// Plugin is the language host as a process serves it.
func Plugin() serve.Plugin {
	return serve.Plugin{
		Name: "Go language host",
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			pulumirpc.RegisterLanguageRuntimeServer(server, New(ctx, engine, os.Stdout, os.Stderr))
		},
	}
}

// Handshake connects to the engine that started the host.
func (h *Host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, h.engine.Connect(req.GetEngineAddress())
}

// GetPluginInfo tells the host's version.
func (h *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// Cancel interrupts the program that runs.
func (h *Host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

// RuntimeOptionsPrompts has none: nothing about Go is asked when a project is made.
func (h *Host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Template has nothing to add to a new project.
func (h *Host) Template(context.Context, *pulumirpc.TemplateRequest) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}

// About tells which Go compiles the programs.
func (h *Host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	compiler, err := goCommand()
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, compiler, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("go version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: compiler, Version: strings.TrimSpace(string(out))}, nil
}

// goCommand finds the go command.
func goCommand() (string, error) {
	compiler, err := exec.LookPath("go")
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("find the go command: %w; install Go or add it to PATH", err)
	}
	return compiler, nil
}
