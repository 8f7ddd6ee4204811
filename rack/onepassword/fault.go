package onepassword

import "net/http"

// Fault is a way in which a request can fail.
type Fault string

// The faults that a Connect server is seen with.
const (
	TooManyRequests Fault = "too many requests"
	Broken          Fault = "internal server error"
	// Silent answers nothing until the client gives up, but that it is alive.
	Silent Fault = "timeout"
	// LostAnswer makes what was asked for, and answers 502. It waits for a call that makes something.
	LostAnswer Fault = "lost answer"
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

// next is the fault that strikes a request of a method; empty for none.
func (s *Server) next(method string) Fault {
	if len(s.faults) == 0 || s.faults[0] == LostAnswer && method != http.MethodPost {
		return ""
	}
	kind := s.faults[0]
	s.faults = s.faults[1:]
	return kind
}

// answered is what a request gets that a fault strikes; without the fault it would get other.
func (kind Fault) answered(other func() (int, any)) (status int, body any) {
	switch kind {
	case "":
		return other()
	case TooManyRequests:
		status, body = failure(http.StatusTooManyRequests, "Too many requests")
	case Unauthorized:
		status, body = failure(http.StatusUnauthorized, "Invalid token signature")
	case Silent:
		status = hangs
	case LostAnswer:
		other()
		status, body = failure(http.StatusBadGateway, "Bad gateway")
	default:
		status, body = failure(http.StatusInternalServerError, "Internal server error")
	}
	return status, body
}

// heartbeat is "." to whoever asks.
func (s *Server) heartbeat(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("."))
}
