package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// asker gets answers: from a flag where it is given, else from the terminal, else the default.
type asker struct {
	terminal
	lines *bufio.Reader
	flags *flag.FlagSet
	// given are the flags that are not asked for.
	given map[string]bool
	// said are those whose value a person has chosen: on the command line, at a question, or in an earlier conversation.
	said map[string]bool
	// silent takes defaults without asking, quiet only where nobody has chosen anything.
	silent, quiet bool
	// interrupted ends a question that nobody answers.
	interrupted <-chan struct{}
	// answered is told of each answer that a person gave.
	answered func()
}

// errInterrupted ends a conversation at Ctrl-C.
var errInterrupted = errors.New("interrupted; nothing was written")

func newAsker(ctx context.Context, t terminal, flags *flag.FlagSet, silent bool) *asker {
	a := &asker{
		terminal: t, lines: bufio.NewReader(t.in), flags: flags, given: map[string]bool{}, said: map[string]bool{}, silent: silent,
		interrupted: ctx.Done(), answered: func() {},
	}
	flags.Visit(func(f *flag.Flag) { a.given[f.Name], a.said[f.Name] = true, true })
	return a
}

// quietly is the asker of what is not worth a question. What a person has once chosen is offered with one, as all answers are.
func (a *asker) quietly() *asker {
	quiet := *a
	quiet.quiet = true
	return &quiet
}

// ask returns the answer to the question that the flag of that name also answers. A person is asked again after
// an answer that cannot be read, and is offered an earlier answer before the default; a flag that cannot be read is a
// mistake. An empty answer is what was offered; when that is nothing, parse decides whether nothing is an answer.
func ask[T any](a *asker, name, question, fallback string, parse func(string) (T, error)) (T, error) {
	f := a.flags.Lookup(name)
	chosen := a.said[name] && f.Value.String() != "" && f.Value.String() != "none"
	if a.given[name] || a.silent || a.quiet && !chosen {
		text := f.Value.String()
		if !a.given[name] {
			text = fallback
		}
		v, err := parse(text)
		if err != nil {
			return v, usagef("init: --%s: %v", name, err)
		}
		return v, f.Value.Set(text)
	}
	if before := f.Value.String(); before != f.DefValue {
		if _, err := parse(before); err == nil {
			fallback = before
		}
	}
	for {
		fmt.Fprint(a.out, question)
		if fallback != "" {
			fmt.Fprintf(a.out, " [%s]", fallback)
		}
		fmt.Fprint(a.out, ": ")
		text, err := a.line()
		if err != nil {
			fmt.Fprintln(a.out)
			if errors.Is(err, errInterrupted) {
				return *new(T), err
			}
			return *new(T), usagef("init: no answer to %q: give --%s, or --yes to take the defaults", question, name)
		}
		if text == "" {
			text = fallback
		}
		v, err := parse(text)
		if err == nil {
			err = f.Value.Set(text)
			a.said[name] = true
			if a.quiet {
				a.given[name] = true // until the next round, however often it is needed
			}
			a.answered()
			return v, err
		}
		fmt.Fprintf(a.out, "  %v\n", err)
	}
}

// again has questions asked although a flag or an earlier answer is there, which is offered.
func (a *asker) again(names ...string) {
	for _, name := range names {
		delete(a.given, name)
	}
}

// line is what a person types next. At Ctrl-C the reading is left behind: nothing can end it but the process.
func (a *asker) line() (string, error) {
	type typed struct {
		text string
		err  error
	}
	next := make(chan typed, 1)
	go func() {
		text, err := a.lines.ReadString('\n')
		next <- typed{text, err}
	}()
	select {
	case <-a.interrupted:
		return "", errInterrupted
	case t := <-next:
		if errors.Is(t.err, io.EOF) && t.text != "" {
			t.err = nil
		}
		return strings.TrimSpace(t.text), t.err
	}
}

// commandLine is the invocation that gives all answers so far, for another try.
func (a *asker) commandLine(stack string) string {
	words := []string{toType("init"), stack}
	a.flags.VisitAll(func(f *flag.Flag) {
		if value := f.Value.String(); value != f.DefValue {
			words = append(words, "--"+f.Name+"="+quote(value))
		}
	})
	return strings.Join(words, " ")
}

// quote makes a word that a shell leaves alone.
func quote(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("-_.,:/@=+%", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
