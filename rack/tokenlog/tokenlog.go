// Package tokenlog counts the calls at a fake service by the token that they showed. So a rehearsal sees who goes on with a token
// that has ended, which no answer of the service tells it.
package tokenlog

import "sync"

// Count is how many calls showed a token.
type Count struct {
	// In are those that were let in, Refused those that were not, because the service does not know the token.
	In, Refused int
}

// Log counts the calls at one service. The zero value has seen none.
type Log struct {
	mu sync.Mutex
	of map[string]Count
}

// Note counts a call that showed a token.
func (l *Log) Note(token string, in bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]Count{}
	}
	c := l.of[token]
	if in {
		c.In++
	} else {
		c.Refused++
	}
	l.of[token] = c
}

// Of is how often a token was shown.
func (l *Log) Of(token string) Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[token]
}
