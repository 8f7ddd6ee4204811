// Command homeops is the operator's own tool beside Pulumi: it checks stack files, writes a first one, generates what
// documents them, and looks after what must outlive a cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"text/tabwriter"
)

// commands lists the commands in the order of the help text.
func commands() []command {
	return []command{
		validateCommand,
		initCommand,
		renderCommand,
		diffCommand,
		treeCommand,
		fmtCommand,
		frrCommand,
		statusCommand,
		endpointCommand,
		stacksCommand,
		versionsCommand,
		contractCommand,
		sopsCommand,
		doctorCommand,
		stateCommand,
		breakGlassCommand,
		resetCommand,
		shutdownCommand,
		startCommand,
		schemaCommand,
		docsCommand,
		picturesCommand,
		versionCommand,
	}
}

// Exit codes. Scripts and CI depend on them.
const (
	exitOK      = 0
	exitProblem = 1
	exitUsage   = 2
)

// garbage is by how many percent of what is in use memory may grow before it is collected: a command lives for a second, and spends
// a quarter of it on that at Go's own 100.
const garbage = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

// run executes the command that args name and returns the process's exit code.
func run(ctx context.Context, t terminal, args []string) int {
	if len(args) == 0 {
		printHelp(t.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		printHelp(t.out)
		return exitOK
	}
	c, err := lookup(args[0])
	if err == nil {
		err = c.run(ctx, call{terminal: t, command: c, words: args[1:]})
	}
	return report(t.err, err)
}

// report says what went wrong and turns it into an exit code.
func report(w io.Writer, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errRefused):
		return exitProblem
	case errors.As(err, &usage):
		fmt.Fprintf(w, "homeops: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(w, "homeops: %v\n", err)
		return exitProblem
	}
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "homeops checks and writes the stack files of this project.\n\nUsage: homeops COMMAND [flags]\n\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(tw, "  %s\t%s\n", c.name, c.summary)
	}
	_ = tw.Flush()
	fmt.Fprintf(w, "\n`%s` shows a command's flags. Exit codes: 0 good, 1 a problem was found, 2 wrong usage.\n", toType("COMMAND", "-h"))
}
