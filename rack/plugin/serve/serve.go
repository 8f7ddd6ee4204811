// Package serve runs a Pulumi plugin as the engine expects one: a process that listens on a loopback port,
// prints that port, and ends with the engine that started it.
package serve

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// parentPoll is how often a plugin looks whether the process that started it still lives. A killed engine closes
// nothing in an orderly way, and a rehearsal promises to leave no process behind.
const parentPoll = 500 * time.Millisecond

// Plugin is one stand-in plugin: its name as a person knows it, and how it registers its gRPC services.
type Plugin struct {
	// Name is the plugin's name in errors, for example "talos".
	Name string
	// Register adds the plugin's services to the server. The engine is connected when the engine's address was an
	// argument, else by a later Attach or Handshake. The context ends when the plugin must.
	Register func(ctx context.Context, server *grpc.Server, engine *Engine)
}

// Main serves the plugin until a signal, the death of the process that started it, or a failure to listen.
// args are the command line without the program's name; the engine passes flags for logging and tracing, which a
// stand-in ignores, and its own address last. The port goes to stdout, alone on its line.
func Main(plugin Plugin, args []string, stdout io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	engine := &Engine{}
	if address := engineAddress(args); address != "" {
		if err := engine.Connect(address); err != nil {
			return err
		}
		ctx = untilParentEnds(ctx)
	}

	cancel := make(chan bool)
	context.AfterFunc(ctx, func() { close(cancel) })

	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			plugin.Register(ctx, server, engine)
			return nil
		},
		Options: []grpc.ServerOption{
			grpc.UnaryInterceptor(namingUnimplemented(plugin.Name)),
			grpc.StreamInterceptor(namingUnimplementedStream(plugin.Name)),
		},
	})
	if err != nil {
		return fmt.Errorf("stand-in %s plugin: %w", plugin.Name, err)
	}

	if _, err := fmt.Fprintf(stdout, "%d\n", handle.Port); err != nil {
		return fmt.Errorf("print the port of the stand-in %s plugin: %w", plugin.Name, err)
	}

	select {
	case err := <-handle.Done:
		return err
	case <-ctx.Done():
		// A request that is still waiting (for a node, say) must not keep the process alive.
		select {
		case err := <-handle.Done:
			return err
		case <-time.After(time.Second):
			return nil
		}
	}
}

// engineAddress finds the engine's address among the arguments: the last one that is no flag nor a flag's value.
func engineAddress(args []string) string {
	if len(args) == 0 {
		return ""
	}
	last := args[len(args)-1]
	if strings.HasPrefix(last, "-") || !strings.Contains(last, ":") || strings.Contains(last, "://") {
		return ""
	}
	return last
}

// untilParentEnds is a context that ends when the process that started this one is gone.
func untilParentEnds(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		defer cancel()
		tick := time.NewTicker(parentPoll)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx
}

// namingUnimplemented makes every method that a stand-in leaves out say so by name. The status code stays
// Unimplemented: the engine falls back on older methods when it sees that.
func namingUnimplemented(name string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		resp, err := handler(ctx, req)
		return resp, named(name, info.FullMethod, err)
	}
}

func namingUnimplementedStream(name string) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return named(name, info.FullMethod, handler(srv, stream))
	}
}

// named replaces the error of a generated, unimplemented method.
func named(plugin, fullMethod string, err error) error {
	method := fullMethod[strings.LastIndex(fullMethod, "/")+1:]
	if status.Code(err) == codes.Unimplemented && status.Convert(err).Message() == "method "+method+" not implemented" {
		return Unimplemented(plugin, method)
	}
	return err
}

// Unimplemented is the error of something that the genuine plugin does and its stand-in does not.
func Unimplemented(plugin, what string) error {
	return status.Errorf(codes.Unimplemented,
		"stand-in %s plugin does not implement %s; use the genuine plugin (make rehearse PLUGINS=DIR)", plugin, what)
}
