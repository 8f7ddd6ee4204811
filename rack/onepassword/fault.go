package onepassword

import "net/http"

// Fault is a way in which a request can fail.
type Fault string

// The faults that a Connect server is seen with.
const (
	TooManyRequests Fault = "too many requests"
	Broken          Fault = "internal server error"
	// Silent answers nothing until the client gives up.
	Silent Fault = "timeout"
	// Unauthorized is what a revoked token gets.
	Unauthorized Fault = "revoked token"
)

// hangs is no status, but that there is none.
const hangs = 0

// Fail makes the next n requests of the API fail, after those that are to fail already.
func (s *Server) Fail(n int, kind Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.faults = append(s.faults, kind)
	}
}

// Heal ends every fault.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault is the answer of a request that is to fail.
func (s *Server) fault() (status int, body any, failed bool) {
	if len(s.faults) == 0 {
		return 0, nil, false
	}
	kind := s.faults[0]
	s.faults = s.faults[1:]
	switch kind {
	case TooManyRequests:
		status, body = failure(http.StatusTooManyRequests, "Too many requests")
	case Unauthorized:
		status, body = failure(http.StatusUnauthorized, "Invalid token signature")
	case Silent:
		status = hangs
	default:
		status, body = failure(http.StatusInternalServerError, "Internal server error")
	}
	return status, body, true
}
