// Command crds writes the CustomResourceDefinitions of what the rehearsed clusters run, with their full schemas, as
// their projects' own generators make them: out of the projects' Go types, at the versions that go.mod pins.
//
//	go run -C rack/crds . -out DIR
//
// writes DIR/SET/NAME.yaml. Nothing of it is kept in Git: what is generated cannot go stale.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	out := flag.String("out", "", "folder to write to, one folder below it for each set (required)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out); err != nil {
		fmt.Fprintln(os.Stderr, "crds: "+err.Error())
		os.Exit(1)
	}
}

// run writes every set and says so, one line each.
func run(ctx context.Context, out string) error {
	if out == "" {
		return fmt.Errorf("-out is empty: name the folder to write to")
	}
	start := time.Now()
	types, err := load(sets)
	if err != nil {
		return err
	}
	fmt.Printf("%-26s %5.1fs\n", "Go types read", time.Since(start).Seconds())
	for _, set := range sets {
		start := time.Now()
		definitions, err := set.generate(types)
		if err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		if err := write(filepath.Join(out, set.name), definitions); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		fmt.Printf("%-26s %5.1fs  %d kinds\n", set.name, time.Since(start).Seconds(), len(definitions))
	}
	start = time.Now()
	channels, err := gatewayAPI(ctx)
	if err != nil {
		return fmt.Errorf("gateway-api: %w", err)
	}
	for channel, definitions := range channels {
		if err := write(filepath.Join(out, "gateway-api-"+channel), definitions); err != nil {
			return fmt.Errorf("gateway-api: %w", err)
		}
		fmt.Printf("%-26s %5.1fs  %d kinds\n", "gateway-api-"+channel, time.Since(start).Seconds(), len(definitions))
	}
	return nil
}
