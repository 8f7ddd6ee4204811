package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
)

// notAnswers are flags of init that say how to ask, and are none of the answers.
var notAnswers = []string{"yes", "offline", "samples"}

// answersFile is where the answers to init's questions are kept until the stack file is written. No secret is among
// them.
func answersFile(dir, stack string) string {
	return filepath.Join(dir, "out", "init", stack+".json")
}

// recall offers the answers of an earlier conversation that was broken off.
func (a *asker) recall(file string) {
	content, err := os.ReadFile(file)
	if err != nil {
		return
	}
	var answers map[string]string
	if json.Unmarshal(content, &answers) != nil {
		return
	}
	for name, value := range answers {
		if f := a.flags.Lookup(name); f != nil && !a.given[name] {
			_ = f.Value.Set(value)
			a.said[name] = true
		}
	}
}

// keep writes the answers so far, without defaults that nobody chose: those of the next conversation may be others. That
// they cannot be kept is no reason to end the conversation.
func (a *asker) keep(file string) {
	answers := map[string]string{}
	a.flags.VisitAll(func(f *flag.Flag) {
		if value := f.Value.String(); a.said[f.Name] && value != f.DefValue && !slices.Contains(notAnswers, f.Name) {
			answers[f.Name] = value
		}
	})
	content, err := json.MarshalIndent(answers, "", "  ")
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	_ = os.WriteFile(file, append(content, '\n'), 0o600)
}
