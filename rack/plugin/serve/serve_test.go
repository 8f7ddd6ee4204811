package serve_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// role makes the test binary play the engine's part or the plugin's.
const role = "SERVE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "plugin":
		if err := serve.Main(sleepy(), os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "engine":
		// Starts the plugin as the engine does, and dies without a word to it.
		plugin := command("plugin", "127.0.0.1:1")
		plugin.Stdout = os.Stdout
		if err := plugin.Start(); err != nil {
			panic(err)
		}
		fmt.Printf("pid %d\n", plugin.Process.Pid)
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

func command(part string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), role+"="+part)
	c.Stderr = os.Stderr
	return c
}

// provider answers one method, and that one slowly.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func (provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.2.3"}, nil
}

func (provider) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	time.Sleep(time.Minute)
	return nil, ctx.Err()
}

func sleepy() serve.Plugin {
	return serve.Plugin{Name: "sleepy", Register: func(_ context.Context, server *grpc.Server, _ *serve.Engine) {
		pulumirpc.RegisterResourceProviderServer(server, provider{})
	}}
}

// start runs a plugin process and connects to the port that it prints.
func start(t *testing.T, args ...string) (*exec.Cmd, pulumirpc.ResourceProviderClient) {
	t.Helper()
	process := command("plugin", args...)
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the first line is no port: %q", line)
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return process, pulumirpc.NewResourceProviderClient(conn)
}

func TestMain_PrintsItsPortAndServes(t *testing.T) {
	_, client := start(t, "--logtostderr", "-v=3", "127.0.0.1:1")
	info, err := client.GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetVersion() != "1.2.3" {
		t.Errorf("info is %v, error %v", info, err)
	}
}

func TestMain_NamesWhatItDoesNotImplement(t *testing.T) {
	_, client := start(t)
	_, err := client.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	want := "stand-in sleepy plugin does not implement GetSchema; use the genuine plugin (make rehearse PLUGINS=DIR)"
	if status.Convert(err).Message() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestMain_EndsOnASignalWhileARequestWaits(t *testing.T) {
	process, client := start(t)
	go func() { _, _ = client.Cancel(context.Background(), &emptypb.Empty{}) }()
	time.Sleep(100 * time.Millisecond)
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the plugin goes on")
	}
}

func TestMain_DiesWithAnEngineThatWasKilled(t *testing.T) {
	engine := command("engine")
	stdout, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines, seen := bufio.NewScanner(stdout), 0; seen < 2 && lines.Scan(); seen++ { // the pid and the port
		if text, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			if pid, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pid == 0 || syscall.Kill(pid, 0) != nil {
		t.Fatalf("the plugin (pid %d) does not run", pid)
	}
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = engine.Wait()

	for deadline := time.Now().Add(5 * time.Second); !gone(pid); {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the plugin outlives its engine")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// gone tells whether a process has ended; one that nobody has waited for yet counts as ended.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(fields, "Z")
}
