package github

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Trouble is a way in which GitHub fails.
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
	// RateLimit says that the hour's calls are used up.
	RateLimit
	// SecondaryRateLimit says that there were too many at once.
	SecondaryRateLimit
	// RevokedToken says that the token is no longer good.
	RevokedToken
)

// Fault makes calls fail.
type Fault struct {
	Trouble Trouble
	// Method is that of the calls; every method when empty.
	Method string
	// Path is what the calls' paths begin with.
	Path string
	// Then is called when an unheard call is done. Required for Unheard.
	Then func()
	// Times is how many calls fail. Default: 1.
	Times int
	// RetryAfter is when a limited client may call again, in whole seconds.
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
func (s *Server) fault(req *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && (f.Method == "" || f.Method == req.Method) && strings.HasPrefix(req.URL.Path, f.Path) {
			f.Times--
			return f
		}
	}
	return nil
}

// fails answers a call that a fault strikes.
func (s *Server) fails(w http.ResponseWriter, req *http.Request) bool {
	f := s.fault(req)
	if f == nil {
		return false
	}
	switch f.Trouble {
	case ServerError:
		s.send(w, req, failure(http.StatusInternalServerError, "Server Error"))
	case LostAnswer:
		s.mux.ServeHTTP(httptest.NewRecorder(), req)
		s.send(w, req, failure(http.StatusBadGateway, "Server Error"))
	case Hang:
		// Only once a call is read whole does its end show.
		_, _ = io.Copy(io.Discard, req.Body)
		<-req.Context().Done()
	case Unheard:
		s.mux.ServeHTTP(httptest.NewRecorder(), req)
		f.Then()
		<-req.Context().Done()
	case RateLimit:
		s.limited(w, f, "API rate limit exceeded for user ID 1.", "/using-the-rest-api/rate-limits-for-the-rest-api")
	case SecondaryRateLimit:
		s.limited(w, f, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			"/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits")
	case RevokedToken:
		s.send(w, req, badCredentials())
	}
	return true
}

// limited refuses a call for now. Which limit it was, clients tell by where the answer
// sends its reader, and by the calls that are left
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit).
func (s *Server) limited(w http.ResponseWriter, f *Fault, message, page string) {
	header, body := w.Header(), failure(http.StatusForbidden, message).body.(problem)
	body.Documentation += page
	header.Set("Content-Type", "application/json; charset=utf-8")
	rateLimit(header, 4999)
	if f.Trouble == RateLimit {
		header.Set("X-RateLimit-Remaining", "0")
		header.Set("X-RateLimit-Reset", itoa(time.Now().Add(f.RetryAfter).Unix()))
	} else {
		header.Set("Retry-After", itoa(int64(f.RetryAfter.Seconds())))
	}
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(body)
}
