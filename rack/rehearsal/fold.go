package rehearsal

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// fold leaves out of what pulumi prints where nobody watches a terminal what it has printed before: a line for each second that
// something takes, each message again at the end, and the outputs, which `pulumi stack output` shows.
func fold(w io.Writer) io.Writer { return &folder{w: w} }

type folder struct {
	w       io.Writer
	partial []byte
	// told are the lines of this command, without what only its time and place make another line.
	told map[string]bool
	// outputs is the indentation of the outputs that are being left out; -1 outside of them.
	outputs int
}

var (
	heading = regexp.MustCompile(`^(Previewing|Updating|Refreshing|Destroying|Importing)\b.*\(.+\):?$`)
	ticks   = regexp.MustCompile(`^@ [a-z ]+\.+$`)
	elapsed = regexp.MustCompile(` \((\d+h)?(\d+m)?[\d.]+s\)`)
	ofStack = regexp.MustCompile(`^pulumi:pulumi:Stack \S+ (running )?`)
)

func (f *folder) Write(p []byte) (int, error) {
	f.partial = append(f.partial, p...)
	for {
		at := bytes.IndexByte(f.partial, '\n')
		if at < 0 {
			return len(p), nil
		}
		if line := f.partial[:at+1]; f.says(string(line)) {
			if _, err := f.w.Write(line); err != nil {
				return 0, err
			}
		}
		f.partial = f.partial[at+1:]
	}
}

// says reports whether a line says something for the first time.
func (f *folder) says(line string) bool {
	text := strings.TrimSpace(line)
	indented := len(line) - len(strings.TrimLeft(line, " "))
	if heading.MatchString(text) || f.told == nil {
		f.told, f.outputs = map[string]bool{}, -1
	}
	switch {
	case text == "" || ticks.MatchString(text):
		return false
	case text == "Outputs:":
		f.outputs = indented
		return false
	case f.outputs >= 0 && indented > f.outputs:
		return false
	}
	f.outputs = -1
	text = ofStack.ReplaceAllString(elapsed.ReplaceAllString(text, ""), "")
	if f.told[text] {
		return false
	}
	f.told[text] = true
	return true
}
