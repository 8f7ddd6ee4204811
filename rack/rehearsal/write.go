package rehearsal

import (
	"bytes"
	"io"
	"strings"
)

// indent sets apart what other programs say.
func indent(w io.Writer) io.Writer { return &indenter{w: w} }

type indenter struct {
	w       io.Writer
	partial []byte
}

func (i *indenter) Write(p []byte) (int, error) {
	i.partial = append(i.partial, p...)
	for {
		at := bytes.IndexByte(i.partial, '\n')
		if at < 0 {
			return len(p), nil
		}
		if line := i.partial[:at+1]; len(bytes.TrimSpace(line)) > 0 {
			if _, err := i.w.Write(append([]byte("    "), line...)); err != nil {
				return 0, err
			}
		}
		i.partial = i.partial[at+1:]
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
