// Package picture draws what a stack file says, as SVG: the addresses, the machines, who owns what in which order, and the
// way of a request.
//
// A picture is pure: the same stack gives the same bytes, so that the files can be committed and compared. It has no version
// in it, so that raising one changes no picture, and no speed of a card: a machine tells it, and no stack file does. Every picture is 440 units wide, and no text is smaller than 12: a
// telephone of 390 points shows it at nine tenths. Colours follow the reader's light or dark setting, and whatever a colour
// says is also said in words.
package picture
