package main

import (
	"bufio"
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
	given map[string]bool
	// silent takes defaults without asking.
	silent bool
}

func newAsker(t terminal, flags *flag.FlagSet, silent bool) *asker {
	a := &asker{terminal: t, lines: bufio.NewReader(t.in), flags: flags, given: map[string]bool{}, silent: silent}
	flags.Visit(func(f *flag.Flag) { a.given[f.Name] = true })
	return a
}

// ask returns the answer to the question that the flag of that name also answers. A person is asked again after
// an answer that cannot be read; a flag that cannot be read is a mistake. An empty answer is the default; when
// there is none, parse decides whether nothing is an answer.
func ask[T any](a *asker, name, question, fallback string, parse func(string) (T, error)) (T, error) {
	f := a.flags.Lookup(name)
	if a.given[name] || a.silent {
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
	for {
		fmt.Fprint(a.out, question)
		if fallback != "" {
			fmt.Fprintf(a.out, " [%s]", fallback)
		}
		fmt.Fprint(a.out, ": ")
		text, err := a.line()
		if err != nil {
			fmt.Fprintln(a.out)
			return *new(T), usagef("init: no answer to %q: give --%s, or --yes to take the defaults", question, name)
		}
		if text == "" {
			text = fallback
		}
		v, err := parse(text)
		if err == nil {
			return v, f.Value.Set(text)
		}
		fmt.Fprintf(a.out, "  %v\n", err)
	}
}

func (a *asker) line() (string, error) {
	text, err := a.lines.ReadString('\n')
	if errors.Is(err, io.EOF) && text != "" {
		err = nil
	}
	return strings.TrimSpace(text), err
}

// commandLine is the invocation that gives all answers so far, for another try.
func (a *asker) commandLine(stack string) string {
	words := []string{"homeops init", stack}
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
