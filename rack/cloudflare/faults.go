package cloudflare

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// Trouble is a way in which Cloudflare fails.
type Trouble int

// The ways.
const (
	// ServerError answers 500 and does nothing.
	ServerError Trouble = iota
	// LostAnswer does what was asked, and answers 502.
	LostAnswer
	// Hang never answers, and does nothing.
	Hang
	// Unheard does what was asked, and never answers.
	Unheard
	// RateLimit says that there were too many calls.
	RateLimit
	// RevokedToken says that the token is no longer good.
	RevokedToken
)

// Fault makes calls fail.
type Fault struct {
	Trouble Trouble
	// Method is that of the calls; every method when empty.
	Method string
	// Path is what the calls' paths have in them, for example "/cfd_tunnel".
	Path string
	// Body is what the calls' bodies have in them, for example the name of one record: others have clients, too.
	Body string
	// Then is called when an unheard call is done. Required for Unheard.
	Then func()
	// Times is how many calls fail. Default: 1.
	Times int
	// RetryAfter is when a limited client may call again. Default: a second.
	RetryAfter time.Duration
}

// Fail makes the next calls fail.
func (s *Server) Fail(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault.Times = max(fault.Times, 1)
	s.faults = append(s.faults, &fault)
}

// Heal ends every fault.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault is what strikes a call, if anything does.
func (s *Server) fault(req *http.Request, body []byte) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && (f.Method == "" || f.Method == req.Method) && strings.Contains(req.URL.Path, f.Path) &&
			bytes.Contains(body, []byte(f.Body)) {
			f.Times--
			return f
		}
	}
	return nil
}

// fails answers a call that a fault strikes.
func (s *Server) fails(w http.ResponseWriter, req *http.Request) bool {
	// Only once a call is read whole does its end show.
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return true // by a client that is gone
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	f := s.fault(req, body)
	if f == nil {
		return false
	}
	switch f.Trouble {
	case ServerError:
		send(w, req, failure(http.StatusInternalServerError, 10001, "Internal server error"))
	case LostAnswer:
		s.mux.ServeHTTP(httptest.NewRecorder(), req)
		send(w, req, failure(http.StatusBadGateway, 10001, "Bad gateway"))
	case Hang:
		<-req.Context().Done()
	case Unheard:
		s.mux.ServeHTTP(httptest.NewRecorder(), req)
		f.Then()
		<-req.Context().Done()
	case RateLimit:
		w.Header().Set("Retry-After", strconv.Itoa(int(max(f.RetryAfter, time.Second)/time.Second)))
		send(w, req, failure(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed"))
	case RevokedToken:
		send(w, req, failure(http.StatusForbidden, 9109, "Invalid access token"))
	}
	return true
}
