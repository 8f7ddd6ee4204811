// Command engine puts flows to Cilium's own policy engine, as the agent of a node would decide them. It reads a
// question as JSON on standard input and writes the verdicts, one for each flow and in their order.
//
// It is a module of its own, for Cilium's requirements must not move those of what the rack runs. Its version of Cilium
// is that of spec/versions.yaml.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	var q question
	if err := decoder.Decode(&q); err != nil {
		return fmt.Errorf("reading the question: %w", err)
	}
	// What Cilium logs of single rules would drown what a person looks for; what it refuses comes back as an error.
	verdicts, err := answer(slog.New(slog.DiscardHandler), &q)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(answers{Cilium: cilium(), Verdicts: verdicts})
}

// cilium is the version of the engine, by what was linked.
func cilium() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/cilium/cilium" {
				return module.Version
			}
		}
	}
	return ""
}
