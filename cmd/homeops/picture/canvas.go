package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// The page: its width, its margin, and what lies between.
const (
	width  = 440.0
	margin = 16.0
	inner  = width - 2*margin
)

// canvas is a picture that grows downwards. Its elements are written by encoding/xml's own escaping, so that no name of a
// stack file can break it.
type canvas struct {
	title, description string
	body               bytes.Buffer
	// y is where the next thing begins.
	y float64
	// used are the classes of marks, for the legend and for tests.
	used map[string]bool
}

// newCanvas begins a picture with its title, and a line below it that says what is to be seen.
func newCanvas(title, description string) *canvas {
	c := &canvas{title: title, description: description, y: margin, used: map[string]bool{}}
	c.text(margin, c.y+sizeTitle, "title", title)
	c.y += sizeTitle + 8
	c.paragraph(margin, inner, "dim", description)
	c.y += 10
	return c
}

// svg is the picture as a file.
func (c *canvas) svg() []byte {
	height := c.y + margin
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="title desc">`+"\n",
		number(width), number(height))
	fmt.Fprintf(&out, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", escape(c.title), escape(c.description))
	fmt.Fprintf(&out, "<style>\n%s</style>\n", escape(style()))
	fmt.Fprintf(&out, `<rect class="page" width="%s" height="%s" rx="10"/>`+"\n", number(width), number(height))
	out.Write(c.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// box is a rectangle.
type box struct{ x, y, w, h float64 }

// rect draws a rectangle. What it stands for, if anything, is its text alternative.
func (c *canvas) rect(b box, radius float64, classes, stands string) {
	for class := range strings.FieldsSeq(classes) {
		c.used[class] = true
	}
	fmt.Fprintf(&c.body, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, classes, number(b.x), number(b.y), number(b.w), number(b.h))
	if radius > 0 {
		fmt.Fprintf(&c.body, ` rx="%s"`, number(radius))
	}
	if stands == "" {
		c.body.WriteString("/>\n")
		return
	}
	fmt.Fprintf(&c.body, "><title>%s</title></rect>\n", escape(stands))
}

// text writes one line; y is its base.
func (c *canvas) text(x, y float64, classes, words string) {
	attribute := ""
	if classes != "" {
		attribute = fmt.Sprintf(` class="%s"`, classes)
	}
	fmt.Fprintf(&c.body, "<text%s x=\"%s\" y=\"%s\">%s</text>\n", attribute, number(x), number(y), escape(words))
}

// path draws a line.
func (c *canvas) path(classes, d string) {
	fmt.Fprintf(&c.body, "<path class=\"%s\" d=\"%s\"/>\n", classes, d)
}

// arrow draws a line straight down with a tip.
func (c *canvas) arrow(x, from, to float64) {
	c.path("wire", fmt.Sprintf("M%s %sV%s", number(x), number(from), number(to-5)))
	c.path("tip", fmt.Sprintf("M%s %sl-4 -7h8z", number(x), number(to)))
}

// paragraph writes words below y, in as many lines as they need, and moves y behind them.
func (c *canvas) paragraph(x, w float64, classes, words string) {
	for _, line := range wrap(words, w, strings.Contains(classes, "mono")) {
		c.y += sizeText + 4
		c.text(x, c.y-3, classes, line)
	}
}

// perRune is the room that one character takes at most in the fonts of the sheet, in parts of the text's size: that of the
// widest of them, measured over English text. No font is at hand when a picture is drawn.
const (
	perRune     = 0.545
	perRuneMono = 0.61
)

// textWidth is how long a line becomes at most.
func textWidth(words string, mono bool) float64 {
	per := perRune
	if mono {
		per = perRuneMono
	}
	return float64(len([]rune(words))) * sizeText * per
}

// wrap breaks words into lines of at most w. A word that is longer than a line is cut.
func wrap(words string, w float64, mono bool) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(words) {
		for textWidth(word, mono) > w {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			runes := []rune(word)
			cut := len(runes)
			for cut > 1 && textWidth(string(runes[:cut]), mono) > w {
				cut--
			}
			lines, word = append(lines, string(runes[:cut])), string(runes[cut:])
		}
		switch next := strings.TrimSpace(line + " " + word); {
		case textWidth(next, mono) > w:
			lines, line = append(lines, line), word
		default:
			line = next
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a buffer takes everything
	return out.String()
}

// number is a coordinate, to a tenth.
func number(v float64) string { return strconv.FormatFloat(float64(int(v*10+0.5))/10, 'f', -1, 64) }

// entry is a line of a list with a mark before it.
type entry struct{ mark, label, text string }

// entries lists in two columns where all of them fit, else in one; y moves behind.
func (c *canvas) entries(list []entry) {
	const gap = 12.0
	columns := 2
	column := (inner - gap) / 2
	for _, e := range list {
		if 16+textWidth(e.label, true)+6+textWidth(e.text, false) > column {
			columns, column = 1, inner
		}
	}
	rows := (len(list) + columns - 1) / columns
	top := c.y
	for i, e := range list {
		x := margin + float64(i/max(rows, 1))*(column+gap)
		c.y = top + float64(i%max(rows, 1))*18
		c.rect(box{x, c.y + 2, 10, 10}, 2, e.mark, "")
		c.text(x+16, c.y+11, "mono", e.label)
		room := column - 16 - textWidth(e.label, true) - 6
		lines := wrap(e.text, room, false)
		for n, line := range lines {
			if n > 0 {
				c.y += 16
			}
			c.text(x+16+textWidth(e.label, true)+6, c.y+11, "dim", line)
		}
		if columns == 1 {
			top = c.y - float64(i%max(rows, 1))*18
		}
	}
	if columns == 1 {
		c.y += 18
		return
	}
	c.y = top + float64(rows)*18
}

// section writes a heading and moves behind it.
func (c *canvas) section(heading string) {
	c.y += 8
	c.text(margin, c.y+sizeHead, "head", heading)
	c.y += sizeHead + 8
}
