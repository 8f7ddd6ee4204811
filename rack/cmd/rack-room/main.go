// Command rack-room is the inside of a rehearsal. Only the launcher starts it, as the first process of a room of its
// own.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/home-ops/home-ops/rack/rehearsal"
	"github.com/home-ops/home-ops/rack/room"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: rack-room CONFIG; `rack rehearse` starts it")
	}
	config, err := room.Load(args[0])
	if err != nil {
		return err
	}
	logs := filepath.Join(config.Dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return err
	}
	// What is printed is also kept, and looked through for secrets.
	console, err := os.Create(filepath.Join(logs, "console.log"))
	if err != nil {
		return err
	}
	defer console.Close()
	return rehearsal.Run(ctx, config, io.MultiWriter(os.Stdout, console))
}
