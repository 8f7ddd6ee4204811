package golang_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/golang"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// host is the language host as the engine speaks to it, with what it printed.
type host struct {
	pulumirpc.LanguageRuntimeClient
	t      *testing.T
	output *output
}

// output takes what the host and its program print.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// engine answers the host's log lines.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mu    sync.Mutex
	lines []string
}

func (e *engine) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, req.GetMessage())
	return &emptypb.Empty{}, nil
}

func listen(t *testing.T, register func(*grpc.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func startHost(t *testing.T) (host, *engine) {
	t.Helper()
	log := &engine{}
	engineAddress := listen(t, func(s *grpc.Server) { pulumirpc.RegisterEngineServer(s, log) })

	printed := &output{}
	address := listen(t, func(s *grpc.Server) {
		pulumirpc.RegisterLanguageRuntimeServer(s, golang.New(context.Background(), &serve.Engine{}, printed, printed))
	})
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	h := host{pulumirpc.NewLanguageRuntimeClient(conn), t, printed}
	if _, err := h.Handshake(t.Context(), &pulumirpc.LanguageHandshakeRequest{EngineAddress: engineAddress}); err != nil {
		t.Fatal(err)
	}
	return h, log
}

// program is a directory with a program of its own, and a go.mod.
func program(t *testing.T, goMod string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "program", "main.go.txt"))
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	write(t, filepath.Join(directory, "main.go"), string(source))
	write(t, filepath.Join(directory, "go.mod"), "module example.com/program\n\ngo 1.24\n"+goMod)
	return directory
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func info(t *testing.T, directory string, options map[string]any) *pulumirpc.ProgramInfo {
	t.Helper()
	given, err := structpb.NewStruct(options)
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.ProgramInfo{RootDirectory: directory, ProgramDirectory: directory, EntryPoint: ".", Options: given}
}

func (h host) run(directory string, options map[string]any) (*pulumirpc.RunResponse, error) {
	h.t.Helper()
	return h.Run(h.t.Context(), &pulumirpc.RunRequest{
		Project: "home-ops", Stack: "home", Organization: "organization", Pwd: directory, DryRun: true, Parallel: 16,
		Config: map[string]string{"home-ops:cluster": "{}"}, ConfigSecretKeys: []string{"home-ops:token"},
		MonitorAddress: "127.0.0.1:1", Info: info(h.t, directory, options),
	})
}

func TestRun_TellsTheProgramWhereItRuns(t *testing.T) {
	h, log := startHost(t)
	directory := program(t, "")
	response, err := h.run(directory, nil)
	if err != nil || response.GetError() != "" || response.GetBail() {
		t.Fatalf("response %v, error %v\n%s", response, err, h.output)
	}
	for _, want := range []string{
		"PULUMI_ORGANIZATION=organization\n", "PULUMI_PROJECT=home-ops\n", "PULUMI_STACK=home\n",
		"PULUMI_ROOT_DIRECTORY=" + directory + "\n", `PULUMI_CONFIG={"home-ops:cluster":"{}"}` + "\n",
		`PULUMI_CONFIG_SECRET_KEYS=["home-ops:token"]` + "\n", "PULUMI_DRY_RUN=true\n", "PULUMI_PARALLEL=16\n",
		"PULUMI_MONITOR=127.0.0.1:1\n",
	} {
		if !strings.Contains(h.output.String(), want) {
			t.Errorf("the program did not see %q:\n%s", want, h.output)
		}
	}
	if strings.Contains(h.output.String(), "no engine") {
		t.Error("the program does not know the engine")
	}
	if want := []string{"Compiling the program ...", "Finished compiling"}; !slices.Equal(log.lines, want) {
		t.Errorf("the engine was told %q, want %q", log.lines, want)
	}
}

func TestRun_NeverRunsAStaleProgram(t *testing.T) {
	h, _ := startHost(t)
	directory := program(t, "")
	options := map[string]any{"buildTarget": "out/bin/program"}
	for _, version := range []string{"VERSION 1", "VERSION 2"} {
		source, err := os.ReadFile(filepath.Join(directory, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(directory, "main.go"), strings.ReplaceAll(string(source), "VERSION 1", version))
		if _, err := h.run(directory, options); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(h.output.String(), version) {
			t.Errorf("%s did not run:\n%s", version, h.output)
		}
	}
	if _, err := os.Stat(filepath.Join(directory, "out", "bin", "program")); err != nil {
		t.Errorf("the program is not at its build target: %v", err)
	}
}

func TestRun_ShowsWhatDoesNotCompile(t *testing.T) {
	h, _ := startHost(t)
	directory := program(t, "")
	write(t, filepath.Join(directory, "broken.go"), "package main\n\nfunc broken() { return 1 }\n")
	_, err := h.run(directory, nil)
	if err == nil || !strings.Contains(err.Error(), "error in compiling Go: unable to run `go build`") {
		t.Errorf("error is %v", err)
	}
	if !strings.Contains(h.output.String(), "broken.go:3") {
		t.Errorf("the compiler's own words are missing:\n%s", h.output)
	}
}

func TestRun_TellsHowTheProgramEnded(t *testing.T) {
	h, _ := startHost(t)
	directory := program(t, "")
	for code, want := range map[string]*pulumirpc.RunResponse{
		"0":  {},
		"3":  {Error: "program exited with non-zero exit code: 3"},
		"32": {Bail: true}, // the program told the engine itself
	} {
		t.Setenv("TEST_EXIT", code)
		response, err := h.run(directory, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.GetError() != want.GetError() || response.GetBail() != want.GetBail() {
			t.Errorf("exit code %s is %v, want %v", code, response, want)
		}
	}
}

func TestRun_OfABinaryBuildsNothing(t *testing.T) {
	h, log := startHost(t)
	directory := t.TempDir()
	write(t, filepath.Join(directory, "program"), "#!/bin/sh\necho ran as it is\n")
	if err := os.Chmod(filepath.Join(directory, "program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := h.run(directory, map[string]any{"binary": filepath.Join(directory, "program")}); err != nil {
		t.Fatal(err)
	}
	if got := h.output.String(); got != "ran as it is\n" || len(log.lines) > 0 {
		t.Errorf("printed %q, told the engine %q", got, log.lines)
	}
}

func TestRun_RefusesOptionsThatMakeNoSense(t *testing.T) {
	h, _ := startHost(t)
	directory := program(t, "")
	for want, options := range map[string]map[string]any{
		"binary and buildTarget cannot both be specified": {"binary": "a", "buildTarget": "b"},
		"buildTarget option must be a string":             {"buildTarget": true},
		"unable to find 'nowhere-to-be-found' executable": {"binary": "nowhere-to-be-found"},
	} {
		if _, err := h.run(directory, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestCancel_InterruptsTheProgram(t *testing.T) {
	h, _ := startHost(t)
	directory := program(t, "")
	t.Setenv("TEST_WAIT", "yes")
	ended := make(chan error, 1)
	go func() {
		_, err := h.run(directory, nil)
		ended <- err
	}()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(h.output.String(), "WAITING"); {
		if time.Now().After(deadline) {
			t.Fatal("the program did not start")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := h.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the program goes on")
	}
	if !strings.Contains(h.output.String(), "INTERRUPTED") {
		t.Errorf("the program was not interrupted:\n%s", h.output)
	}
}

func TestGetRequiredPackages_FindsTheProvidersAmongTheModules(t *testing.T) {
	h, _ := startHost(t)
	library := t.TempDir()
	for path, content := range map[string]string{
		"named/go.mod":                "module github.com/pulumi/pulumi-kubernetes/sdk/v4\n",
		"named/go/pulumi-plugin.json": `{"resource": true, "name": "kubernetes", "version": "4.30.0"}`,
		"unnamed/go.mod":              "module github.com/pulumiverse/pulumi-talos/sdk\n",
		"unnamed/pulumi-plugin.json":  `{"resource": true, "server": "github://api.github.com/pulumiverse"}`,
		"library/go.mod":              "module example.com/library\n",
	} {
		write(t, filepath.Join(library, path), content)
	}
	directory := program(t, `
require (
	github.com/pulumi/pulumi-kubernetes/sdk/v4 v4.24.1
	github.com/pulumiverse/pulumi-talos/sdk v0.7.2-0.20260101000000-abcdefabcdef
	example.com/library v1.0.0
)

replace (
	github.com/pulumi/pulumi-kubernetes/sdk/v4 => `+library+`/named
	github.com/pulumiverse/pulumi-talos/sdk => `+library+`/unnamed
	example.com/library => `+library+`/library
)
`)
	response, err := h.GetRequiredPackages(t.Context(), &pulumirpc.GetRequiredPackagesRequest{Info: info(t, directory, nil)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range response.GetPackages() {
		got = append(got, strings.Join([]string{found.GetKind(), found.GetName(), found.GetVersion(), found.GetServer()}, " "))
	}
	slices.Sort(got)
	want := []string{"resource kubernetes 4.30.0 ", "resource talos v0.7.1 github://api.github.com/pulumiverse"}
	if !slices.Equal(got, want) {
		t.Errorf("packages are %q, want %q", got, want)
	}

	dependencies, err := h.GetProgramDependencies(t.Context(), &pulumirpc.GetProgramDependenciesRequest{Info: info(t, directory, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(dependencies.GetDependencies()); got != 3 {
		t.Errorf("%d dependencies, want 3", got)
	}
}

func TestAbout_NamesTheCompiler(t *testing.T) {
	h, _ := startHost(t)
	about, err := h.About(t.Context(), &pulumirpc.AboutRequest{})
	if err != nil || !strings.HasPrefix(about.GetVersion(), "go version go1.") {
		t.Errorf("about is %v, error %v", about, err)
	}
}
