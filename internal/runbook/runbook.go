// Package runbook reads the commands out of the pages that tell an operator what to do, so that tests and rehearsals run what is
// written there, and not what somebody once copied from it.
package runbook

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Dir is where the pages are in the project.
const Dir = "docs/runbooks"

// First are the pages that lead to a first cluster, by their paths in the project.
var First = []string{"docs/first-hour.md", "docs/first-stack.md", "docs/prerequisites.md"}

// guides are pages beside them that tell how something is recovered or rotated.
var guides = []string{"docs/edge.md", "docs/secrets.md", "docs/storage.md"}

// Command is one command of a page.
type Command struct {
	// Page is the page's path from [Dir], such as alerts/NodeDown.md or ../storage.md, and Line where it begins there.
	Page string
	Line int
	// Text is the command without the comment behind it, and without the & that sends it to the background. A loop is one command.
	Text string
	// Script is the command for a shell: of a loop its lines, else the text.
	Script string
	// Inline says that it stands in a sentence, where a command may be named by its first words alone.
	Inline bool
	// Alone says that its block is marked "sh run": it needs no cluster, and a test runs it as it stands.
	Alone bool
}

func (c Command) String() string {
	return fmt.Sprintf("%s:%d: %s", path.Join(Dir, c.Page), c.Line, c.Text)
}

// Guide reports whether the page is none of the runbooks, but one beside them.
func (c Command) Guide() bool { return strings.HasPrefix(c.Page, "../") }

// Program is the name of the program that it runs, behind what it sets for it.
func (c Command) Program() string {
	for _, word := range strings.Fields(c.Text) {
		if !strings.Contains(word, "=") {
			return word
		}
	}
	return ""
}

// Named reports whether a sentence names it by its words alone, and does not say what to type with them.
func (c Command) Named() bool {
	return c.Inline && len(c.Placeholders()) == 0 && !strings.ContainsAny(c.Text, "-=/'\"")
}

// All are the commands of all pages of a project, in the order of the pages and of their lines: those of the blocks and those in
// sentences. After the runbooks come the guides that tell how something is recovered or rotated.
func All(project fs.FS) ([]Command, error) {
	var all []Command
	add := func(name, page string) error {
		text, err := fs.ReadFile(project, name)
		if err != nil {
			return err
		}
		commands, err := read(page, text)
		all = append(all, commands...)
		return err
	}
	err := fs.WalkDir(project, Dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		return add(name, strings.TrimPrefix(name, Dir+"/"))
	})
	for _, name := range guides {
		if err != nil {
			break
		}
		if err = add(name, "../"+path.Base(name)); errors.Is(err, fs.ErrNotExist) {
			err = nil // a project without it
		}
	}
	return all, err
}

// Page are the commands of one page, by its path in the project.
func Page(project fs.FS, name string) ([]Command, error) {
	text, err := fs.ReadFile(project, name)
	if err != nil {
		return nil, err
	}
	return read("../"+path.Base(name), text)
}

// Find is the command that a page has in these very words.
func Find(project fs.FS, page, text string) (Command, error) {
	all, err := All(project)
	if err != nil {
		return Command{}, err
	}
	i := slices.IndexFunc(all, func(c Command) bool { return c.Page == page && c.Text == text && !c.Inline })
	if i < 0 {
		return Command{}, fmt.Errorf("%s has no command %q any more: whoever runs it has to follow the page", path.Join(Dir, page), text)
	}
	return all[i], nil
}

// span is a command in a sentence: what is set as code and begins with one of the programs that pages tell to run.
var span = regexp.MustCompile("`((?:[A-Z_]+=\\S+ )?(?:homeops|make|kubectl|talosctl|pulumi|restic|flux|ceph|cmctl|zpool|op|sops|go|git|rm) [^`]+)`")

// read reads the blocks of a page that are marked sh, and the commands in its sentences. A line that ends in a backslash goes on in
// the next one.
func read(page string, content []byte) ([]Command, error) {
	var all []Command
	const text, shell, other = 0, 1, 2
	inside, began, alone := text, 0, false
	var loop []string
	begun, begunAt := "", 0
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case inside == text && strings.HasPrefix(line, "```"):
			inside, began, alone = other, n, line == "```sh run"
			if line == "```sh" || alone {
				inside = shell
			}
		case strings.HasPrefix(line, "```"):
			inside = text
		case inside == text:
			for _, found := range span.FindAllStringSubmatch(line, -1) {
				all = append(all, Command{Page: page, Line: n, Text: found[1], Script: found[1], Inline: true})
			}
		case inside == other:
		case strings.HasSuffix(line, "\\"):
			if begun == "" {
				begunAt = n
			}
			begun += strings.TrimSuffix(line, "\\")
		case begun != "":
			all = append(all, Command{Page: page, Line: begunAt, Text: plain(begun + line), Script: plain(begun + line), Alone: alone})
			begun = ""
		case line == "" || strings.HasPrefix(line, "#"):
		case len(loop) > 0 || strings.HasPrefix(line, "for "):
			loop = append(loop, line)
			if line == "done" {
				all = append(all, Command{Page: page, Line: n - len(loop) + 1, Text: strings.Join(loop, " "), Script: strings.Join(loop, "\n")})
				loop = nil
			}
		default:
			all = append(all, Command{Page: page, Line: n, Text: plain(line), Script: plain(line), Alone: alone})
		}
	}
	if inside != text || len(loop) > 0 || begun != "" {
		return nil, fmt.Errorf("%s:%d: the block has no end", path.Join(Dir, page), began)
	}
	return all, lines.Err()
}

var comment = regexp.MustCompile(`\s+#\s.*$`)

// plain is a line without its comment and its &.
func plain(line string) string {
	line = comment.ReplaceAllString(line, "")
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "&"))
}

// placeholder is a word, or its last part, that the reader replaces: STACK, job/JOB, BGP-PEER.
var placeholder = regexp.MustCompile(`^(?:.*/)?([A-Z][A-Z_-]+[A-Z])$`)

// Placeholders are the words that the reader replaces, in their order.
func (c Command) Placeholders() []string {
	words, err := c.words()
	if err != nil {
		return nil
	}
	var names []string
	for _, word := range words {
		if m := placeholder.FindStringSubmatch(word); m != nil {
			names = append(names, m[1])
		}
	}
	return names
}

// Words are the words of the command, as a shell hands them over. Each placeholder is replaced by what it stands for here, and so is
// each word, such as a file's name, for which something else stands here. A placeholder for which nothing does is an error, as is
// what only a shell can run.
func (c Command) Words(with map[string]string) ([]string, error) {
	words, err := c.words()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c, err)
	}
	for i, word := range words {
		if m := placeholder.FindStringSubmatch(word); m != nil {
			value, ok := with[m[1]]
			if !ok {
				return nil, fmt.Errorf("%s: nothing stands for %s", c, m[1])
			}
			words[i] = strings.TrimSuffix(word, m[1]) + value
		} else if value, ok := with[word]; ok {
			words[i] = value
		}
	}
	return words, nil
}

func (c Command) words() ([]string, error) {
	var words []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, r := range c.Text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == '\'' || quote == '"' && r != '$' && r != '`':
			word.WriteRune(r)
		case strings.ContainsRune("$`|;<>&\\()", r):
			return nil, fmt.Errorf("only a shell can run it, for its %q", r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ':
			if begun {
				words = append(words, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("its %q has no end", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
