package node

import (
	"bytes"
	"sync"
)

// consoleLines is how much of the console's past is kept for dmesg and logs.
const consoleLines = 500

// console keeps the latest lines that the machine wrote, for those who ask over the API.
type console struct {
	mu      sync.Mutex
	lines   [][]byte
	written int
	changed chan struct{}
}

func newConsole() *console { return &console{changed: make(chan struct{})} }

// Write takes one line.
func (c *console) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, bytes.Clone(line))
	c.written++
	if len(c.lines) > consoleLines {
		c.lines = c.lines[1:]
	}
	close(c.changed)
	c.changed = make(chan struct{})
	return len(line), nil
}

// from returns the lines from a number on, the next number, and the channel that closes when there are more.
func (c *console) from(number int) (lines [][]byte, next int, more <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.written - len(c.lines)
	skip := min(max(number-first, 0), len(c.lines))
	return c.lines[skip:len(c.lines):len(c.lines)], c.written, c.changed
}

// tail is the number from which n lines are left; a negative n means all that are kept.
func (c *console) tail(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < 0 {
		return 0
	}
	return c.written - n
}
