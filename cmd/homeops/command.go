package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// command is one subcommand.
type command struct {
	name    string
	args    string // what follows the flags, for the usage line
	summary string
	run     func(ctx context.Context, c call) error
}

// call is one use of a command.
type call struct {
	terminal
	command
	words []string // the command line after the command's name
}

// errRefused ends a command whose findings are printed already.
var errRefused = errors.New("refused")

// usageError is a mistake in the command line.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// lookup finds the command of that name.
func lookup(name string) (command, error) {
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return command{}, usagef("there is no command %q; the commands are %s (`%s` explains them)", name, strings.Join(names, ", "), toType("help"))
}

// parse reads flags, which may stand before, between and after the arguments, and returns the arguments.
func (c call) parse(fs *flag.FlagSet) ([]string, error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	var rest []string
	words := c.words
	for {
		switch err := fs.Parse(words); {
		case errors.Is(err, flag.ErrHelp):
			printCommandHelp(c.out, c.command, fs)
			return nil, err
		case err != nil:
			return nil, usagef("%s: %v; `%s` shows the flags", c.name, err, toType(c.name, "-h"))
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest, words = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

func printCommandHelp(w io.Writer, c command, fs *flag.FlagSet) {
	fmt.Fprintf(w, "%s\n\nUsage: homeops %s\n", c.summary, strings.TrimSpace(c.name+" [flags] "+c.args))
	count := 0
	fs.VisitAll(func(*flag.Flag) { count++ })
	if count == 0 {
		return
	}
	fmt.Fprint(w, "\nFlags:\n")
	fs.SetOutput(w)
	fs.PrintDefaults()
}

// newFlags makes the flag set of a command.
func newFlags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

// inProject reads the flags of a command that takes no arguments, and finds the project.
func (c call) inProject(flags *flag.FlagSet) (dir string, err error) {
	rest, err := c.parse(flags)
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", usagef("%s takes no arguments, got %q", c.name, rest[0])
	}
	return projectDir()
}

// stackFilesOf reads the flags of a command that takes stacks, and finds their files; those of all stacks without any.
func (c call) stackFilesOf(flags *flag.FlagSet) (dir string, files []string, err error) {
	names, err := c.parse(flags)
	if err != nil {
		return "", nil, err
	}
	if dir, err = projectDir(); err != nil {
		return "", nil, err
	}
	if len(names) == 0 {
		files, err = stackFiles(dir)
		return dir, files, err
	}
	for _, name := range names {
		file, err := stackFile(name)
		if err != nil {
			return "", nil, err
		}
		files = append(files, file)
	}
	return dir, files, nil
}

// verb is what a command does by its first word.
type verb struct {
	name string
	run  func(ctx context.Context, c call) error
}

// byVerb runs the verb that the first word names.
func (c call) byVerb(ctx context.Context, verbs ...verb) error {
	var names []string
	for _, v := range verbs {
		if len(c.words) > 0 && c.words[0] == v.name {
			c.words = c.words[1:]
			return v.run(ctx, c)
		}
		names = append(names, v.name)
	}
	words, err := c.parse(newFlags(c.name))
	if err != nil {
		return err
	}
	word := ""
	if len(words) > 0 {
		word = words[0]
	}
	return usagef("%s: %q is none of %s", c.name, word, strings.Join(names, ", "))
}
